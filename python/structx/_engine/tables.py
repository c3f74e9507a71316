"""Tables of pandas, polars and pyarrow: the one file that knows these libraries.

None of them is imported before a table of it is given, or one of pandas is asked for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from pydantic_core import PydanticSerializationError, to_json

from structx.exceptions import ExtractionError, FileError

if TYPE_CHECKING:
    from structx import _core

_TABLES = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}
# The files that they read, by what these begin with.
_FILES = {b"PAR1": "Parquet", b"ARROW1": "Arrow"}
_EXTENSIONS = (".parquet", ".pq", ".feather", ".arrow")
_OPTIONS = ("usecols", "columns", "nrows")
# Options that any file takes, and these have no use for.
_ANY = frozenset({"mode", "password", "limits"})
PART = 10_000
"""How many records are handed over at a time."""
# Types that `to_json` writes whole.
_WHOLE = frozenset({str, int, bool, type(None), date, UUID})
_CONTAINERS: Any = (Mapping, list, tuple, set, frozenset)
# Types of which pandas has a type of its own, that can hold them without loss.
_PANDAS = ({int}, {float}, {float, type(None)}, {bool}, {str})


def library_of(value: object) -> str | None:
    """`pandas`, `polars` or `pyarrow`, if the value is a table of it."""
    for library, name in _TABLES.items():
        module = sys.modules.get(library)
        if module is not None and isinstance(value, getattr(module, name, ())):
            return library
    return None


def is_file(content: bytes) -> bool:
    """Whether a file that begins so is read by one of these libraries."""
    return _kind(content) is not None


def is_named(path: str) -> bool:
    """Whether a file of this name is one of theirs, by its extension."""
    return path.lower().endswith(_EXTENSIONS)


def read_file(file: Path | tuple[str, bytes], options: Mapping[str, Any]) -> Any:
    """The table of a Parquet or Arrow (Feather) file, or of its name and content; else None.

    Raises FileError where it can't be read, neither pyarrow nor polars is installed, or an option
    is wrong.
    """
    kind = _kind_of(file)
    if kind is None:
        return None
    name, source = (str(file), file) if isinstance(file, Path) else (file[0], BytesIO(file[1]))
    chosen, rows = _chosen(name, options)
    try:
        if find_spec("pyarrow"):
            table = _by_pyarrow(source, kind)
            table = table if rows is None else table.slice(0, rows)
        elif find_spec("polars"):
            pl: Any = import_module("polars")
            read: Any = pl.read_parquet if kind == "Parquet" else pl.read_ipc
            table = read(source, n_rows=rows)
        else:
            raise FileError(
                f"{name}: {kind} needs pyarrow: pip install 'structx-rs[pyarrow]'", name
            )
    except FileError:
        raise
    except Exception as error:  # the libraries have many of their own
        raise FileError(f"{name}: is not valid {kind}, or damaged: {error}", name) from error
    return table if chosen is None else table.select(_named(name, chosen, table))


def _kind_of(file: Path | tuple[str, bytes]) -> str | None:
    if isinstance(file, tuple):
        return _kind(file[1])
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return _kind(opened.read(6))
    except OSError:
        return None  # the core says what is wrong


def _kind(content: bytes) -> str | None:
    return next((kind for magic, kind in _FILES.items() if content.startswith(magic)), None)


def _chosen(name: str, options: Mapping[str, Any]) -> tuple[list[Any] | None, int | None]:
    for option, value in options.items():
        if value is not None and option not in {*_OPTIONS, *_ANY}:
            takes = ", ".join(_OPTIONS)
            message = f"{name}: the option `{option}` is of no use to this file; it takes {takes}"
            raise FileError(message, name)
    rows = options.get("nrows")
    if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 0):
        raise FileError("file_options: `nrows` must be a number of rows", name)
    chosen = options.get("columns", options.get("usecols"))
    if chosen is not None and not isinstance(chosen, (list, tuple)):
        raise FileError("file_options: `usecols` must be a list of names or of positions", name)
    return (None if chosen is None else list(cast("Iterable[Any]", chosen))), rows


def _named(name: str, chosen: list[Any], table: Any) -> list[str]:
    names: list[str] = getattr(table, "column_names", None) or table.columns
    positions = [names[n] for n in chosen if type(n) is int and 0 <= n < len(names)]
    found = {*positions, *(n for n in chosen if n in names)}
    if not found or len(found) < len(set(chosen)):
        raise FileError(f"{name}: no column of {chosen}; the columns are {', '.join(names)}", name)
    return [column for column in names if column in found]


def _by_pyarrow(source: Path | BytesIO, kind: str) -> Any:
    if kind == "Parquet":
        parquet: Any = import_module("pyarrow.parquet")
        return parquet.read_table(source)
    ipc: Any = import_module("pyarrow.ipc")
    with ipc.open_file(source) as reader:
        return reader.read_all()


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


def plain(value: object) -> Any:
    """The value as `to_json` writes it without loss.

    None for what stands for "missing": NaN, NaT, NA. Bytes become text, those that are no UTF-8 as
    `\\xff`; an infinite number becomes `inf`; times are in ISO 8601, those of pandas and numpy with
    their nanoseconds.
    """
    kind = cast("type[Any]", type(value))
    if kind in _WHOLE:
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None if isnan(value) else str(value)
    if isinstance(value, Decimal):
        return None if value.is_nan() else value
    if kind is dict or isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        # Most items are whole, and a call for each would cost more than all the rest.
        return {key: item if type(item) in _WHOLE else plain(item) for key, item in items}
    if isinstance(value, (set, frozenset)):
        # The order of a set differs from process to process.
        value = sorted(cast("Iterable[Any]", value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in cast("Iterable[Any]", value)]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", value)).decode(errors="backslashreplace")
    if kind.__name__ in {"NaTType", "NAType"}:
        return None
    if isinstance(value, (datetime, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        own = getattr(value, "isoformat", None)  # pandas has one, with nanoseconds
        return own() if own else _iso(value)
    if np := sys.modules.get("numpy"):
        return _of_numpy(value, np)
    return value


def _iso(value: timedelta) -> str:
    """ISO 8601 in days and seconds: pydantic writes 365 days as a year."""
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    seconds = f"{value.seconds}.{value.microseconds:06}".rstrip("0").rstrip(".")
    return f"{sign}P{value.days}DT{seconds}S"


def _of_numpy(value: Any, np: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim:
        return [plain(item) for item in value]
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return None if np.isnat(value) else str(value)
    if isinstance(value, (np.ndarray, np.generic)):
        item = value.tolist()
        return str(value) if isinstance(item, np.generic) else plain(item)
    return value


def append_columns(table: Any, columns: Mapping[str, Sequence[Any]]) -> Any:
    """A copy of the table, by the same library, with these columns after its own.

    No name may be the table's own. A column has a type of the library's if that gives all values
    back as they are. Otherwise it holds them as Python objects in pandas, and as text in polars and
    pyarrow, which have no objects: lists and dicts as JSON.
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


