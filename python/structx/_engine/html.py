"""The HTML of results and documents in notebooks: counts, and the first items or lines.

Tables have the class that notebooks style for pandas, in light and dark themes. All text is
escaped, since a document may contain HTML of its own. The limits below were chosen by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, TypeAlias

from structx._engine.items import VALUE, value_of
from structx._engine.text import cut

_LINES = 20
_FIELDS = 12
_LONGEST_CELL = 80
_LONGEST_TEXT = 4_000
_LEFT = "style='text-align:left'"


ShownRow: TypeAlias = "tuple[Any, Sequence[Any], str]"
"""The label of a row, its items, and its outcome, which is shown if there are no items."""


def of_result(
    title: str, counts: Mapping[str, int], fields: Sequence[str] | None, rows: Iterable[ShownRow]
) -> str:
    """The HTML of a result.

    Args:
        title: the name of the model.
        counts: figures of the summary, by name.
        fields: the names of the model's fields; None if an item is one value.
        rows: the rows of the source.
    """
    names = [VALUE] if fields is None else fields
    shown, total = names[:_FIELDS], 0
    lines: list[str] = []
    for row in rows:
        total += len(row[1]) or 1
        if len(lines) < _LINES:
            lines += _lines(row, shown, has_fields=fields is not None)
    lines = lines[:_LINES]
    head = "".join(f"<th {_LEFT}>{_text(name)}</th>" for name in ["row", *shown])
    figures = " · ".join(f"{count:,} {name}" for name, count in counts.items())
    rest = _rest(total - len(lines), len(names) - len(shown))
    return (
        f"<div><p><b>{_text(title)}</b>: {figures}</p>"
        f"<table class='dataframe'><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>{rest}</div>"
    )


def of_document(
    name: str, counts: Mapping[str, int], warnings: Iterable[str], text: str, pages: str
) -> str:
    """The HTML of a document.

    Args:
        name: the name of the file.
        counts: figures of the summary, by name; those of 0 are left out.
        warnings: the warnings of the document.
        text: its text.
        pages: the HTML of its pages.
    """
    figures = " · ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    items = "".join(f"<li>{_text(warning, 200)}</li>" for warning in warnings)
    return (
        f"<div><p><b>{_text(name)}</b>: {figures}</p><ul>{items}</ul>{pages}"
        f"<pre style='white-space:pre-wrap'>{_text(text, _LONGEST_TEXT)}</pre></div>"
    )


def _lines(row: ShownRow, fields: Sequence[str], *, has_fields: bool) -> Iterator[str]:
    """A line for each item of a row, or one for a row without items."""
    label, items, outcome = row
    for item in items[:_LINES]:
        values = (value_of(item, name) for name in fields) if has_fields else (item,)
        cells = "".join(map(_cell, values))
        yield f"<tr>{_cell(label)}{cells}</tr>"
    if not items:
        yield (
            f"<tr>{_cell(label)}<td {_LEFT} colspan='{len(fields) or 1}'>"
            f"<i>{_text(outcome, 3 * _LONGEST_CELL)}</i></td></tr>"
        )


def _rest(lines: int, fields: int) -> str:
    """The numbers of lines and fields that the table leaves out."""
    words = [
        f"{count:,} more {name}" for name, count in (("lines", lines), ("fields", fields)) if count
    ]
    return f"<p>… {' and '.join(words)}</p>" if words else ""


def _cell(value: Any) -> str:
    return f"<td {_LEFT}>{_text('' if value is None else value)}</td>"


def _text(value: Any, length: int = _LONGEST_CELL) -> str:
    return escape(cut(str(value), length))
