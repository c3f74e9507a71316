"""Encodes tables as the JSON that the core reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pydantic_core import to_json

from structx._engine.tables.values import plain

PART = 10_000
"""Records per part that is handed to the core: bounds the memory that their Python objects take.

Chosen by hand, not measured.
"""


def encode(table: Any, library: str) -> tuple[list[bytes], Sequence[Any] | None]:
    """Encodes a table as JSON, in parts; also returns the labels of its rows, if it has any.

    The names of columns become strings. Raises ValueError for names of several levels and for
    values that can't be converted.
    """
    labels: Sequence[Any] | None = None
    read: Callable[[Any], Iterator[list[Any]]]
    if library == "pandas":
        if (levels := table.columns.nlevels) > 1:
            raise ValueError(
                f"the columns of data have names of {levels} levels; give each one name, such as "
                "data.columns = ['_'.join(map(str, name)) for name in data.columns]"
            )
        labels = labels_of(table, library)
        # By position, since two columns may have the same name, for which the core has an error.
        columns = [table.iloc[:, position] for position in range(table.shape[1])]
        names, read = table.columns, _of_pandas
    elif library == "polars":
        names, columns, read = table.columns, table.get_columns(), _of_polars
    else:
        names, columns, read = table.column_names, table.columns, _of_pyarrow
    names = [str(name) for name in names]
    values = [_column(*column, read) for column in zip(names, columns, strict=True)]
    # In parts, since all values as Python objects would take more memory than the table.
    parts = [
        b'{"columns":%b,"values":[%b]}' % (to_json(names), b",".join(part))
        for part in zip(*values, strict=True)
    ]
    return parts or [b'{"columns":[],"values":[]}'], labels


def labels_of(table: Any, library: str) -> Sequence[Any] | None:
    """The labels of the rows of a table, if it has any."""
    return _labels(table.index) if library == "pandas" else None


def _labels(index: Any) -> Sequence[Any]:
    if type(index).__name__ == "RangeIndex":
        return range(index.start, index.stop, index.step)
    return index.tolist()


def _column(name: str, column: Any, read: Callable[[Any], Iterator[list[Any]]]) -> Iterator[bytes]:
    try:
        for part in read(column):
            yield to_json([plain(value) for value in part], fallback=str)
    except Exception as error:  # the libraries raise many classes
        raise ValueError(f"the column {name!r} of data can't be read: {error}") from error


def _slices(column: Any) -> Iterator[slice]:
    """The parts of a column; at least one."""
    return (slice(start, start + PART) for start in range(0, max(1, len(column)), PART))


def _of_pandas(series: Any) -> Iterator[list[Any]]:
    return (series.iloc[part].tolist() for part in _slices(series))


def _of_polars(series: Any) -> Iterator[list[Any]]:
    kind = series.dtype.base_type().__name__
    if kind == "Time" or getattr(series.dtype, "time_unit", None) == "ns":
        # Python's own types have no nanoseconds.
        part = series.dt.total_nanoseconds() if kind == "Duration" else series.dt.nanosecond()
        if (part % 1000 != 0).any():
            series = series.dt.to_string("iso:strict")
    return (series[part].to_list() for part in _slices(series))


def _of_pyarrow(column: Any) -> Iterator[list[Any]]:
    if "[ns" in str(column.type):
        try:
            column.to_pylist()
        except ValueError:  # nanoseconds, without pandas
            column = column.cast("string")
    return (column[part].to_pylist() for part in _slices(column))
