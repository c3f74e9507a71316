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
    """The table as the core reads it, in parts, and the labels of its rows, if it has any.

    The names of columns become texts. Raises ValueError for names of several levels and for values
    that can't be read.
    """
    labels: Sequence[Any] | None = None
    read: Callable[[Any], Iterator[list[Any]]]
    if library == "pandas":
        if (levels := table.columns.nlevels) > 1:
            raise ValueError(
                f"the columns of data have names of {levels} levels; give each one name, such as "
                "data.columns = ['_'.join(map(str, name)) for name in data.columns]"
            )
        labels = _labels(table.index)
        # By position: two columns may have one name, which the core refuses with good words.
        columns = [table.iloc[:, position] for position in range(table.shape[1])]
        names, read = table.columns, _of_pandas
    elif library == "polars":
        names, columns, read = table.columns, table.get_columns(), _of_polars
    else:
        names, columns, read = table.column_names, table.columns, _of_pyarrow
    names = [str(name) for name in names]
    values = [_column(*column, read) for column in zip(names, columns, strict=True)]
    # At once, all the values as objects of Python would take more memory than the table.
    parts = [
        b'{"columns":%b,"values":[%b]}' % (to_json(names), b",".join(part))
        for part in zip(*values, strict=True)
    ]
    return parts or [b'{"columns":[],"values":[]}'], labels


def _labels(index: Any) -> Sequence[Any]:
    if type(index).__name__ == "RangeIndex":
        return range(index.start, index.stop, index.step)
    return index.tolist()


def _column(name: str, column: Any, read: Callable[[Any], Iterator[list[Any]]]) -> Iterator[bytes]:
    try:
        for part in read(column):
            yield to_json([plain(value) for value in part], fallback=str)
    except Exception as error:  # the libraries have many of their own
        raise ValueError(f"the column {name!r} of data can't be read: {error}") from error


def _slices(column: Any) -> Iterator[slice]:
    """At least one."""
    return (slice(start, start + PART) for start in range(0, max(1, len(column)), PART))


def _of_pandas(series: Any) -> Iterator[list[Any]]:
    return (series.iloc[part].tolist() for part in _slices(series))


def _of_polars(series: Any) -> Iterator[list[Any]]:
    kind = series.dtype.base_type().__name__
    if kind == "Time" or getattr(series.dtype, "time_unit", None) == "ns":
        # Python's own types would cut nanoseconds off.
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
