"""The parts of a document: pages, blocks, tables, words, and their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Method: TypeAlias = Literal["native", "ocr", "none"]
Recognition: TypeAlias = Literal["done", "skipped", "unavailable", "failed"]
Kind: TypeAlias = Literal["heading", "paragraph", "list_item", "note", "margin", "table"]


class Box(NamedTuple):
    """A rectangle on a page, from the top left corner: in points, or in pixels for an image."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a PDF, a slide, a frame of an image, a sheet of a workbook."""

    number: int
    """The number of the page, from 1."""
    start: int
    """Offset in the document's text, in Unicode code points, as all offsets are."""
    end: int
    text: str
    width: float | None
    """In points (1/72 inch), or in pixels for an image; None if the format has no sizes."""
    height: float | None
    needs_vision: bool
    """Whether the page has no usable text, as in a scan, and none was recognised: only a vision
    model can read it."""
    name: str | None = None
    """The name of a sheet; None for other pages."""
    method: Method = "native"
    """How its text was found: `native`, the file has it; `ocr`, it was recognised, or a part of it
    was; `none`, there is none."""
    recognition: Recognition | None = None
    """What became of its text recognition: `done`; `skipped`, a limit was reached before;
    `unavailable`, its weights are not there; `failed`, it failed, took too long for all or some
    lines, or found no word that is clear. None if it was not wanted, as for a page with text."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its place on a page."""

    start: int
    end: int
    text: str
    page: int
    box: Box
    score: float | None
    """How sure text recognition (OCR) is of it, from 0 to 1; None for text of the file."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the text, such as a paragraph."""

    kind: Kind
    level: int | None
    """The level of a heading, 1 for the outermost; None for other kinds."""
    start: int
    end: int
    text: str
    page: int | None
    """The number of the page; None if the format has no pages."""
    box: Box | None
    """None if the format has no positions."""
    address: str | None = None
    """The cells of a workbook that it is from, such as `Sheet1!A4:B4`; None for other formats."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A non-empty cell of a table."""

    row: int
    """The row, from 0; the first row is the header."""
    column: int
    start: int
    end: int
    text: str
    box: Box | None
    address: str | None = None
    """The cell of a workbook, such as `Sheet1!B7`; None for other formats."""
    page: int | None = None
    """The page of a PDF on which it is; None if the format has no pages."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table. In the text, it is a Markdown table.

    A table of a PDF that goes on on the next page is one table. In the text, its other rows are on
    their own pages, without a header that is repeated there.
    """

    start: int
    end: int
    """The end of its last row, on whichever page."""
    page: int | None
    """The page on which it begins."""
    box: Box | None
    """The box on that page."""
    cells: list[Cell]
    address: str | None = None
    """The cells of a workbook, such as `Sheet1!A1:D9`; None for other formats."""

    @property
    def pages(self) -> list[int]:
        """The numbers of its pages; empty if the format has no pages.

        Example: a table with rows on pages 2 and 3 has `[2, 3]`.
        """
        pages = {self.page, *(cell.page for cell in self.cells)}
        return sorted(page for page in pages if page is not None)

    @property
    def rows(self) -> list[list[str]]:
        """The texts of all cells, row by row; empty cells are empty strings."""
        width = 1 + max((cell.column for cell in self.cells), default=-1)
        height = 1 + max((cell.row for cell in self.cells), default=-1)
        rows = [[""] * width for _ in range(height)]
        for cell in self.cells:
            rows[cell.row][cell.column] = cell.text
        return rows

    def _repr_html_(self) -> str:
        from structx._engine import html_table

        return html_table.of_table(self.rows)


@dataclass(frozen=True, slots=True)
class Place:
    """The position of a part of the text: a line on a page, a cell of a workbook, or a block if
    there are no boxes."""

    start: int
    end: int
    page: int | None
    box: Box | None
    address: str | None = None
    """The cell of a workbook, such as `Sheet1!B7`; None for other formats."""
