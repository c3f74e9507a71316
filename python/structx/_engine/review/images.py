"""The images of pages for the review page, within a number of bytes."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from structx import _core

if TYPE_CHECKING:
    from structx._engine.review.text_pages import TextPage

_LONGEST_SIDE = 1_400
"""Pixels of an image, 120 dots per inch for A4: small print can be read. Chosen by eye."""
_DRAWN = ("pdf", "image")
"""The formats whose pages can be drawn."""


class Images:
    """The images of the review page, by number."""

    def __init__(self, most: int) -> None:
        self.made: list[tuple[str, str]] = []
        """media type, bytes as base64"""
        self._most = most
        self._left = most

    def draw(
        self, source: _core.Prepared, format: str | None, pages: list[TextPage], cited: set[int]
    ) -> None:
        """Draws pages: those with a value first, then those without text, then the others."""
        if format not in _DRAWN or not self._most:
            return
        of_number = {page["number"]: page for page in reversed(pages) if page["number"]}
        wanted = sorted(
            (number not in cited, bool(page["text"]), number) for number, page in of_number.items()
        )
        numbers = [number for _, _, number in wanted]
        drawings = _core.drawing(source, numbers, _LONGEST_SIDE, self._left).wait()
        for number, drawing in zip(numbers, drawings, strict=False):
            if isinstance(drawing, str):
                of_number[number]["note"] = f"Not drawn: the file {drawing}."
                continue
            media_type, data = drawing
            of_number[number]["image"] = len(self.made)
            self.made.append((media_type, b64encode(data).decode("ascii")))
            self._left -= len(data)
        for number in numbers[len(drawings) :]:
            of_number[number]["note"] = (
                f"Not drawn: the images of this file may have {self._most / (1 << 20):,.0f} MB."
            )
