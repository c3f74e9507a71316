"""What an extraction gives: items, and how each row ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, cast

from pydantic import BaseModel
from typing_extensions import TypeVar

from structx._engine.text import cut
from structx.usage import ExtractionStep, ExtractorUsage, RawUsage, StepUsage, of_calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from structx import _core
    from structx._engine.source import Source

T = TypeVar("T", bound=BaseModel)
D = TypeVar("D", default=list[T])

# The core's plain tuples, which `result_of` turns into results.
RawError: TypeAlias = "tuple[str, str, str, int | None, str | None, str | None]"
"""The fields of an AttemptError, in order."""
RawRow: TypeAlias = tuple[
    int,
    str,
    "list[Any]",
    "list[RawUsage]",
    "str | None",
    "dict[str, str]",
    "list[int]",
    "str | None",
    "list[str]",
    "list[RawError]",
    "list[Any]",
    bool,
]
"""position, input_data, items, calls, error, sources, image_pages, model, repairs, errors,
incomplete_items, from_journal"""
RawExtraction: TypeAlias = (
    "tuple[type[Any], list[RawUsage], Iterable[RawRow], list[str], _core.Prepared]"
)
"""model, planning calls, rows, warnings, the source that was read"""
RawStart: TypeAlias = "tuple[type[Any], list[RawUsage], list[str], _core.Prepared]"
"""model, planning calls, warnings, the source that was read"""
RawPlan: TypeAlias = "tuple[type[Any], list[RawUsage]]"
"""the planned model, planning calls"""

_LONGEST_ERROR = 200
"""Characters of an error in a repr."""


@dataclass(frozen=True, slots=True)
class AttemptError:
    """Why one request for a row gave no result."""

    model: str
    """The model as it was given to the extractor."""
    kind: str
    """`connection`, `connect_timeout`, `first_byte_timeout`, `timeout`, `rate_limit`, `server`,
    `quota`, `authentication`, `rejected`, `refusal`, `content_filter`, `truncated`, `bad_reply`,
    `context_length` or `engine` for what the provider did; `invalid` for a reply that is not valid,
    `validator` for a validator that failed; `budget`, `deadline` or `journal` where the operation
    was stopped by its budget or its deadline, or could not write to its journal."""
    message: str
    status: int | None = None
    """The HTTP status; None where there was no reply."""
    code: str | None = None
    """The provider's own code for the error."""
    request_id: str | None = None
    """The provider's own name for the request, for its support."""

    def __str__(self) -> str:
        return self.message


@dataclass(slots=True, repr=False)
class RowResult(Generic[T]):
    """How one row of the source ended: each row ends exactly once."""

    position: int
    """0 for the first row of the source; a document is one row."""
    source_index: Any
    """The row's label in the source; its position where the source has no labels."""
    input_data: str
    """The exact text that was sent for the row."""
    items: list[T]
    usage: ExtractorUsage
    """Tokens of the requests for this row, failed ones too."""
    error: str | None = None
    """Why the row failed; None otherwise."""
    sources: dict[str, str] = field(default_factory=dict[str, str])
    """The document's own words for values that the embedded model copied, such as `$1,982.50` for
    1982.5. Keys are JSON Pointers into `items`, such as `/0/total`."""
    image_pages: list[int] = field(default_factory=list[int])
    """The pages of the document, from 1, that the model was sent as images beside the text."""
    model: str | None = None
    """The model that gave the items, as it was given to the extractor; None for a row that failed,
    or that was blank and not asked."""
    repairs: list[str] = field(default_factory=list[str])
    """What was mended in the reply to read it as the items: each begins, if it is about one value,
    with its place, a JSON Pointer into `items`, such as `/0/total: ...`. Empty for nearly all."""
    errors: list[AttemptError] = field(default_factory=list[AttemptError])
    """Why requests for the row gave no result, in their order, whether or not a later one did."""
    incomplete_items: list[T] = field(default_factory=list[T])
    """Of a failed row whose reply was cut at the limit of output tokens, and could not be continued
    to its end: the items that were complete. They are not in `items`."""
    from_journal: bool = False
    """Whether it was read from the journal instead of asked for; its `usage` is then what it cost
    when it was asked for."""

    @property
    def status(self) -> Literal["success", "empty", "failed"]:
        """`failed` with an error, `empty` without items, else `success`."""
        if self.error is not None:
            return "failed"
        return "success" if self.items else "empty"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # What is empty for nearly all rows is made when it is asked for: see `row_of`.
            if name not in _EMPTY:
                raise AttributeError(f"'RowResult' object has no attribute {name!r}", name=name)
            value = _EMPTY[name]()
            setattr(self, name, value)
            return value

    def __repr__(self) -> str:
        # Without the text of the row: a repr ends up in logs.
        return (
            f"RowResult(position={self.position}, status={self.status!r}, "
            f"items={len(self.items)}, tokens={self.usage.total_tokens}, "
            f"error={cut(self.error, _LONGEST_ERROR) if self.error else None!r})"
        )


