"""Recognizes tables without importing their libraries."""

from __future__ import annotations

import sys

_TABLES = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}


def library_of(value: object) -> str | None:
    """`pandas`, `polars` or `pyarrow`, if the value is a table of it."""
    for library, name in _TABLES.items():
        module = sys.modules.get(library)
        if module is not None and isinstance(value, getattr(module, name, ())):
            return library
    return None
