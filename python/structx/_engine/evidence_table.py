"""The evidence of rows as records, and as columns beside the items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structx import _core
    from structx.evidence import Evidence

COLUMNS = (
    "row",
    "source",
    "pointer",
    "value",
    "status",
    "score",
    "occurrences",
    "text",
    "page",
    "start",
    "end",
    "boxes",
    "cell",
)


def records(rows: Iterable[_core.RowResult[Any]], *, return_df: bool) -> Any:
    """One record for each place of a value."""
    found = [
        dict(zip(COLUMNS, (row.position, row.source, pointer, *place), strict=True))
        for row in rows
        for pointer, one in row.evidence.items()
        for place in _places(one)
    ]
    if not return_df:
        return found
    from structx._engine.tables import write  # needs pandas

    return write.frame_of({name: [record[name] for record in found] for name in COLUMNS})


def _places(one: Evidence) -> Iterator[tuple[Any, ...]]:
    known = (one.value, one.status, one.score, one.occurrences)
    if not one.spans:
        yield (*known, None, None, None, None, [], None)
    for span in one.spans:
        yield (*known, span.text, span.page, span.start, span.end, span.boxes, span.cell)
