"""The results of an extraction: items, and how each row ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, cast

from pydantic import BaseModel
from typing_extensions import TypeVar

from structx._core import AttemptError, RowResult
from structx.usage import ExtractionStep, ExtractorUsage, StepUsage, of_calls

if TYPE_CHECKING:
    from structx import _core
    from structx._engine.source import Source

__all__ = ["AttemptError", "ExtractionResult", "RowResult"]

T = TypeVar("T", bound=BaseModel)
D = TypeVar("D", default=list[T])


_PLANNING = "_planning"
"""The attribute of a result with the planning requests, from which `usage` is made."""


@dataclass(repr=False)
class ExtractionResult(Generic[T, D]):
    """The items of all rows, and how each row ended.

    `ExtractionResult[Invoice]` has a list of invoices as its data, `ExtractionResult[Invoice, Any]`
    a table. Two results are equal if all but `data` is: the same items are in `rows`.
    """

    data: D = field(compare=False)
    """The items of all rows, in the order of the source; with `return_df=True` a copy of the source
    with a column for each field and for `extraction_status`."""
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

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # The usage of a large result is an object for each request, made once it is asked for.
            if name != "usage" or _PLANNING not in vars(self):
                kind = type(self).__name__
                raise AttributeError(f"{kind!r} object has no attribute {name!r}", name=name)
            step = ExtractionStep.EXTRACTION
            requests = [call for row in self.rows for call in row.usage.get_step(step)]
            self.usage = of_calls(vars(self)[_PLANNING], requests)
            return self.usage

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


def result_of(raw: _core.RawExtraction, source: Source) -> ExtractionResult[Any]:
    """The result of a call on this data."""
    rows, data = raw["rows"].take(source.labels)
    result = cast("ExtractionResult[Any]", object.__new__(ExtractionResult))
    result.data, result.rows = data, rows
    result.model, result.warnings = raw["model"], raw["warnings"]
    vars(result)[_PLANNING] = [StepUsage(**call) for call in raw["planning"]]
    return result
