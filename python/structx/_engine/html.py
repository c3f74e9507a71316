"""The HTML of results and documents in notebooks: counts, and the first items or lines.

Tables have the class that notebooks style for pandas, in light and dark themes. All text is
escaped, since a document may contain HTML of its own. The limits below were chosen by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

from structx._engine import leaves, row_html
from structx._engine.items import VALUE, value_of
from structx._engine.pointers import escaped
from structx._engine.progress_bar import dollars
from structx._engine.text import cut

if TYPE_CHECKING:
    from structx import _core
    from structx.evidence import Evidence

_LINES = 20
_FIELDS = 12
_PARTS = 5
"""Elements of a list that have a line in its cell."""
_LONGEST_CELL = 80
_LONGEST_TEXT = 4_000
_LEFT = "style='text-align:left'"


def of_result(
    title: str,
    counts: Mapping[str, int],
    cost: float | None,
    fields: Sequence[str] | None,
    rows: Sequence[_core.RowResult[Any]],
) -> str:
    """The HTML of a result.

    Args:
        title: the name of the model.
        counts: figures of the summary, by name.
        cost: US dollars, if known.
        fields: the names of the model's fields; None if an item is one value.
        rows: the rows of the source.
    """
    names = [VALUE] if fields is None else fields
    shown, total = names[:_FIELDS], 0
    are_several = bool(rows) and rows[0].source != rows[-1].source
    lines: list[str] = []
    for row in rows:
        total += len(row.items) or 1
        if len(lines) < _LINES:
            label = (_cell(_name(row.source)) if are_several else "") + _cell(row.source_index)
            lines += _lines(label, row, shown, has_fields=fields is not None)
    lines = lines[:_LINES]
    figures = " · ".join([*_figures(counts), *([] if cost is None else [dollars(cost)])])
    rest = _rest({"lines": total - len(lines), "fields": len(names) - len(shown)})
    labels = ["source", "row"] if are_several else ["row"]
    table = _table([*labels, *shown], lines)
    return f"<div><p><b>{_text(title)}</b>: {figures}</p>{table}{rest}</div>"


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
    figures = " · ".join(_figures({name: count for name, count in counts.items() if count}))
    items = "".join(f"<li>{_text(warning, 200)}</li>" for warning in warnings)
    return (
        f"<div><p><b>{_text(name)}</b>: {figures}</p><ul>{items}</ul>{pages}"
        f"<pre style='white-space:pre-wrap'>{_text(text, _LONGEST_TEXT)}</pre></div>"
    )


def of_table(rows: Sequence[Sequence[str]]) -> str:
    """The HTML of a table of a document, whose first row is its head."""
    width = len(rows[0]) if rows else 0
    lines = [f"<tr>{''.join(map(_cell, row[:_FIELDS]))}</tr>" for row in rows[1 : _LINES + 1]]
    rest = _rest({"lines": len(rows) - 1 - len(lines), "columns": max(0, width - _FIELDS)})
    return f"<div>{_table(rows[0][:_FIELDS], lines)}{rest}</div>" if rows else ""


def _table(head: Iterable[str], lines: Iterable[str]) -> str:
    names = "".join(f"<th {_LEFT}>{_text(name)}</th>" for name in head)
    return (
        f"<table class='dataframe'><thead><tr>{names}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _name(source: Any) -> Any:
    """The name of a file, or the position of another source."""
    return PurePath(source).name if isinstance(source, (str, PurePath)) else source


def _lines(
    label: str, row: _core.RowResult[Any], fields: Sequence[str], *, has_fields: bool
) -> Iterator[str]:
    """A line for each item of a row after its label, or one for a row without items."""
    found = row_html.evidence_of(row)[0]
    for number, item in enumerate(row.items[:_LINES]):
        if has_fields:
            parts = ((f"/{number}/{escaped(name)}", value_of(item, name)) for name in fields)
        else:
            parts = iter([(f"/{number}", item)])
        cells = "".join(_cell(value, _status(found, pointer)) for pointer, value in parts)
        yield f"<tr>{label}{cells}</tr>"
    if not row.items:
        outcome = row.status if row.error is None else f"failed: {row.error}"
        yield (
            f"<tr>{label}<td {_LEFT} colspan='{len(fields) or 1}'>"
            f"<i>{_text(outcome, 3 * _LONGEST_CELL)}</i></td></tr>"
        )


def _figures(counts: Mapping[str, int], more: str = "") -> list[str]:
    """Counts with their names, which are plurals: `1 page`."""
    return [
        f"{count:,} {more}{name.removesuffix('s') if count == 1 else name}"
        for name, count in counts.items()
    ]


def _rest(counts: Mapping[str, int]) -> str:
    """The numbers of lines and fields that the table leaves out."""
    words = _figures({name: count for name, count in counts.items() if count}, "more ")
    return f"<p>… {' and '.join(words)}</p>" if words else ""


def _status(found: Mapping[str, Evidence], pointer: str) -> str:
    """The status of a value as HTML; of one with parts, that which needs a look most."""
    statuses = {
        one.status
        for place, one in found.items()
        if place == pointer or place.startswith(f"{pointer}/")
    }
    worst = [name for name in row_html.COLOURS if name in statuses][-1:]
    return "".join(f" <small>{row_html.status(name)}</small>" for name in worst)


def _cell(value: Any, status: str = "") -> str:
    return f"<td {_LEFT}>{'<br>'.join(map(_text, _readable(value)))}{status}</td>"


def _readable(value: Any) -> list[str]:
    """The lines of a value: one for each element of a list of objects."""
    try:
        (plain,) = leaves.plain([value])
    except ValueError:  # a serializer of the caller's failed
        plain = None
    if isinstance(plain, list) and any(isinstance(part, dict) for part in plain):  # pyright: ignore[reportUnknownVariableType]
        parts = cast("list[Any]", plain)
        more = [f"… {len(parts) - _PARTS:,} more"] if len(parts) > _PARTS else []
        return [_words(part) for part in parts[:_PARTS]] + more
    if isinstance(plain, (dict, list, str)):
        return [_words(plain)]
    return ["" if value is None else str(value)]


def _words(plain: Any, *, is_inner: bool = False) -> str:
    """JSON on one line, without the quotes and brackets that a person does not need."""
    if isinstance(plain, dict):
        parts = cast("dict[str, Any]", plain).items()
        words = ", ".join(
            f"{name}: {_words(part, is_inner=True)}" for name, part in parts if part is not None
        )
        return f"{{{words}}}" if is_inner else words
    if isinstance(plain, list):
        words = ", ".join(_words(part, is_inner=True) for part in cast("list[Any]", plain))
        return f"[{words}]" if is_inner else words
    return "" if plain is None else str(plain)


def _text(value: Any, length: int = _LONGEST_CELL) -> str:
    return escape(cut(str(value), length))