def frame_of(columns: Mapping[str, Sequence[Any]]) -> Any:
    """A pandas DataFrame; raises ExtractionError where pandas is missing."""
    return _frame(_import_pandas(), columns)


def source_frame(prepared: _core.Prepared) -> Any:
    """The source as a pandas DataFrame; of a document, one row with `source` and `text`."""
    values = prepared.values()
    if values is None:
        return frame_of({"source": [str(prepared.path or "text")], "text": [prepared.text]})
    return frame_of(dict(zip(prepared.columns, json.loads(values), strict=True)))


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
    except (Exception, pl.exceptions.PanicException):  # one of many, for values it has no type for
        pass
    return pl.Series(name, list(map(_text, values)), dtype=pl.String)


def _pyarrow(pa: Any, values: list[Any]) -> Any:
    try:
        array = pa.array(values)
        if _are(array.to_pylist(), values):
            return array
    except Exception:  # one of many, for values it has no type for
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
    """Raises ExtractionError where pandas is missing, without importing it."""
    if (sys.modules["pandas"] if "pandas" in sys.modules else find_spec("pandas")) is None:
        message = "a table needs pandas: pip install pandas"
        raise ExtractionError(message) from ModuleNotFoundError("pandas", name="pandas")


def _import_pandas() -> Any:
    need_pandas()
    import pandas as pd

    return pd
