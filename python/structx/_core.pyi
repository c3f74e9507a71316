"""The compiled core. Private: use `structx.Extractor`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import GenericAlias
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    Protocol,
    TypeAlias,
    TypedDict,
    TypeVar,
    final,
    type_check_only,
)

from structx.evidence import Evidence, RowEvidence, Uncited
from structx.usage import ExtractorUsage, RawUsage

__all__ = [
    "AttemptError",
    "Document",
    "Extractor",
    "ItemSchema",
    "Job",
    "Limits",
    "ModelSchema",
    "Prepared",
    "RawRows",
    "ReadSources",
    "RowResult",
    "RowStream",
    "__version__",
    "can_recognize",
    "checking",
    "default_limits",
    "drawing",
    "facts_of",
    "format_of",
    "highlighting",
    "known_options",
    "measuring",
    "most_bytes",
    "normalise",
    "path_of",
    "read_yaml",
    "reading",
    "reading_document",
    "rendering",
    "rows_where",
    "serve_reader",
    "shutdown",
    "type_capabilities",
]

_Raw = TypeVar("_Raw")
_Item = TypeVar("_Item")

__version__: str

_Box: TypeAlias = tuple[float, float, float, float] | None
_Method: TypeAlias = Literal["native", "ocr", "none"]
_Kind: TypeAlias = Literal["heading", "paragraph", "list_item", "note", "margin", "table"]
_One: TypeAlias = str | list[bytes] | tuple[str, bytes] | Path | Prepared
_Encoded: TypeAlias = (
    tuple[_One | ReadSources | _Sources, str] | tuple[_One | ReadSources | _Sources, str, str | int]
)
"""The data (a list has the parts of a table as JSON, bytes with a name are a file), the options of
the reader as JSON, and perhaps what rows call the source"""

@type_check_only
class RawPlan(TypedDict):
    """A planned model, with the usage of the planning requests."""

    model: type[Any]
    planning: list[RawUsage]

@type_check_only
class RawStart(RawPlan):
    """A stream before its first row."""

    warnings: list[str]

@type_check_only
class RawExtraction(RawStart):
    """A whole extraction, with what was read of the sources, by their numbers."""

    rows: RawRows
    sources: list[Prepared | None]
    failure: Exception | None
    """Why there are no more sources, if that is an error."""

@type_check_only
class RawEstimate(TypedDict):
    """The fields of an Estimate, not rounded."""

    rows: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    seconds: float
    unread: int

@type_check_only
class RawLoss(TypedDict):
    """The fields of a SchemaLoss; the pointer is into the schema of a whole reply."""

    pointer: str
    keyword: str
    message: str

@type_check_only
class RawSchema(TypedDict):
    """The fields of a SchemaReport; `sent` is JSON."""

    provider: str
    model: str
    method: Literal["strict", "schema", "tool", "json", "prompt"]
    is_enforced: bool
    sent: str
    losses: list[RawLoss]

@type_check_only
class RawExchange(TypedDict):
    """The fields of an HttpExchange."""

    url: str
    request_headers: dict[str, str]
    request_body: str
    status: int | None
    response_headers: dict[str, str]
    response_body: str
    error: str | None
    seconds: float

@type_check_only
class RawProgress(TypedDict):
    """The fields of a Progress."""

    rows: int
    done: int
    failed: int
    journaled: int
    files: int
    total_files: int | None
    requests: int
    tokens: int
    cost: float | None
    seconds: float

@type_check_only
class RawRequest(TypedDict):
    """A request that has ended."""

    model: str
    outcome: str
    """`ok`, or the kind of an AttemptError."""
    status: int | None
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    request_id: str | None
    row: int | None
    """The position of the row that it is for; None for a plan."""
    row_number: int | None
    """As in RawRowEnd."""
    row_seconds: float
    """The seconds since the row began; 0 for a plan."""

@type_check_only
class RawRowEnd(TypedDict):
    """A row that has ended."""

    row: int
    """Its position."""
    row_number: int
    """A number that no other row of the call has, those of other queries included."""
    source: str
    failure: str | None
    """The kind of its error; None without one."""
    model: str | None
    from_journal: bool
    seconds: float

class _Sources(Protocol):
    """Several sources, which the core takes one by one."""

    @property
    def total(self) -> int | None:
        """How many there are, if that is known."""
    def take(self, number: int, /) -> tuple[_One, str, str | int] | tuple[str | int, str] | None:
        """The source at a position: its input and label, or its label and why it can't be read.
        None at the end."""
    def close(self) -> None:
        """Lets go of the caller's iterator."""

