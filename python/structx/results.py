"""What an extraction gives: items, and how each row ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel

from structx.usage import ExtractionStep, ExtractorUsage, StepUsage

T = TypeVar("T", bound=BaseModel)

# The core's plain tuples, which `result_of` turns into results.
RawUsage: TypeAlias = "tuple[int, int, int, int | None, int | None]"
"""The fields of a StepUsage, in order."""
RawRow: TypeAlias = "tuple[int, str, list[Any], list[RawUsage], str | None, dict[str, str]]"
"""position, input_data, items, calls, error, sources"""
RawExtraction: TypeAlias = "tuple[type[Any], list[RawUsage], list[RawRow], list[str]]"
"""model, planning calls, rows, warnings"""


@dataclass(frozen=True)
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

    @property
    def status(self) -> Literal["success", "empty", "failed"]:
        """`failed` with an error, `empty` without items, else `success`."""
        if self.error is not None:
            return "failed"
        return "success" if self.items else "empty"


@dataclass(frozen=True)
class ExtractionResult(Generic[T]):
    """The items of all rows, and how each row ended."""

    data: list[T]
    """The items of all rows, in the order of the source."""
    rows: list[RowResult[T]]
    """One for each row of the source, in its order."""
    model: type[T]
    """The model of the items: the caller's, or the one that was planned."""
    usage: ExtractorUsage
    """Tokens of all requests: planning and every row."""
    warnings: list[str] = field(default_factory=list[str])
    """What was noticed while the source was read."""

    @property
    def failed(self) -> Any:
        """The failed rows, with `index`, `text` and `error`.

        A pandas DataFrame where pandas is installed, else a list of dicts.
        """
        records = [
            {"index": row.source_index, "text": row.input_data, "error": row.error}
            for row in self.rows
            if row.error is not None
        ]
        try:
            import pandas as pd
        except ImportError:
            return records
        return pd.DataFrame(records, columns=["index", "text", "error"])

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
    def success_rate(self) -> float:
        """Rows without an error, in percent of all rows; 0.0 where there are none."""
        return 100.0 * self.success_count / len(self.rows) if self.rows else 0.0

    def __repr__(self) -> str:
        return (
            f"ExtractionResult(model={self.model.__name__}, rows={self.attempted_count}, "
            f"items={self.extracted_count}, failed={self.failure_count}, "
            f"tokens={self.usage.total_tokens})"
        )


def result_of(raw: RawExtraction) -> ExtractionResult[Any]:
    """The result that the core's tuples describe."""
    model, planning, raw_rows, warnings = raw
    rows = [_row(*row) for row in raw_rows]
    requests = [call for row in rows for call in row.usage.get_step(ExtractionStep.EXTRACTION)]
    return ExtractionResult(
        data=[item for row in rows for item in row.items],
        rows=rows,
        model=model,
        usage=_usage([StepUsage.from_tuple(call) for call in planning], requests),
        warnings=warnings,
    )


def _row(
    position: int,
    input_data: str,
    items: list[Any],
    calls: list[RawUsage],
    error: str | None,
    sources: dict[str, str],
) -> RowResult[Any]:
    usage = _usage([], [StepUsage.from_tuple(call) for call in calls])
    return RowResult(position, position, input_data, items, usage, error, sources)


def _usage(planning: list[StepUsage], extraction: list[StepUsage]) -> ExtractorUsage:
    steps = {
        ExtractionStep.SCHEMA_GENERATION: planning,
        ExtractionStep.EXTRACTION: extraction,
    }
    return ExtractorUsage.model_construct(
        steps={step: calls for step, calls in steps.items() if calls}
    )
