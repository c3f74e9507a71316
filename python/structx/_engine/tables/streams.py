"""Tables of other libraries, which are read through the Arrow PyCapsule interface."""

from __future__ import annotations

import sys
from typing import Any

from structx._engine.tables import arrow


def is_stream(value: object) -> bool:
    """Whether a value that is no table has one for any reader of Arrow."""
    return _is_lazy(value) or any(
        hasattr(value, name) for name in ("__arrow_c_stream__", "__arrow_c_array__")
    )


def read(value: Any) -> Any:
    """Reads all batches: of a LazyFrame to a DataFrame of polars, of others to a pyarrow Table.

    Raises ModuleNotFoundError without pyarrow if it is needed, TypeError for a single column.
    """
    if _is_lazy(value):
        return value.collect()
    pa = arrow.import_pyarrow()
    try:
        if not hasattr(value, "__arrow_c_stream__"):
            return pa.Table.from_batches([pa.record_batch(value)])
        reader = pa.RecordBatchReader.from_stream(value)
    except (pa.ArrowInvalid, TypeError) as error:
        raise TypeError(f"data has an Arrow stream of no columns with names: {error}") from error
    return reader.read_all()


def _is_lazy(value: object) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(value, polars.LazyFrame)
