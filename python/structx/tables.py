"""Tables of other libraries, imported only when one is given or asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from structx.exceptions import ExtractionError

if TYPE_CHECKING:
    from structx import _core


def append_columns(table: Any, columns: Mapping[str, Sequence[Any]]) -> Any:
    """A copy of the table with these columns after its own."""
    pd = _pandas()
    added = {
        name: pd.Series(values, index=table.index, dtype=object) for name, values in columns.items()
    }
    return pd.concat([table, pd.DataFrame(added, index=table.index)], axis=1)


def frame_of(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> Any:
    """A pandas DataFrame; raises ExtractionError where pandas is missing."""
    return _pandas().DataFrame(dict(zip(names, columns, strict=True)), columns=list(names))


def source_frame(prepared: _core.Prepared) -> Any:
    """The source as a pandas DataFrame."""
    values = prepared.values()
    if values is None:
        return frame_of(["text"], [[prepared.text]])
    return frame_of(prepared.columns, json.loads(values))


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise ExtractionError(
            "a table needs pandas: install it with pip install 'structx-rs[pandas]'"
        ) from error
    return pd
