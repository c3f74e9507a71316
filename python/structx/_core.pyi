"""The compiled core. Private: use `structx.Extractor`."""

from collections.abc import Awaitable
from pathlib import Path
from typing import final

from structx.results import RawExtraction
from structx.targets import Target

__all__ = ["Extractor", "__version__", "read_yaml", "shutdown"]

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
    def extract(self, data: str | bytes | Path, query: str, target: Target | None) -> RawExtraction:
        """Waits without the GIL; raises ExtractionError."""
    def extract_async(
        self, data: str | bytes | Path, query: str, target: Target | None
    ) -> Awaitable[RawExtraction]:
        """On the running asyncio loop; raises ExtractionError when awaited."""

def shutdown() -> None:
    """Ends every thread of the core; called once, at exit."""

def read_yaml(name: str, text: str) -> str:
    """One YAML document as JSON; raises ConfigurationError, in which `name` is the file."""
