"""The compiled core. Private: use `structx.Extractor`."""

from collections.abc import Awaitable
from pathlib import Path
from typing import final

from structx.inputs import Encoded
from structx.results import RawExtraction
from structx.targets import Target

__all__ = ["Extractor", "Prepared", "__version__", "read", "read_yaml", "shutdown"]

__version__: str

@final
class Extractor:
    def __new__(
        cls,
        *,
        model: str,
        planning_model: str,
        api_key: str | None,
        api_base: str | None,
        timeout: float,
        options: str,
        max_threads: int,
        max_retries: int,
        min_wait: float,
        max_wait: float,
        weights: dict[str, Path],
    ) -> Extractor: ...
    def extract(self, data: Encoded, query: str, target: Target | None) -> RawExtraction:
        """Waits without the GIL; raises ExtractionError."""
    def extract_async(
        self, data: Encoded, query: str, target: Target | None
    ) -> Awaitable[RawExtraction]:
        """On the running asyncio loop; raises ExtractionError when awaited."""

@final
class Prepared:
    """A source that was read, once for any number of operations."""

    @property
    def path(self) -> Path | None:
        """The file, where the source was one."""
    @property
    def is_pdf(self) -> bool: ...
    @property
    def text(self) -> str | None:
        """The text of a document; None for a table."""
    @property
    def columns(self) -> list[str]:
        """The names of a table's columns; none for a document."""
    @property
    def warnings(self) -> list[str]:
        """What was noticed while the source was read."""
    def values(self) -> bytes | None:
        """A table's values as JSON, a list for each column; None for a document."""
    def sample(self) -> str:
        """The part that planning is shown."""

def read(input: Encoded) -> Prepared:
    """Reads a source without the GIL; raises FileError."""

def shutdown() -> None:
    """Ends every thread of the core; called once, at exit."""

def read_yaml(name: str, text: str) -> str:
    """One YAML document as JSON; raises ConfigurationError, in which `name` is the file."""
