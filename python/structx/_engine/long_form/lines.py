"""The lines of a long table: one for each item, and one for a row without items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from structx._core import facts_of
from structx._engine.long_form.columns import AFTER, BEFORE, Columns
from structx._engine.pointers import escaped

if TYPE_CHECKING:
    from structx._core import RowResult
    from structx.evidence import Evidence

MOST_ROWS = 16_384
"""Rows whose lines are one batch: bounds the memory of the Python objects in it.

Chosen by hand, not measured.
"""


class Lines:
    """Some lines, by column. A plain class, as many are made."""

    def __init__(self, rows: Sequence[RowResult[Any]]) -> None:
        self.items: list[Any] = []
        """The item of each line; None for a row without items."""
        self.rows: list[RowResult[Any]] = []
        """The row of each line."""
        lines: list[tuple[Any, ...]] = []
        for row in rows:
            found, items = _lines(row)
            lines += found
            self.items += items or (None,)
            self.rows += (row,) * len(found)
        columns = map(list, zip(*lines, strict=True))
        self.own: dict[str, list[Any]] = dict(zip((*BEFORE, *AFTER), columns, strict=True))
        """The columns that every long table has."""

    def mark(self, line: int, problem: str) -> None:
        """Says in a line that one of its values is not in the table."""
        known = self.own["error"][line]
        self.own["error"][line] = problem if known is None else f"{known}; {problem}"
        self.own["status"][line] = "partial"


def _lines(row: RowResult[Any]) -> tuple[list[tuple[Any, ...]], Sequence[Any]]:
    """The own columns of the lines of a row, and its items."""
    position, items, error, prompt, completion, cost, model = facts_of(row)
    source = source_of(row)
    if not items:
        status = "empty" if error is None else "failed"
        return [(position, source, None, status, error, prompt, completion, cost, model)], items
    status = "success" if error is None else "failed"
    lines = [(position, source, 0, status, error, prompt, completion, cost, model)]
    # The usage is in the first line alone, so that sums over the table are right.
    lines += [
        (position, source, number, status, error, None, None, None, model)
        for number in range(1, len(items))
    ]
    return lines, items


def source_of(row: RowResult[Any]) -> str:
    """What the row calls its source; the position of one without a name."""
    return str(row.source)


def lines_of(rows: Iterable[RowResult[Any]]) -> Iterator[Lines]:
    """The lines of rows, in parts."""
    remaining = iter(rows)
    while part := list(islice(remaining, MOST_ROWS)):
        yield Lines(part)


def evidence_of(lines: Lines, columns: Columns) -> dict[str, list[Any]]:
    """The columns of evidence; raises ValueError for rows that were extracted without any."""
    found: dict[str, list[Any]] = {
        name: [] for names in columns.evidence.values() for name in names
    }
    if not found:
        return found
    for row, number in zip(lines.rows, lines.own["item"], strict=True):
        known: Mapping[str, Evidence] = {} if number is None else row.evidence
        for field, names in columns.evidence.items():
            one = _evidence(known, number or 0, columns, field)
            span = one.spans[0] if one and one.spans else None
            for name, part in names.items():
                of = one if part == "status" else span
                found[name].append(None if of is None else getattr(of, part))
    return found


def _evidence(
    known: Mapping[str, Evidence], number: int, columns: Columns, field: str
) -> Evidence | None:
    if columns.is_value:
        return known.get(f"/{number}")
    part = columns.fields[field]
    names: Sequence[str] = (*part.keys, part.name)
    return next((one for name in names if (one := known.get(f"/{number}/{escaped(name)}"))), None)
