"""The compiled core. Private: use `structx.Extractor`."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar, final

from structx.estimates import RawEstimate
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

_Box: TypeAlias = tuple[float, float, float, float] | None
_Kind: TypeAlias = Literal["heading", "paragraph", "list_item", "note", "margin", "table"]
_Encoded: TypeAlias = tuple[str | list[bytes] | tuple[str, bytes] | Path | Prepared, str]
"""The data (a list has the parts of a table as JSON, bytes with a name are a file), and the options
of the reader as JSON"""

class _ResponseModel(Protocol):
    """A pydantic model, as the core uses it."""

    @property
    def model(self) -> type[Any]: ...
    @property
    def schema(self) -> ModelSchema: ...
    @property
    def validate(self) -> Callable[[str], list[Any]]: ...
    @property
    def instructions(self) -> str: ...

class _RunContext(Protocol):
    """The options of a call and its callbacks; None where there is none."""

    @property
    def journal(self) -> Path | None: ...
    @property
    def max_cost(self) -> float | None: ...
    @property
    def max_tokens(self) -> int | None: ...
    @property
    def deadline(self) -> float | None: ...
    @property
    def progress(
        self,
    ) -> Callable[[tuple[int, int, int, int, int, int, float | None, float]], None] | None:
        """rows, done, failed, journaled, requests, tokens, cost, seconds"""
    @property
    def log(
        self,
    ) -> Callable[[tuple[str, str, int | None, float, int, int, str | None]], None] | None:
        """model, outcome, status, seconds, prompt tokens, completion tokens, request id"""

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
    def blocks(self) -> list[tuple[_Kind, int | None, int, int, int | None, _Box]]:
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
        self, input: _Encoded, query: str, target: _ResponseModel | None, run: _RunContext
    ) -> Job[RawExtraction]: ...
    def stream(
        self, input: _Encoded, query: str, target: _ResponseModel | None, run: _RunContext
    ) -> RowStream: ...
    def extract_queries(
        self, input: _Encoded, queries: list[str], run: _RunContext
    ) -> Job[list[RawExtraction | Exception]]: ...
    def plan(self, input: _Encoded, query: str, run: _RunContext) -> Job[RawPlan]: ...
    def refine(
        self, definition: str, instructions: str, model_name: str | None, run: _RunContext
    ) -> Job[RawPlan]: ...
    def estimate(
        self, input: _Encoded, query: str, target: _ResponseModel | None
    ) -> Job[RawEstimate]: ...
    def prepare(self, input: _Encoded) -> Job[Prepared]: ...
    def explain(self, target: _ResponseModel) -> list[RawSchema]:
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

def reading(input: _Encoded) -> Job[Prepared]:
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