_EMPTY = {
    "sources": dict,
    "image_pages": list,
    "repairs": list,
    "errors": list,
    "incomplete_items": list,
}


@dataclass(repr=False)
class ExtractionResult(Generic[T, D]):
    """The items of all rows, and how each row ended.

    `ExtractionResult[Invoice]` has a list of invoices as its data, `ExtractionResult[Invoice, Any]`
    a table. Two results are equal if all but `data` is: the same items are in `rows`.
    """

    data: D = field(compare=False)
    """The items of all rows, in the order of the source; with `return_df=True` a copy of the source
    with the columns that `structx._engine.flatten` describes."""
    rows: list[RowResult[T]]
    """One for each row of the source, in its order."""
    model: type[T]
    """The model of the items: the caller's, or the one that was planned."""
    usage: ExtractorUsage
    """Tokens of all requests: planning and every row. Those of rows (and of a plan) that were read
    from a journal count as what they cost when they were asked for."""
    warnings: list[str] = field(default_factory=list[str])
    """What was noticed while the source was read, which of its pages the model did not get, and
    which models are asked for the schema without being held to it."""

    @property
    def failed(self) -> Any:
        """The failed rows, with `index`, `text` and `error`.

        A pandas DataFrame where pandas is installed, else a list of dicts.
        """
        from structx._engine.tables import write

        rows = [row for row in self.rows if row.error is not None]
        columns = {
            "index": [row.source_index for row in rows],
            "text": [row.input_data for row in rows],
            "error": [row.error for row in rows],
        }
        try:
            return write.frame_of(columns)
        except ModuleNotFoundError:
            lines = zip(*columns.values(), strict=True)
            return [dict(zip(columns, line, strict=True)) for line in lines]

    @property
    def attempted_count(self) -> int:
        """All rows."""
        return len(self.rows)

    @property
    def success_count(self) -> int:
        """Rows without an error, empty ones included."""
        return sum(row.error is None for row in self.rows)

    @property
    def empty_count(self) -> int:
        """Rows that ended well and gave no item."""
        return sum(row.status == "empty" for row in self.rows)

    @property
    def extracted_count(self) -> int:
        """Items."""
        return sum(len(row.items) for row in self.rows)

    @property
    def failure_count(self) -> int:
        """Rows that ended with an error."""
        return self.attempted_count - self.success_count

    @property
    def journaled_count(self) -> int:
        """Rows that were read from the journal instead of asked for."""
        return sum(row.from_journal for row in self.rows)

    @property
    def success_rate(self) -> float:
        """Rows without an error, in percent of all rows; 0.0 where there are none."""
        return 100.0 * self.success_count / len(self.rows) if self.rows else 0.0

    def __repr__(self) -> str:
        return (
            f"ExtractionResult(model={self.model.__name__}, rows={self.attempted_count}, "
            f"items={self.extracted_count}, failed={self.failure_count}, "
            f"tokens={self.usage.total_tokens})"
        )

    def _repr_html_(self) -> str:
        from structx._engine import html

        counts = {
            "items": self.extracted_count,
            "rows": self.attempted_count,
            "empty": self.empty_count,
            "failed": self.failure_count,
            "tokens": self.usage.total_tokens,
        }
        rows = (
            (
                row.source_index,
                row.items,
                row.status if row.error is None else f"failed: {row.error}",
            )
            for row in self.rows
        )
        return html.of_result(self.model.__name__, counts, list(self.model.model_fields), rows)


def result_of(raw: RawExtraction, source: Source) -> ExtractionResult[Any]:
    """The result that the core's tuples describe, of the data of this call."""
    model, planning, raw_rows, warnings, _ = raw
    labels = source.labels
    rows = [row_of(raw_row, labels) for raw_row in raw_rows]
    data = [item for row in rows for item in row.items]
    requests = [call for row in rows for call in row.usage.get_step(ExtractionStep.EXTRACTION)]
    usage = of_calls([StepUsage(*call) for call in planning], requests)
    return ExtractionResult(data, rows, model, usage, warnings)


def row_of(raw: RawRow, labels: Sequence[Any] | None) -> RowResult[Any]:
    """The row that the core's tuple describes; `labels` are those of the source, if it has any."""
    row = cast("RowResult[Any]", object.__new__(RowResult))
    (
        row.position,
        row.input_data,
        row.items,
        calls,
        row.error,
        sources,
        pages,
        row.model,
        repairs,
        errors,
        incomplete,
        row.from_journal,
    ) = raw
    row.source_index = row.position if labels is None else labels[row.position]
    row.usage = of_calls([], [StepUsage(*call) for call in calls])
    # A large result would otherwise be five empty lists for each row.
    if sources:
        row.sources = sources
    if pages:
        row.image_pages = pages
    if repairs:
        row.repairs = repairs
    if errors:
        row.errors = [AttemptError(*failed) for failed in errors]
    if incomplete:
        row.incomplete_items = incomplete
    return row
