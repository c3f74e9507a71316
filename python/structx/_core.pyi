"""The compiled core. Private: use `structx.Extractor`."""

from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar, final

from structx._engine.inputs import Encoded
from structx._engine.response_models import Target
from structx._engine.run_context import Run
from structx.documents import Kind
from structx.estimates import RawEstimate
from structx.exceptions import ExtractionError
from structx.explain import RawSchema
from structx.results import RawExtraction, RawPlan, RawRow, RawStart

__all__ = [
    "Document",
    "Extractor",
    "Job",
    "Limits",
    "ModelSchema",
    "Prepared",
    "RawRows",
    "RowStream",
    "__version__",
    "default_limits",
    "normalise",
    "path_of",
    "read_yaml",
    "reading",
    "serve_reader",
    "shutdown",
    "type_capabilities",
]

_Raw = TypeVar("_Raw")

__version__: str

_Box = tuple[float, float, float, float] | None

@final
class Document:
    """A source as a document; of a table, its Markdown. Offsets are in code points."""

    @property
    def name(self) -> str: ...
    @property
    def format(self) -> str | None: ...
    @property
    def text(self) -> str: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def source(self) -> Prepared: ...
    def pages(self) -> list[tuple[int, int, int, tuple[float, float] | None, bool]]:
        """number, start, end, (width, height), needs_vision"""
    def blocks(self) -> list[tuple[Kind, int | None, int, int, int | None, _Box]]:
        """kind, level, start, end, page, box; all but cells"""
    def tables(
        self,
    ) -> list[tuple[int, int, int | None, _Box, list[tuple[int, int, int, int, _Box]]]]:
        """start, end, page, box, cells: row, column, start, end, box"""
    def attachments(self) -> list[tuple[str, str, bytes]]:
        """name, media type, content"""
    def locate(self, start: int, end: int) -> list[tuple[int, int, int | None, _Box]]:
        """start, end, page, box"""
    def state(self) -> tuple[bytes, bytes | None]:
        """What `restore` makes the same document of."""
    @staticmethod
    def restore(content: bytes, original: bytes | None) -> Document: ...

@final
class Extractor:
    """The clients of one extractor, and the jobs made of its settings.

    Raises ConfigurationError where a setting is wrong. Timeouts and waits are seconds, the options
    are JSON objects, `cache_size` is in bytes, `prices` has US dollars for a million tokens (input,
    output, cached input) by the caller's name of the model, and `weights` the files of `local/`
    models.
    """

    def __new__(
        cls,
        *,
        models: list[str],
        planning_models: list[str],
        api_key: str | None,
        api_base: str | None,
        api_version: str | None,
        output_mode: str | None,
        timeout: float,
        connect_timeout: float,
        first_byte_timeout: float | None,
        extraction_options: str,
        planning_options: str,
        max_threads: int,
        max_retries: int,
        min_wait: float,
        max_wait: float,
        limits: Limits | None,
        cache: Path | None,
        cache_size: int,
        prices: dict[str, tuple[float, float, float | None]],
        weights: dict[str, Path],
    ) -> Extractor: ...
    def extract(
        self, input: Encoded, query: str, target: Target | None, run: Run
    ) -> Job[RawExtraction]: ...
    def stream(self, input: Encoded, query: str, target: Target | None, run: Run) -> RowStream: ...
    def extract_queries(
        self, input: Encoded, queries: list[str], run: Run
    ) -> Job[list[RawExtraction | ExtractionError]]: ...
    def plan(self, input: Encoded, query: str, run: Run) -> Job[RawPlan]: ...
    def refine(
        self, definition: str, instructions: str, model_name: str | None, run: Run
    ) -> Job[RawPlan]: ...
    def estimate(self, input: Encoded, query: str, target: Target | None) -> Job[RawEstimate]: ...
    def prepare(self, input: Encoded) -> Job[Prepared]: ...
    def explain(self, target: Target) -> list[RawSchema]:
        """For each model in turn. Sends nothing.

        Raises ModelGenerationError, ExtractionError once the extractor is closed.
        """
    def check_open(self) -> None:
        """Raises ExtractionError once the extractor is closed."""
    def close(self) -> None:
        """Lets jobs under way end, and refuses others; closing again does nothing."""

@final
class Job(Generic[_Raw]):
    """An operation, ready to be run once."""

    def wait(self) -> _Raw:
        """Waits without the GIL; raises ExtractionError."""
    def start(self) -> Awaitable[_Raw]:
        """On the running asyncio loop; raises ExtractionError, also when awaited."""

@final
class Limits:
    """Limits of extractors, with what this process has sent under them."""

    def __new__(
        cls,
        max_concurrency: int | None,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
    ) -> Limits: ...

@final
class ModelSchema:
    """The JSON Schema of a model, and what was compiled of it."""

    def __new__(cls, name: str, schema: dict[str, Any]) -> ModelSchema: ...

@final
class RawRows:
    """Rows of a result, made one by one."""

    def __iter__(self) -> Iterator[RawRow]: ...
    def __next__(self) -> RawRow: ...
    def __len__(self) -> int: ...

@final
class RowStream:
    """Rows of an extraction as they end. One job at a time; closed when it is collected."""

    def start(self) -> Job[RawStart | None]:
        """Reads and plans, and starts to ask; the first job. None where it was closed meanwhile."""
    def next(self) -> Job[list[RawRow]]:
        """The rows that have ended, at least one; none at the end."""
    def warnings(self) -> list[str]:
        """What there is to be told once there are no more rows."""
    def close(self) -> None:
        """Aborts the requests under way; there are no more rows."""

@final
class Prepared:
    """A source that was read, once for any number of operations."""

    @property
    def path(self) -> Path | None:
        """The file, where the source was one."""
    @property
    def is_pdf(self) -> bool:
        """Whether the source was a PDF."""
    @property
    def text(self) -> str | None:
        """The text of a document; None for a table."""
    @property
    def columns(self) -> list[str]:
        """The names of a table's columns; none for a document."""
    def values(self) -> bytes | None:
        """A table's values as JSON, a list for each column; None for a document."""
    def sample(self) -> str:
        """The part that planning is shown."""
    def document(self) -> Document:
        """The source as a document."""
    def measure(self) -> tuple[int, int, int, int, list[int]]:
        """pages, rows, characters, tokens, vision_pages"""

def reading(input: Encoded) -> Job[Prepared]:
    """A job that reads a source; raises FileError."""

def default_limits() -> str:
    """The limits of a document where the caller sets none, as JSON."""

def path_of(data: str) -> Path | None:
    """The path that a text given as data is; None for a text."""

def read_yaml(name: str, text: str) -> str:
    """One YAML document as JSON; raises ConfigurationError, in which `name` is the file."""

def serve_reader(name: str) -> None:
    """Answers the one request in the standard input; raises OSError. For `structx._isolate`."""

def normalise(definition: str) -> str:
    """The normal form of a definition, JSON to JSON; raises ModelGenerationError."""

def type_capabilities() -> str:
    """The canonical types as JSON: `scalars`, `containers`, `modifiers`."""

def shutdown() -> None:
    """Ends every thread of the core; called once, at exit."""
