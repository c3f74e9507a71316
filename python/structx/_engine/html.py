"""The HTML of results and documents in notebooks: counts, and the first items or lines.

All text is escaped, since a document may contain HTML of its own. The limits below were chosen by
hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

from structx._engine import leaves, row_html
from structx._engine.html_table import (
    FIELDS,
    LEFT,
    LINES,
    LONGEST_CELL,
    cell,
    counted,
    left_out,
    shortened,
    table,
)
from structx._engine.items import VALUE, value_of
from structx._engine.pointers import escaped
from structx._engine.text import dollars

if TYPE_CHECKING:
    from structx import _core
    from structx.evidence import Evidence

_PARTS = 5
"""Elements of a list that have a line in its cell."""
_LONGEST_TEXT = 4_000


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
    shown, total = names[:FIELDS], 0
    are_several = bool(rows) and rows[0].source != rows[-1].source
    lines: list[str] = []
    for row in rows:
        total += len(row.items) or 1
        if len(lines) < LINES:
            label = (_cell(_name(row.source)) if are_several else "") + _cell(row.source_index)
            lines += _lines(label, row, shown, has_fields=fields is not None)
    lines = lines[:LINES]
    figures = " · ".join([*counted(counts), *([] if cost is None else [dollars(cost)])])
    rest = left_out({"lines": total - len(lines), "fields": len(names) - len(shown)})
    labels = ["source", "row"] if are_several else ["row"]
    shown_table = table([*labels, *shown], lines)
    return f"<div><p><b>{shortened(title)}</b>: {figures}</p>{shown_table}{rest}</div>"


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
    figures = " · ".join(counted({name: count for name, count in counts.items() if count}))
    items = "".join(f"<li>{shortened(warning, 200)}</li>" for warning in warnings)
    return (
        f"<div><p><b>{shortened(name)}</b>: {figures}</p><ul>{items}</ul>{pages}"
        f"<pre style='white-space:pre-wrap'>{shortened(text, _LONGEST_TEXT)}</pre></div>"
    )


def _name(source: Any) -> Any:
    """The name of a file, or the position of another source."""
    return PurePath(source).name if isinstance(source, (str, PurePath)) else source


def _lines(
    label: str, row: _core.RowResult[Any], fields: Sequence[str], *, has_fields: bool
) -> Iterator[str]:
    """A line for each item of a row after its label, or one for a row without items."""
    found = row_html.evidence_of(row)[0]
    for number, item in enumerate(row.items[:LINES]):
        if has_fields:
            parts = ((f"/{number}/{escaped(name)}", value_of(item, name)) for name in fields)
        else:
            parts = iter([(f"/{number}", item)])
        cells = "".join(_cell(value, _status(found, pointer)) for pointer, value in parts)
        yield f"<tr>{label}{cells}</tr>"
    if not row.items:
        outcome = row.status if row.error is None else f"failed: {row.error}"
        yield (
            f"<tr>{label}<td {LEFT} colspan='{len(fields) or 1}'>"
            f"<i>{shortened(outcome, 3 * LONGEST_CELL)}</i></td></tr>"
        )


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
    return cell("<br>".join(map(shortened, _readable(value))) + status)


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
