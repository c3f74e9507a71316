"""Appends columns to tables, and makes new ones."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from structx._engine.tables.libraries import library_of
from structx._engine.tables.values import plain

_CONTAINERS: Any = (Mapping, list, tuple, set, frozenset)
# Sets of value types for which pandas has a lossless type of its own.
_PANDAS = ({int}, {float}, {float, type(None)}, {bool}, {str})


def append_columns(table: Any, columns: Mapping[str, Sequence[Any]]) -> Any:
    """Returns a copy of the table, of the same library, with these columns appended.

    The names must be new. A column has a type of the library if that preserves all values.
    Otherwise its values are Python objects in pandas, and text in polars and pyarrow, which have no
    object type: lists and dicts become JSON.
    """
    library = library_of(table)
    if library == "polars":
        pl: Any = sys.modules[library]
        added = [_polars(pl, name, list(values)) for name, values in columns.items()]
        return table.with_columns(added)
    if library == "pyarrow":
        pa: Any = sys.modules[library]
        for name, values in columns.items():
            table = table.append_column(name, _pyarrow(pa, list(values)))
        return table
    pd = _import_pandas()
    return pd.concat([table, _frame(pd, columns, table.index)], axis=1)


def names_of(table: Any) -> list[str]:
    """The names of the columns."""
    names = table.column_names if library_of(table) == "pyarrow" else table.columns
    return [str(name) for name in names]


def rows_of(table: Any, positions: Sequence[int]) -> Any:
    """The rows of a table at these positions, in their order; a row may be there more than once."""
    library = library_of(table)
    if library == "polars":
        return table[list(positions)]
    return table.take(list(positions)) if library == "pyarrow" else table.iloc[list(positions)]


def frame_of(columns: Mapping[str, Sequence[Any]]) -> Any:
    """Makes a pandas DataFrame; raises ModuleNotFoundError if pandas is not installed."""
    return _frame(_import_pandas(), columns)


def pyarrow_of(columns: Mapping[str, Sequence[Any]]) -> Any:
    """Makes a Table of pyarrow, which must be installed; see `append_columns` for the types."""
    pa: Any = import_module("pyarrow")
    return pa.table({name: _pyarrow(pa, list(values)) for name, values in columns.items()})


def polars_of(columns: Mapping[str, Sequence[Any]]) -> Any:
    """Makes a DataFrame of polars, which must be installed; see `append_columns` for the types."""
    pl: Any = import_module("polars")
    return pl.DataFrame([_polars(pl, name, list(values)) for name, values in columns.items()])


def _frame(pd: Any, columns: Mapping[str, Sequence[Any]], index: Any = None) -> Any:
    def series(values: Sequence[Any]) -> Any:
        objects = pd.Series(list(values), index=index, dtype=object)
        kinds = set(map(type, values))
        if kinds not in _PANDAS:
            return objects
        return objects.astype(float) if float in kinds else objects.infer_objects()

    return pd.DataFrame({name: series(values) for name, values in columns.items()}, index=index)


def _polars(pl: Any, name: str, values: list[Any]) -> Any:
    try:
        series = pl.Series(name, values)
        if series.dtype != pl.Object and _are(series.to_list(), values):
            return series
    except (Exception, pl.exceptions.PanicException):  # many classes, for unsupported values
        pass
    return pl.Series(name, list(map(_text, values)), dtype=pl.String)


def _pyarrow(pa: Any, values: list[Any]) -> Any:
    try:
        array = pa.array(values)
        if _are(array.to_pylist(), values):
            return array
    except Exception:  # many classes, for unsupported values
        pass
    return pa.array(list(map(_text, values)), pa.string())


def _are(found: list[Any], values: list[Any]) -> bool:
    kinds = set(map(type, values)) - {type(None)}
    return found == values and (bool not in kinds or len(kinds) == 1)  # True equals 1


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, _CONTAINERS):
        try:
            return to_json(plain(value), fallback=str).decode()
        except PydanticSerializationError:
            pass
    return str(value)


def need_pandas() -> None:
    """Raises ModuleNotFoundError if pandas is not installed; does not import it."""
    if (sys.modules["pandas"] if "pandas" in sys.modules else find_spec("pandas")) is None:
        raise ModuleNotFoundError("a table needs pandas: pip install pandas", name="pandas")


def _import_pandas() -> Any:
    need_pandas()
    import pandas as pd

    return pd