class _ResponseModel(Protocol):
    """A model, as the core uses it."""

    @property
    def model(self) -> Any: ...
    @property
    def schema(self) -> ModelSchema: ...
    @property
    def validate(self) -> Callable[[str], list[Any]] | ItemSchema: ...
    @property
    def instructions(self) -> str: ...

class _RunContext(Protocol):
    """The options of a call and its callbacks; None for those that are not set."""

    @property
    def journal(self) -> Path | None: ...
    @property
    def max_cost(self) -> float | None: ...
    @property
    def max_tokens(self) -> int | None: ...
    @property
    def deadline(self) -> float | None: ...
    @property
    def fail_fast(self) -> bool | None: ...
    @property
    def evidence(self) -> bool | None: ...
    @property
    def grounding(self) -> tuple[str | dict[str, str], str] | None:
        """What is required of the evidence, and what becomes of values without it."""
    @property
    def progress(self) -> Callable[[RawProgress], None] | None: ...
    @property
    def log(self) -> Callable[[RawRequest], None] | None: ...
    @property
    def row_ended(self) -> Callable[[RawRowEnd], None] | None: ...
    @property
    def keeps_sources(self) -> bool:
        """Whether the result needs what was read of the sources."""

@type_check_only
class RawStats(TypedDict):
    """The fields of a ModelStats."""

    model: str
    waiting: int
    in_flight: int
    found_requests_per_minute: float | None
    reported_requests_per_minute: float | None
    reported_tokens_per_minute: float | None
    requests: int
    throttled: int
    failed: int
    prompt_tokens: int
    completion_tokens: int

@type_check_only
class RawPage(TypedDict):
    """The fields of a Page, without its text."""

    number: int
    start: int
    end: int
    width: float | None
    height: float | None
    needs_vision: bool
    method: _Method
    recognition: Literal["done", "skipped", "unavailable", "failed"] | None
    name: str | None

@type_check_only
class RawWord(TypedDict):
    """The fields of a Word, without its text."""

    start: int
    end: int
    page: int
    box: tuple[float, float, float, float]
    score: float | None

@type_check_only
class RawPlace(TypedDict):
    """The fields of a Place."""

    start: int
    end: int
    page: int | None
    box: _Box
    address: str | None

@type_check_only
class RawBlock(RawPlace):
    """The fields of a Block, without its text."""

    kind: _Kind
    level: int | None

@type_check_only
class RawTable(RawPlace):
    """The fields of a Table, or of its rest on the next page."""

    cells: list[RawCell]
    continues: bool

@type_check_only
class RawCell(TypedDict):
    """The fields of a Cell, without its text."""

    row: int
    column: int
    start: int
    end: int
    box: _Box
    address: str | None

@type_check_only
class RawAttachment(TypedDict):
    """The fields of an Attachment."""

    name: str
    media_type: str
    data: bytes

@final
class Document:
    """A source as a document; a table becomes Markdown. Offsets are in code points."""

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
    def pages(self) -> list[RawPage]: ...
    def words(self) -> list[RawWord]:
        """The words with a box."""
    def blocks(self) -> list[RawBlock]:
        """All blocks but cells."""
    def tables(self) -> list[RawTable]:
        """The tables; one that goes on on the next page is one for each page."""
    def attachments(self) -> list[RawAttachment]: ...
    def locate(self, start: int, end: int) -> list[RawPlace]: ...
    def state(self) -> tuple[bytes, bytes | None]:
        """The arguments of `restore`."""
    @staticmethod
    def restore(content: bytes, original: bytes | None) -> Document: ...

