"""Writes Parquet files with pyarrow or polars."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from structx._engine.tables import write


def write_parquet(columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    """Writes columns to a Parquet file.

    A column whose values have no common type is text, with lists and dicts as JSON.

    Raises:
        ModuleNotFoundError: neither pyarrow nor polars is installed.
        OSError: the file can't be written.
    """
    if find_spec("pyarrow"):
        parquet: Any = import_module("pyarrow.parquet")
        parquet.write_table(write.pyarrow_of(_storable(columns)), path)
    elif find_spec("polars"):
        write.polars_of(_storable(columns)).write_parquet(path)
    else:
        raise ModuleNotFoundError(
            "Parquet needs pyarrow: pip install 'structx-rs[pyarrow]'", name="pyarrow"
        )


def _storable(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """The columns, in which objects without parts, which Parquet can't store, are JSON."""
    return {
        name: list(map(_text, values)) if any(map(_has_empty, values)) else values
        for name, values in columns.items()
    }


def _has_empty(value: Any) -> bool:
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value)
        return not parts or any(map(_has_empty, parts.values()))
    return isinstance(value, list) and any(map(_has_empty, cast("list[Any]", value)))


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
