"""A result as a table: the source with a column for each field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structx._engine import flatten
from structx._engine.tables import write
from structx.exceptions import ExtractionError
from structx.inputs import source_frame

if TYPE_CHECKING:
    from structx import _core
    from structx._engine.source import Source
    from structx.results import ExtractionResult, RowResult


def table_of(
    result: ExtractionResult[Any],
    source: Source,
    prepared: _core.Prepared,
    expand_nested: bool,
) -> Any:
    """The source as a table with the items of the result.

    Raises ExtractionError where pandas is missing, or the items can't be written.
    """
    if source.table is None:
        table = source_frame(prepared)
        taken = list(map(str, table.columns))
    else:
        table, taken = source.table, prepared.columns
    outcomes = [(_status(row), row.items) for row in result.rows]
    try:
        columns = flatten.columns_of(outcomes, result.model, taken, expand_nested=expand_nested)
        return write.append_columns(table, columns)
    except Exception as error:
        raise ExtractionError(f"the items can't be written as a table: {error}") from error


def _status(row: RowResult[Any]) -> str:
    return f"Failed: {row.error}" if row.status == "failed" else row.status.capitalize()
