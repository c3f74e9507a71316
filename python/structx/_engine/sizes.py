"""Tells values that take long to convert from others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, cast

from structx import _core
from structx._engine.tables.files import is_file, is_named
from structx._engine.tables.libraries import library_of
from structx._engine.tables.streams import is_stream
from structx.file_sets import Files

_LARGE = 5_000
"""Values that take so long to convert that they would block an event loop.

Chosen by hand, not measured.
"""


MANY_ROWS = _LARGE // 3
"""Rows of a raw result that take as long."""


def is_large(value: object) -> bool:
    """Whether the value takes long to convert: it has many parts, or Python reads a file for it."""
    # Most calls have a short text, a query and a class.
    if type(value) is str:
        return len(value) > 1_000 * _LARGE or is_named(value)
    return not (value is None or isinstance(value, type)) and _size(value) > _LARGE


def rows_in(raw: object) -> int:
    """The number of rows in a raw result of the core, of one query or of several."""
    if isinstance(raw, dict):
        rows = cast("dict[str, Any]", raw).get("rows")
        return len(rows) if isinstance(rows, _core.RawRows) else 0
    return sum(map(rows_in, cast("list[object]", raw))) if isinstance(raw, list) else 0


def _size(value: Any, depth: int = 4) -> int:
    """Estimates how many values there are; a text counts as one for each 1,000 characters."""
    if value is None or isinstance(value, (bool, int, float, type, _core.Prepared)):
        return 1
    if isinstance(value, (str, PurePath)):
        return _LARGE + 1 if is_named(str(value)) else 1 + len(str(value)) // 1_000
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _LARGE + 1 if is_file(bytes(cast(bytes, value[:6]))) else 1
    if isinstance(value, dict):
        value = list(cast("dict[Any, Any]", value).values())
    if isinstance(value, (list, tuple)):
        parts = cast("Sequence[Any]", value)
        if len(parts) > _LARGE or not depth:
            return len(parts)
        return sum(_size(part, depth - 1) for part in parts)
    if isinstance(value, Files):  # looks for the files
        return _LARGE + 1
    if hasattr(value, "read"):  # reading a file object may block
        return _LARGE + 1
    if library_of(value):
        rows, columns = value.shape
        return rows * columns
    return _LARGE + 1 if is_stream(value) else 1
