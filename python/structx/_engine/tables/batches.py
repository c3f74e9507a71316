"""Batches of other engines: read as data for an extraction, and made of its long table."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, cast

from structx._engine.tables import arrow, long
from structx._engine.tables.libraries import library_of

_TAKEN = (
    "a batch must be a RecordBatch or Table of pyarrow, a DataFrame of pandas or polars, or a dict "
    "of numpy arrays"
)
_ROW = "row_id"


class Batch:
    """A batch of any kind, which gives its data and makes tables of its own kind."""

    def __init__(self, batch: Any) -> None:
        """Raises TypeError for what is no batch."""
        pa = arrow.import_pyarrow()
        self._kind = library_of(batch) or _other(pa, batch)
        if self._kind == "RecordBatch":
            batch = pa.Table.from_batches([batch])
        self._batch = batch
        if self._kind == "numpy":
            self._names = list(batch)
            self.rows = len(batch[self._names[0]]) if batch else 0
        else:
            names = batch.column_names if hasattr(batch, "column_names") else batch.columns
            self._names, self.rows = list(names), batch.shape[0]

    def data(self, columns: Sequence[str] | None) -> Any:
        """The data for an extraction: all columns or these; raises ValueError without one."""
        names = self._names if columns is None else self._checked(columns)
        if self._kind == "numpy":
            parts = zip(*(self._batch[name] for name in names), strict=True)
            return [dict(zip(names, record, strict=True)) for record in parts]
        if columns is None:
            return self._batch
        return self._batch[names] if self._kind == "pandas" else self._batch.select(names)

    def kept(self, schema: Any) -> Any:
        """The columns of a schema as an Arrow table; raises ValueError for others."""
        pa = arrow.import_pyarrow()
        names = self._checked(schema.names)
        try:
            if self._kind == "pandas":
                table = pa.Table.from_pandas(self._batch[names], preserve_index=False)
            elif self._kind == "numpy":
                table = pa.table({name: _column(pa, self._batch[name]) for name in names})
            else:
                table = self._batch.select(names)
                table = table.to_arrow() if self._kind == "polars" else table
            return table.cast(schema)
        except (pa.ArrowException, TypeError) as error:
            raise ValueError(f"a column of `keep` has not its type: {error}") from error

    def like(self, table: Any) -> Any:
        """A long table in the kind of the batch."""
        pa = arrow.import_pyarrow()
        if self._kind == "RecordBatch":
            found = table.combine_chunks().to_batches()
            return found[0] if found else pa.RecordBatch.from_pylist([], schema=table.schema)
        if self._kind == "numpy":
            return {name: _objects(table[name]) for name in table.column_names}
        return long.convert(table, self._kind)

    def _checked(self, names: Sequence[str]) -> list[str]:
        if missing := [name for name in names if name not in self._names]:
            raise ValueError(f"the batch has no column {missing[0]!r}")
        return list(names)


def _other(pa: Any, batch: object) -> str:
    if isinstance(batch, pa.RecordBatch):
        return "RecordBatch"
    if isinstance(batch, Mapping):
        return "numpy"
    raise TypeError(f"{_TAKEN}, not {type(batch).__name__}")


def _column(pa: Any, values: Any) -> Any:
    """An array of numpy; its further dimensions are lists."""
    return pa.array(values if getattr(values, "ndim", 1) == 1 else list(values))


def _objects(column: Any) -> Any:
    """A numpy array of Python objects: numpy has no null in its own types."""
    values = column.to_pylist()
    array = sys.modules["numpy"].empty(len(values), dtype=object)
    array[:] = values
    return array


def schema_of(columns: object) -> Any:
    """The columns of the input that go along, as an Arrow schema; raises TypeError."""
    pa = arrow.import_pyarrow()
    if columns is None:
        return pa.schema([])
    if isinstance(columns, pa.Schema):
        return cast("Any", columns).remove_metadata()
    if not isinstance(columns, Mapping):
        raise TypeError(
            "keep must have the Arrow types of the columns, such as {'id': pyarrow.int64()}, or be "
            f"a pyarrow.Schema, not {type(columns).__name__}"
        )
    return pa.schema(list(cast("Mapping[str, Any]", columns).items()))


def joined(kept: Any, lines: Any, schema: Any) -> Any:
    """The long table with the columns of the input beside it."""
    pa = arrow.import_pyarrow()
    beside = kept.take(lines[_ROW])
    return pa.Table.from_arrays([*beside.columns, *lines.columns], schema=schema)


def nested(lines: Any, rows: int) -> Any:
    """An array with a list of structs for each row, of a long table in the order of its rows."""
    pa = arrow.import_pyarrow()
    structs = (
        pa.concat_arrays(lines.to_struct_array().chunks)
        if rows
        else pa.array([], pa.struct(list(lines.schema)))
    )
    counts = [0] * rows
    for row in lines[_ROW].to_pylist():
        counts[row] += 1
    offsets = pa.array([0, *accumulate(counts)], pa.int32())
    return pa.ListArray.from_arrays(offsets, structs)
