"""The text of a row as pages for the review page: with headings and tables, and none too long."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, TypeAlias

from typing_extensions import NotRequired, TypedDict

if TYPE_CHECKING:
    from structx import _core

LONGEST = 8_000
"""Characters of a page that is drawn as text: a browser lays it out in a few milliseconds. Chosen
by hand, not measured."""
LONGEST_DRAWN = 100_000
"""Characters of a page that may have an image, which is not cut before."""

Heading: TypeAlias = "tuple[int, int, int]"
"""start, end, level"""
TextCell: TypeAlias = "tuple[int, int, int, int, str | None]"
"""row, column, start, end, address"""
TextTable: TypeAlias = "tuple[int, int, list[TextCell]]"
"""start, end, cells"""


class TextPage(TypedDict):
    """A page, or a part of a long one; offsets are code points of the row's text."""

    label: str
    start: int
    text: str | None
    """None where the text is left out."""
    number: int | None
    headings: list[Heading]
    tables: list[TextTable]
    size: NotRequired[tuple[float, float]]
    """In the units of boxes."""
    image: NotRequired[int]
    """The number of the image."""
    note: NotRequired[str]
    """What the page lacks."""


class _Structure:
    """The headings and cells of a text, in its order, found by offset."""

    def __init__(self, document: _core.Document | None = None) -> None:
        self._headings: list[Heading] = []
        self._tables: list[tuple[int, int]] = []
        self._cells: list[tuple[TextCell, int]] = []
        """Each with the number of its table."""
        if document is not None:
            self._read(document)
        self._starts = [cell[2] for cell, _ in self._cells]

    def _read(self, document: _core.Document) -> None:
        for block in document.blocks():
            if block["kind"] == "heading":
                self._headings.append((block["start"], block["end"], block["level"] or 1))
        for number, table in enumerate(document.tables()):
            self._tables.append((table["start"], table["end"]))
            for it in table["cells"]:
                cell = (it["row"], it["column"], it["start"], it["end"], it["address"])
                self._cells.append((cell, number))
        self._cells.sort(key=lambda cell: cell[0][2])

    def headings(self, start: int, end: int) -> list[Heading]:
        """The headings that begin in a range."""
        first, last = (bisect_left(self._headings, (offset,)) for offset in (start, end))
        return self._headings[first:last]

    def tables(self, start: int, end: int) -> list[TextTable]:
        """The parts of tables that are in a range; a cell is in the range where it begins."""
        first, last = (bisect_left(self._starts, offset) for offset in (start, end))
        within = groupby(self._cells[first:last], key=lambda cell: cell[1])
        return [
            self._table(number, start, end, [cell for cell, _ in cells]) for number, cells in within
        ]

    def _table(self, number: int, start: int, end: int, cells: list[TextCell]) -> TextTable:
        first, last = self._tables[number]
        return max(first, start), min(last, end), cells

    def out_of_cell(self, offset: int) -> int:
        """The offset, or the end of the cell in which it is."""
        index = bisect_left(self._starts, offset) - 1
        return max(offset, self._cells[index][0][3]) if index >= 0 else offset


def of_text(text: str, label: str) -> list[TextPage]:
    """The pages of a text without structure."""
    return list(_parts(text, label, None, (0, len(text)), _Structure()))


def of_document(document: _core.Document) -> list[TextPage]:
    """The pages of a document: its own, or parts of its text."""
    text, structure, made = document.text, _Structure(document), list[TextPage]()
    for page in document.pages():
        number, width, height = page["number"], page["width"], page["height"]
        longest = LONGEST if width is None else LONGEST_DRAWN
        extent = (page["start"], page["end"])
        label = page["name"] or f"Page {number}"
        first, *others = _parts(text, label, number, extent, structure, longest)
        if width is not None and height is not None:
            first["size"] = (width, height)
        made += [first, *others]
    return made or list(_parts(text, "Text", None, (0, len(text)), structure))


def _parts(
    text: str,
    label: str,
    number: int | None,
    extent: tuple[int, int],
    structure: _Structure,
    longest: int = LONGEST,
) -> Iterator[TextPage]:
    """The pages of a range of the text, cut between lines and rows of tables."""
    start, end = extent
    cuts = [start, *_cuts(text, start, end, structure, longest), end]
    for part, (first, last) in enumerate(pairwise(cuts), start=1):
        yield {
            "label": label if len(cuts) == 2 else f"{label}, part {part}",
            "start": first,
            "text": text[first:last],
            "number": number,
            "headings": structure.headings(first, last),
            "tables": structure.tables(first, last),
        }


def _cuts(text: str, start: int, end: int, structure: _Structure, longest: int) -> Iterator[int]:
    """Where a long range is cut: after the last line that fits, and not in a cell."""
    while end - start > longest:
        line = text.rfind("\n", start + longest // 2, start + longest) + 1
        start = structure.out_of_cell(line or start + longest)
        if start < end:
            yield start