@final
class Extractor:
    """The clients of an extractor, and the factory of its jobs.

    Raises ConfigurationError if a setting is wrong. Timeouts and waits are in seconds, options are
    JSON objects, `cache_size` is in bytes, `prices` has US dollars per million tokens (input,
    output, cached input) by the caller's name of the model, `on_request` is called after each
    request, and `weights` has the files of `local/` models.
    """

    def __new__(
        cls,
        *,
        models: list[str],
        planning_models: list[str],
        api_key: str | None,
        api_base: str | None,
        api_version: str | None,
        organization: str | None,
        project: str | None,
        headers: list[tuple[str, str]],
        ca_file: Path | None,
        output_mode: str | None,
        timeout: float,
        connect_timeout: float,
        first_byte_timeout: float | None,
        extraction_options: str,
        planning_options: str,
        max_threads: int,
        validator_threads: int,
        max_retries: int,
        min_wait: float,
        max_wait: float,
        fail_fast: bool,
        limits: Limits | None,
        cache: Path | None,
        cache_size: int,
        prices: dict[str, tuple[float, float, float | None]],
        on_request: Callable[[RawExchange], None] | None,
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
    def prepare(self, input: _Encoded) -> Job[Prepared | ReadSources]: ...
    def stats(self) -> list[RawStats]: ...
    def explain(self, target: _ResponseModel) -> list[RawSchema]:
        """Reports on each language model in turn; sends nothing.

        Raises ModelGenerationError, or ExtractionError if the extractor is closed.
        """
    def check_open(self) -> None:
        """Raises ExtractionError if the extractor is closed."""
    def close(self) -> None:
        """Refuses further jobs; running ones end first. Closing twice is no error."""

@final
class ItemSchema:
    """A caller's JSON Schema, by which the core validates items.

    Raises ValueError for a text that is no JSON Schema, or one that is not supported.
    """

    def __new__(cls, text: str, name: str) -> ItemSchema:
        """Reads the text of a schema; without a title, `name` is its name."""
    @property
    def item(self) -> str:
        """The schema of one item, as JSON."""
    @property
    def model(self) -> ModelSchema:
        """The schema of one item, as the core uses it."""

@final
class Job(Generic[_Raw]):
    """An operation that can run once."""

    def wait(self) -> _Raw:
        """Runs the job and waits without the GIL; raises ExtractionError."""
    def start(self) -> Awaitable[_Raw]:
        """Starts the job on the running asyncio loop; raises ExtractionError, also when awaited."""

@final
class Limits:
    """Rate limits of extractors, and their state in this process."""

    def __new__(
        cls,
        max_concurrency: int | None,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        file: str | None,
    ) -> Limits: ...

@final
class ModelSchema:
    """The JSON Schema of a model, with its compiled forms."""

    def __new__(cls, name: str, schema: dict[str, Any]) -> ModelSchema: ...

@final
class AttemptError:
    """Why one request for a row gave no result.

    Examples:
        >>> refused = extractor.extract(data="key refused", query=query, model=Invoice)
        >>> [(error.kind, error.status) for error in refused.rows[0].errors]
        [('authentication', 401)]
    """

    __match_args__ = ("model", "kind", "message", "status", "code", "request_id")
    def __new__(
        cls,
        model: str,
        kind: str,
        message: str,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> AttemptError: ...
    @property
    def model(self) -> str:
        """The language model, as the caller of the extractor gave it."""
    @property
    def kind(self) -> str:
        """`connection`, `connect_timeout`, `first_byte_timeout`, `timeout`, `rate_limit`, `server`,
        `quota`, `authentication`, `rejected`, `refusal`, `content_filter`, `truncated`,
        `bad_reply`, `context_length` or `engine`: an error of the provider; `invalid`: an invalid
        reply; `validator`: a validator raised another exception; `budget`, `deadline` or `journal`:
        the operation was stopped by its budget or its deadline, or could not write its journal."""
    @property
    def message(self) -> str: ...
    @property
    def status(self) -> int | None:
        """The HTTP status; None without a response."""
    @property
    def code(self) -> str | None:
        """The provider's code for the error."""
    @property
    def request_id(self) -> str | None:
        """The provider's id of the request, for its support; None if it sent none."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class RawRows:
    """The rows of a result."""

    def __len__(self) -> int: ...
    def take(
        self, labels: Sequence[Any] | None, of_sources: bool = False
    ) -> tuple[list[RowResult[Any]], list[Any]]:
        """The rows, and the items of all rows; works once. `labels` are those of the rows of the
        source, if it has any; of several sources those of the sources."""

@final
class RowResult(Generic[_Item]):
    """How one row of the source ended: each row ends exactly once.

    The attributes are read-only, but the lists and the dict are mutable.

    Examples:
        >>> row.status, row.position, row.items[0].number
        ('success', 0, 'HPB-20417')
    """

    __match_args__ = (
        "position",
        "source_index",
        "input_data",
        "items",
        "usage",
        "error",
        "evidence",
        "image_pages",
        "model",
        "repairs",
        "errors",
        "incomplete_items",
        "from_journal",
        "source",
        "source_position",
    )
    def __new__(
        cls,
        position: int,
        source_index: Any,
        input_data: str,
        items: list[_Item],
        usage: ExtractorUsage,
        error: str | None = None,
        evidence: Mapping[str, Evidence] | None = None,
        image_pages: list[int] | None = None,
        model: str | None = None,
        repairs: list[str] | None = None,
        errors: list[AttemptError] | None = None,
        incomplete_items: list[_Item] | None = None,
        from_journal: bool = False,
        source: str | int = ...,
        source_position: int | None = None,
    ) -> RowResult[_Item]: ...
    @property
    def position(self) -> int:
        """The position among the rows of all sources, from 0; a document is one row."""
    @property
    def source(self) -> str | int:
        """The source of the row: its path as given, or its name; otherwise (as of a text) its
        position in `data`, from 0. A file in an archive is `archive.zip/file.pdf`,
        an e-mail in a mailbox `all.mbox/1.eml`."""
    @property
    def source_position(self) -> int:
        """The position in the source, from 0."""
    @property
    def _source_number(self) -> int:
        """The position of the source among all of them."""
    @property
    def _source_given(self) -> int:
        """The position of the source in the data of the call; files of an archive share it."""
    @property
    def _error_kind(self) -> str | None:
        """The kind of the error in a word; None without one, and for a row that was pickled."""
    @property
    def _document(self) -> Prepared | None:
        """The document of the row; None for that of a table, and without evidence."""
    @property
    def source_index(self) -> Any:
        """The label of the row in the source; its position if the source has no labels. With
        `source_column` it is the label of the row of that table."""
    @property
    def input_data(self) -> str:
        """The exact text that was sent for the row."""
    @property
    def items(self) -> list[_Item]: ...
    @property
    def usage(self) -> ExtractorUsage:
        """Tokens of the requests for this row, including failed ones."""
    @property
    def error(self) -> str | None:
        """The reason if the row failed; None otherwise."""
    @property
    def evidence(self) -> RowEvidence:
        """Where the values of the items stand in `input_data`, by JSON Pointer into `items`, such
        as `/0/total`. Found on first use; see `structx.evidence`.

        Raises ValueError for a row of a table unless `extract` was given `evidence=True`.
        """
    @property
    def uncited(self) -> list[Uncited]:
        """What `input_data` states and no value cites: amounts, dates and table rows."""
    def evidence_of(self, item: _Item | int, *path: str | int) -> Evidence | None:
        """The evidence of a part of an item, by attributes and indices; None for null and text that
        is empty. For example: `row.evidence_of(row.items[0], "lines", 0, "price")`.

        Raises ValueError if the item (or its index) is none of the row's, and as `evidence`.
        """
    def _repr_html_(self) -> str:
        """The values and where they stand, for notebooks."""
    @property
    def image_pages(self) -> list[int]:
        """The numbers of the pages that the model also received as images, from 1."""
    @property
    def model(self) -> str | None:
        """The language model that returned the items, as the caller of the extractor gave it; None
        if the row failed, or was blank and not requested."""
    @property
    def repairs(self) -> list[str]:
        """Repairs of the reply; empty for most rows. A repair of one value begins with its place, a
        JSON Pointer into `items`, such as `/0/total: ...`."""
    @property
    def errors(self) -> list[AttemptError]:
        """The errors of failed requests for the row, in order, even if a later one succeeded."""
    @property
    def incomplete_items(self) -> list[_Item]:
        """The complete items of a failed row whose reply was truncated at the limit of output
        tokens and could not be continued. They are not in `items`."""
    @property
    def from_journal(self) -> bool:
        """Whether the row was read from the journal instead of requested; `usage` is then that of
        the original requests."""
    @property
    def status(self) -> Literal["success", "empty", "failed"]:
        """`failed` with an error, `empty` without items, otherwise `success`."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]
    def __class_getitem__(cls, key: Any) -> GenericAlias: ...

def facts_of(
    row: RowResult[_Item],
) -> tuple[int, Sequence[_Item], str | None, int, int, float | None, str | None]:
    """The position, items, error, tokens of prompts and replies, cost and model of a row.

    Unlike its attributes, they leave no objects in the row."""

@final
class RowStream:
    """Rows of an extraction as they end. One job at a time; garbage collection closes it."""

    def start(self) -> Job[RawStart | None]:
        """Makes the first job: reads, plans and sends requests. None if it was closed meanwhile."""
    def next(self) -> Job[RawRows]:
        """Makes a job that waits for at least one ended row; its list is empty at the end."""
    def warnings(self) -> list[str]:
        """The warnings; complete once there are no more rows."""
    def close(self) -> None:
        """Aborts requests in flight; there are no more rows."""

@final
class Prepared:
    """A source that was read once for any number of operations."""

    @property
    def path(self) -> Path | None:
        """The path, if the source is a file."""
    @property
    def is_recognized(self) -> bool:
        """Whether text of the document was recognised (OCR)."""
    @property
    def is_document(self) -> bool:
        """Whether the source is a document, and not a table."""
    @property
    def row_count(self) -> int:
        """The number of rows; 1 for a document."""
    @property
    def is_pdf(self) -> bool:
        """Whether the source is a PDF."""
    @property
    def text(self) -> str | None:
        """The text of a document; None for a table."""
    @property
    def columns(self) -> list[str]:
        """The names of the columns of a table; empty for a document."""
    def values(self) -> bytes | None:
        """A table's values as JSON, a list for each column; None for a document."""
    def sample(self) -> str:
        """The part of the data for planning requests."""
    def row_text(self, position: int) -> str:
        """The text of a row as it is sent, with all columns; empty if there is no such row."""

@final
class ReadSources:
    """Several sources that were read once for any number of operations."""

    @property
    def prepared(self) -> list[Prepared | None]:
        """What was read, by source; None for those that can't be read."""
    @property
    def labels(self) -> list[str | int]:
        """The path or name of each source, or its position in the data."""
    @property
    def errors(self) -> list[str | None]:
        """The message of each source that can't be read."""
    def sample(self) -> str:
        """The part of the data for planning requests."""

def reading(input: _Encoded) -> Job[Prepared]:
    """Makes a job that reads a source; raises FileError."""

def reading_document(input: _Encoded) -> Job[Document]:
    """A job that reads a source as a document; raises FileError."""

def measuring(input: _Encoded) -> Job[tuple[int, int, int, int, list[int]]]:
    """A job that measures a source: pages, rows, characters, tokens, vision_pages.

    Raises FileError.
    """

def checking(input: _Encoded, values: str) -> Job[list[str]]:
    """Makes a job that checks recorded values, a JSON list, against a source; its result is what
    does not hold. Raises FileError."""

def drawing(
    source: Prepared, pages: Sequence[int], longest_side: int, most: int
) -> Job[list[tuple[str, bytes] | str]]:
    """A job that draws the pages with these numbers until the images have `most` bytes together;
    `longest_side` is in pixels.

    For each page that was reached the media type and the bytes of its image, or why it has none.
    """

def can_recognize() -> bool:
    """Whether text recognition can run: it is part of this build, and its weights are here."""

def rendering(
    source: Prepared, page: int, resolution: float, most: int
) -> Job[tuple[int, int, bytes]]:
    """A job that renders a page of a PDF at `resolution` in dots per inch, at less if that would be
    more than `most` pixels: width, height, and three bytes (RGB) for each pixel, row by row.

    Raises FileError.
    """

def highlighting(
    source: Prepared, marks: Sequence[tuple[list[tuple[int, int]], tuple[int, int, int], str]]
) -> Job[bytes]:
    """A job that marks ranges of the text in a PDF, with a colour and a note; its result is the
    marked file. Raises FileError."""

def default_limits() -> str:
    """The default limits of a document, as JSON."""

def most_bytes(name: str, bytes: int) -> int:
    """The most bytes that are read of a file of this name where the limit is `bytes`."""

def rows_where(parts: list[bytes], name: str, options: str) -> list[int]:
    """The positions of the rows that meet `where` of the options, of a table in JSON."""

def format_of(name: str) -> str | None:
    """The format that the extension of a file name stands for; None for an unknown one."""

def path_of(data: str) -> Path | None:
    """Converts a string given as data to a path; None if it is a text."""

def read_yaml(name: str, text: str) -> str:
    """Converts a YAML document to JSON; raises ConfigurationError with `name` as the file."""

def serve_reader(name: str) -> None:
    """Serves the request in the standard input; raises OSError. For `structx._isolate`."""

def known_options(model: str, has_base: bool) -> list[str]:
    """The options that the provider of a model is known to take; raises ConfigurationError.

    `has_base`: whether the caller gives an `api_base`.
    """

def normalise(definition: str) -> str:
    """Normalises a definition, JSON to JSON; raises ModelGenerationError."""

def type_capabilities() -> str:
    """The catalogue of types as JSON: `scalars` and `containers`."""

def shutdown() -> None:
    """Ends all threads of the core; called once, at exit."""
