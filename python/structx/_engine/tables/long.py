"""Long tables of pyarrow, pandas and polars, from their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx._engine.long_form.lines import evidence_of, lines_of
from structx._engine.tables import arrow

if TYPE_CHECKING:
    from structx._core import RowResult
    from structx._engine.long_form.columns import Columns
    from structx._engine.long_form.kinds import Part
    from structx._engine.long_form.lines import Lines

_GROUP = 8
"""Batches per row group of a Parquet file: of 131,072 rows, near the 122,880 lines of DuckDB's."""


def batches_of(rows: Iterable[RowResult[Any]], columns: Columns) -> Iterator[Any]:
    """The RecordBatches of rows."""
    schema = arrow.schema_of(columns.kinds())
    return (_batch(lines, columns, schema) for lines in lines_of(rows))


def reader_of(rows: Iterable[RowResult[Any]], columns: Columns) -> Any:
    """A RecordBatchReader of rows, which makes each batch when it is read."""
    pa = arrow.import_pyarrow()
    batches = batches_of(rows, columns)
    return pa.RecordBatchReader.from_batches(arrow.schema_of(columns.kinds()), batches)


def table_of(rows: Iterable[RowResult[Any]], columns: Columns) -> Any:
    """The pyarrow Table of rows."""
    return reader_of(rows, columns).read_all()


def convert(table: Any, library: str | None) -> Any:
    """Converts a pyarrow Table to a table of a library; to pandas for None.

    Columns of pandas keep the Arrow types: its own types depend on the data, and have no null
    integers.
    """
    if library == "pyarrow":
        return table
    if library == "polars":
        return import_module("polars").from_arrow(table)
    pd = import_module("pandas")
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def write_parquet(rows: Iterable[RowResult[Any]], columns: Columns, path: Path) -> None:
    """Writes a Parquet file."""
    pa = arrow.import_pyarrow()
    parquet: Any = import_module("pyarrow.parquet")
    schema = arrow.schema_of(columns.kinds())
    batches = batches_of(rows, columns)
    with parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(batches, _GROUP)):
            writer.write_table(pa.Table.from_batches(group).combine_chunks())


def _batch(lines: Lines, columns: Columns, schema: Any) -> Any:
    pa = arrow.import_pyarrow()
    arrays = {
        name: _field(lines, name, part, values)
        for (name, part), values in zip(
            columns.fields.items(), _values(lines, columns), strict=True
        )
    }
    # After the fields, whose misfits it says.
    for name, values in {**lines.own, **evidence_of(lines, columns)}.items():
        arrays[name] = pa.array(values, schema.field(name).type)
    return pa.record_batch([arrays[name] for name in schema.names], schema=schema)


def _field(lines: Lines, name: str, part: Part, values: Sequence[Any]) -> Any:
    array, misfits = arrow.column(part.kind, values)
    for line, why in misfits.items():
        lines.mark(line, f"column `{name}`: the value is not in this table: {why}")
    return array


def _values(lines: Lines, columns: Columns) -> list[list[Any]]:
    """The values of each column of fields."""
    if columns.is_value:
        return [lines.items]
    parts = tuple(columns.fields.values())
    for line, item in enumerate(lines.items):
        if arrow.has_others(parts, item):
            lines.mark(line, "members of the item without a field are not in this table")
    try:
        return arrow.members(parts, lines.items)
    except arrow.MisfitError:
        return arrow.members(parts, [_known(lines, *one, parts) for one in enumerate(lines.items)])


def _known(lines: Lines, line: int, item: Any, parts: Sequence[Part]) -> Any:
    try:
        arrow.members(parts, [item])
    except arrow.MisfitError as error:
        return lines.mark(line, f"the item is not in this table: {error}")
    return item
