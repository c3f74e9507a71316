"""An HTML table and its counts, as notebooks show them.

Tables have the class that notebooks style for pandas, in light and dark themes. All text is
escaped, since a document may contain HTML of its own. The limits below were chosen by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from structx._engine.text import cut

LINES = 20
FIELDS = 12
LONGEST_CELL = 80
LEFT = "style='text-align:left'"


def table(head: Iterable[str], lines: Iterable[str]) -> str:
    names = "".join(f"<th {LEFT}>{shortened(name)}</th>" for name in head)
    return (
        f"<table class='dataframe'><thead><tr>{names}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def cell(content: str) -> str:
    """A cell with HTML."""
    return f"<td {LEFT}>{content}</td>"


def counted(counts: Mapping[str, int], more: str = "") -> list[str]:
    """Counts with their names, which are plurals: `1 page`."""
    return [
        f"{count:,} {more}{name.removesuffix('s') if count == 1 else name}"
        for name, count in counts.items()
    ]


def left_out(counts: Mapping[str, int]) -> str:
    """The numbers of lines and fields that the table leaves out."""
    words = counted({name: count for name, count in counts.items() if count}, "more ")
    return f"<p>… {' and '.join(words)}</p>" if words else ""


def shortened(value: object, length: int = LONGEST_CELL) -> str:
    return escape(cut(str(value), length))


def of_table(rows: Sequence[Sequence[str]]) -> str:
    """The HTML of a table of a document, whose first row is its head."""
    width = len(rows[0]) if rows else 0
    lines = [
        f"<tr>{''.join(cell(shortened(text)) for text in row[:FIELDS])}</tr>"
        for row in rows[1 : LINES + 1]
    ]
    rest = left_out({"lines": len(rows) - 1 - len(lines), "columns": max(0, width - FIELDS)})
    return f"<div>{table(rows[0][:FIELDS], lines)}{rest}</div>" if rows else ""
