"""A result as a table: the source with a column for each field, or a line for each item."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from structx._engine import flatten
from structx._engine.items import VALUE
from structx._engine.tables import long, write
from structx._engine.tables.libraries import library_of
from structx.exceptions import ExtractionError
from structx.inputs import RowsOfSources, source_frame

if TYPE_CHECKING:
    from structx import _core
    from structx._engine.source import Source
    from structx.evidence import Evidence
    from structx.results import ExtractionResult, RowResult


def table_of(
    result: ExtractionResult[Any],
    source: Source,
    prepared: _core.Prepared | RowsOfSources,
    expand_nested: bool,
    with_evidence: bool = False,
) -> Any:
    """Appends the items of a result to the source, as columns.

    Raises ExtractionError if pandas is not installed, or the items can't be converted.
    """
    if source.table is None:
        table = source_frame(prepared)
        taken = list(map(str, table.columns))
    else:
        table = source.table
        taken = write.names_of(table)
    outcomes = [(_status(row), row.items) for row in result.rows]
    try:
        find = partial(_evidence, result.rows) if with_evidence else None
        columns = flatten.columns_of(
            outcomes, result.model, taken, expand_nested=expand_nested, evidence_of=find
        )
        return write.append_columns(table, columns)
    except Exception as error:
        raise ExtractionError(f"the items can't be written as a table: {error}") from error


def long_table_of(
    result: ExtractionResult[Any], source: Source, with_evidence: bool = False
) -> Any:
    """The long table of a result, of the library of the source or of pandas.

    Raises ExtractionError if the items can't be converted.
    """
    try:
        table = result.to_arrow(evidence=with_evidence)
        return long.convert(table, library_of(source.table))
    except Exception as error:
        raise ExtractionError(f"the items can't be written as a table: {error}") from error


def _evidence(rows: Sequence[RowResult[Any]], row: int, place: flatten.Place) -> Evidence | None:
    number, *path = place
    # Values that are no item have no parts.
    steps = [] if path == [VALUE] and not hasattr(rows[row].items[number], VALUE) else path
    return rows[row].evidence_of(number, *steps)


def _status(row: RowResult[Any]) -> str:
    return f"Failed: {row.error}" if row.status == "failed" else row.status.capitalize()
