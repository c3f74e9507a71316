"""Values of tables and records in the types that JSON has."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite, isnan
from typing import Any, cast
from uuid import UUID

# Types that `to_json` writes without loss.
_WHOLE = frozenset({str, int, bool, type(None), date, UUID})


def plain(value: object) -> Any:
    """Converts a value to one that `to_json` writes without loss.

    The markers of missing values (NaN, NaT, NA) become None. Bytes become text, with invalid UTF-8
    escaped as `\\xff`; infinite numbers become `inf`; times are written in ISO 8601, those of
    pandas and numpy with nanoseconds.
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
        # Most items need no conversion, and a call for each would dominate the cost.
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


def column_of(table: Any, library: str, name: object) -> list[Any] | None:
    """The values of a column as Python's; None if there is no such column."""
    if library == "pyarrow":
        return table.column(name).to_pylist() if name in table.column_names else None
    if name not in table.columns:
        return None
    return table[name].to_list()


def _iso(value: timedelta) -> str:
    """Writes ISO 8601 in days and seconds, since pydantic writes 365 days as a year."""
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
