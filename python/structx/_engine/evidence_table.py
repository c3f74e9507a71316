"""The evidence of rows as records, and as columns beside the items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from structx.evidence import Evidence

COLUMNS = (
    "row",
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


def records(rows: Iterable[tuple[int, Mapping[str, Evidence]]], *, return_df: bool) -> Any:
    """One record for each place of a value, of the evidence of rows at positions."""
    found = [
        dict(zip(COLUMNS, (position, pointer, *place), strict=True))
        for position, evidence in rows
        for pointer, one in evidence.items()
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
