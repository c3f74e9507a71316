"""The pages of a PDF as small images for notebooks, with marks where values stand.

The limits were chosen by hand.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from structx import _core

if TYPE_CHECKING:
    from structx.evidence import Box

_PAGES = 3
"""Pages that are drawn."""
_MOST_PAGES = 100
"""Pages of a document of which any are drawn: its file is read again, which takes a moment."""
_LONGEST_SIDE = 800
_BYTES = 2 << 20
"""Bytes of all images together."""

Mark: TypeAlias = "tuple[Box, str, str]"
"""A box in points, a colour, and what is said of it."""


def of_pages(
    source: _core.Prepared | None, marks: Mapping[int, Iterable[Mark]] | None = None
) -> str:
    """The HTML of the first pages of a PDF, or of the first that have marks, by their numbers.

    Empty for other documents, and if they can't be drawn: that of a notebook never fails.
    """
    with suppress(Exception):
        if source is not None and source.is_pdf and (marks is None or marks):
            return _drawn(source, marks)
    return ""


def _drawn(source: _core.Prepared, marks: Mapping[int, Iterable[Mark]] | None) -> str:
    pages = {page["number"]: page for page in _core.reading_document((source, "{}")).wait().pages()}
    if len(pages) > _MOST_PAGES:
        return ""
    numbers = sorted(pages if marks is None else marks)[:_PAGES]
    drawings = _core.drawing(source, numbers, _LONGEST_SIDE, _BYTES).wait()
    return "".join(
        _page(number, pages[number]["width"], pages[number]["height"], drawing, marks or {})
        for number, drawing in zip(numbers, drawings, strict=False)
        if not isinstance(drawing, str)
    )


def _page(
    number: int,
    width: float | None,
    height: float | None,
    drawing: tuple[str, bytes],
    marks: Mapping[int, Iterable[Mark]],
) -> str:
    media_type, data = drawing
    url = f"data:{media_type};base64,{b64encode(data).decode('ascii')}"
    rectangles = "".join(_rectangle(mark) for mark in marks.get(number, ()))
    return (
        f"<svg viewBox='0 0 {width} {height}' role='img' aria-label='page {number}' "
        "style='max-width:32em;width:100%;margin:4px;border:1px solid #8888;background:#fff'>"
        f"<image href='{url}' width='{width}' height='{height}'/>{rectangles}</svg>"
    )


def _rectangle(mark: Mark) -> str:
    (left, top, right, bottom), colour, title = mark
    return (
        f"<rect x='{left}' y='{top}' width='{right - left:.2f}' height='{bottom - top:.2f}' "
        f"fill='{colour}' fill-opacity='0.3' stroke='{colour}'>"
        f"<title>{escape(title)}</title></rect>"
    )
