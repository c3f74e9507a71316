"""The HTML of a row in notebooks: its values, and what stands around them in the source.

All text is escaped, since a document may contain HTML of its own. The limits were chosen by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from structx._engine import leaves, page_html
from structx._engine.text import cut

if TYPE_CHECKING:
    from structx import _core
    from structx.evidence import Evidence

_LINES = 40
_LONGEST_VALUE = 80
_AROUND = 40
"""Characters that are shown before and after a place."""
COLOURS = {
    "inferred": "#57606a",
    "exact": "#1a7f4b",
    "normalized": "#1a7f4b",
    "fuzzy": "#9a6700",
    "ambiguous": "#bc4c00",
    "unverifiable": "#8250df",
    "missing": "#cf222e",
}
"""By status, those that need a look last."""
_LEFT = "style='text-align:left'"


def of_row(row: _core.RowResult[Any], source: _core.Prepared | None = None) -> str:
    """The HTML of a row; of one of a PDF, given as `source`, with its pages."""
    found, note = evidence_of(row)
    values = list(leaves.of_json(leaves.plain(row.items))) if row.items else []
    lines = [_line(row.input_data, pointer, value, found.get(pointer)) for pointer, value in values]
    outcome = row.status if row.error is None else f"failed: {row.error}"
    rest = f"<p>… {len(lines) - _LINES:,} more values</p>" if len(lines) > _LINES else ""
    head = "".join(f"<th {_LEFT}>{name}</th>" for name in ("field", "value", "evidence", "source"))
    table = (
        f"<table class='dataframe'><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines[:_LINES])}</tbody></table>"
    )
    return (
        f"<div><p><b>row {row.position}</b>: {escape(cut(outcome, 200))}{note}</p>"
        f"{table if lines else ''}{rest}{page_html.of_pages(source, _marks(found))}</div>"
    )


def _marks(found: Mapping[str, Evidence]) -> dict[int, list[page_html.Mark]]:
    """The places of values by page."""
    marks: dict[int, list[page_html.Mark]] = {}
    for pointer, one in found.items():
        for span in one.spans:
            if span.page is not None:
                title = f"{cut(pointer, _LONGEST_VALUE)}: {one.status}"
                boxes = ((box, COLOURS[one.status], title) for box in span.boxes)
                marks.setdefault(span.page, []).extend(boxes)
    return marks


def evidence_of(row: _core.RowResult[Any]) -> tuple[Mapping[str, Evidence], str]:
    """The evidence of a row, and a note in HTML if it was not kept."""
    try:
        return row.evidence, ""
    except ValueError:  # that of a table's rows is kept on request
        return {}, " · evidence was not kept (<code>evidence=True</code>)"


def status(name: str) -> str:
    """The HTML of a status, in its colour."""
    return f"<span style='color:{COLOURS[name]}'>{name}</span>"


def _line(text: str, pointer: str, value: Any, one: Evidence | None) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    cells = [escape(cut(pointer, _LONGEST_VALUE)), escape(cut(shown, _LONGEST_VALUE))]
    if one is None:
        cells += ["", ""]
    else:
        cells += [status(one.status), _context(text, one)]
    return f"<tr>{''.join(f'<td {_LEFT}>{cell}</td>' for cell in cells)}</tr>"


def _context(text: str, one: Evidence) -> str:
    """The first place within its line, marked, and where it is."""
    if not one.spans:
        return ""
    span = one.spans[0]
    before = text[max(0, span.start - _AROUND) : span.start].rpartition("\n")[2]
    after = text[span.end : span.end + _AROUND].partition("\n")[0]
    said = escape(cut(text[span.start : span.end], _LONGEST_VALUE))
    where = ", ".join(_where(one))
    return f"{escape(before)}<mark>{said}</mark>{escape(after)} <small>{where}</small>"


def _where(one: Evidence) -> Iterator[str]:
    span = one.spans[0]
    if span.page is not None:
        yield f"page {span.page}"
    if one.occurrences > 1:
        yield f"1 of {one.occurrences:,} places"
