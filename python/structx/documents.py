"""Documents read by themselves: text in reading order, and where on the pages it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from structx import _core
from structx._engine.inputs import source_of
from structx._engine.threads import in_thread, is_large

if TYPE_CHECKING:
    from structx._engine.source import Encoded
    from structx.inputs import Data

Mode: TypeAlias = Literal["auto", "text", "vision", "file"]
Kind: TypeAlias = Literal["heading", "paragraph", "list_item", "note", "margin", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """What one document may cost to read; more is a LimitExceededError."""

    bytes: int = 100 << 20
    """Of the file."""
    unpacked_bytes: int = 256 << 20
    """That a packed file (.docx, .xlsx, .epub, ...) may unpack to."""
    inflate_ratio: int = 200
    """How many times larger than packed a part of more than 1 MiB may be unpacked."""
    entries: int = 10_000
    """Files within a packed file, parts of an e-mail."""
    depth: int = 256
    """Levels of nesting: elements within elements, e-mails within e-mails. JSON: 128 at most."""
    pages: int = 5_000
    """Of a PDF or an image."""
    glyphs: int = 20_000_000
    """Drawn by a PDF, visible or not."""
    characters: int = 10_000_000
    """Of the text."""
    cells: int = 3_000_000
    """Of a table, empty ones included, and a few more for each row and column of a text file; those
    of a table within a document count three times."""
    pixels: int = 64_000_000
    """Of an image."""
    seconds: float = 8.0
    """Of CPU time."""


class Box(NamedTuple):
    """A rectangle on a page, from its top left corner: in points, of an image in pixels."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a PDF, a slide, a frame of an image."""

    number: int
    """1 for the first."""
    start: int
    """Where it begins in the document's text, in Unicode code points, as all offsets are."""
    end: int
    text: str
    width: float | None
    """In points (1/72 inch), of an image in pixels; None where the format does not say."""
    height: float | None
    needs_vision: bool
    """It has no usable text, as in a scan: to be read, it must be seen."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or another part of the text."""

    kind: Kind
    level: int | None
    """Of a heading, 1 for the outermost; else None."""
    start: int
    end: int
    text: str
    page: int | None
    """The number of its page; None where the format has no pages."""
    box: Box | None
    """None where the format does not say."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table that holds something."""

    row: int
    """0 for the header, which is the first row."""
    column: int
    start: int
    end: int
    text: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table in the text, where it is written with pipes."""

    start: int
    end: int
    page: int | None
    box: Box | None
    cells: list[Cell]

    @property
    def rows(self) -> list[list[str]]:
        """The texts of all cells, row by row; empty where a cell holds nothing."""
        width = 1 + max((cell.column for cell in self.cells), default=-1)
        height = 1 + max((cell.row for cell in self.cells), default=-1)
        rows = [[""] * width for _ in range(height)]
        for cell in self.cells:
            rows[cell.row][cell.column] = cell.text
        return rows


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of the text stands: a line on a page, or a block of a format without boxes."""

    start: int
    end: int
    page: int | None
    box: Box | None


@dataclass(frozen=True, slots=True, repr=False)
class Attachment:
    """A file that came with an e-mail."""

    name: str
    """Empty where the e-mail does not say."""
    media_type: str
    """Such as `application/pdf`."""
    data: bytes

    def read(self) -> Document:
        """The attachment as a document; raises FileError."""
        return read((self.name or "attachment", self.data))

    def __repr__(self) -> str:
        return f"Attachment({self.name!r}, {self.media_type!r}, {len(self.data):,} bytes)"


@dataclass(frozen=True, slots=True)
class Measure:
    """The size of a source, before anything is spent on it."""

    pages: int
    """Of a PDF, slides, frames of an image; 0 where the format has none."""
    rows: int
    """That are asked for, each by itself: the records of a table, 1 for a document."""
    characters: int
    """Of all rows."""
    tokens: int
    """Estimated, of the text (a token is about 4 letters of English, 2 digits or letters of other
    alphabets, a character of Chinese, Japanese or Korean) and of images (1,500 each)."""
    vision_pages: list[int]
    """The numbers of the pages that have no usable text and would have to be seen."""


class Document:
    """What was read: a text in reading order, every part of which can be found on its page.

    Made by `structx.read`. All methods of an Extractor take it as `data`. It pickles. Offsets are
    in Unicode code points of `text`: `document.text[block.start:block.end] == block.text`.
    """

    def __init__(self, core: _core.Document) -> None:
        self._core = core

    @property
    def name(self) -> str:
        """The file's name; `text` for a text."""
        return self._core.name

    @property
    def format(self) -> str | None:
        """What was read, such as `pdf`, `docx`, `json_lines`; None for a text."""
        return self._core.format

    @cached_property
    def text(self) -> str:
        """The whole text: Markdown for headings, lists and tables.

        Each page but the first begins with a marker, `[page 2]`, in a paragraph of its own; it is
        part of no page, so that `"".join(page.text for page in pages)` has none.
        """
        return self._core.text

    @property
    def warnings(self) -> list[str]:
        """What was noticed while it was read."""
        return self._core.warnings

    @cached_property
    def pages(self) -> list[Page]:
        """Of a PDF, a presentation or an image; empty for formats without pages."""
        return [
            Page(number, start, end, self.text[start:end], *(size or (None, None)), needs_vision)
            for number, start, end, size, needs_vision in self._core.pages()
        ]

    @cached_property
    def blocks(self) -> list[Block]:
        """The parts of the text in its order."""
        return [
            Block(kind, level, start, end, self.text[start:end], page, _box(box))
            for kind, level, start, end, page, box in self._core.blocks()
        ]

    @cached_property
    def tables(self) -> list[Table]:
        """In the order of the text."""
        return [
            Table(start, end, page, _box(box), [self._cell(*cell) for cell in cells])
            for start, end, page, box, cells in self._core.tables()
        ]

    @cached_property
    def attachments(self) -> list[Attachment]:
        """Of an e-mail; else empty."""
        return [Attachment(*attachment) for attachment in self._core.attachments()]

    def locate(self, start: int, end: int) -> list[Place]:
        """Where the characters from `start` up to `end` stand, in the order of the text.

        A place for each line on a page where the format has boxes, else for each block. What
        structx has put in (markers of pages, pipes of tables) stands nowhere. Raises ValueError
        unless `0 <= start <= end`.
        """
        if not 0 <= start <= end:
            raise ValueError(f"start and end must be offsets of the text, not {start} and {end}")
        return [Place(*place[:3], _box(place[3])) for place in self._core.locate(start, end)]

    @property
    def source(self) -> _core.Prepared:
        """The content, as the core keeps it."""
        return self._core.source

    def _cell(
        self, row: int, column: int, start: int, end: int, box: tuple[float, ...] | None
    ) -> Cell:
        return Cell(row, column, start, end, self.text[start:end], _box(box))

    def __reduce__(self) -> tuple[Callable[..., Document], tuple[bytes, bytes | None]]:
        return _restore, self._core.state()

    def __repr__(self) -> str:
        # Without its text: a repr ends up in logs.
        pages = f", {len(self.pages):,} pages" if self.pages else ""
        return f"Document({self.name!r}, {self.format}{pages}, {len(self.text):,} characters)"

    def _repr_html_(self) -> str:
        from structx._engine import html

        counts = {
            "pages": len(self.pages),
            "tables": len(self.tables),
            "characters": len(self.text),
        }
        return html.of_document(self.name, counts, self.warnings, self.text)


def read(
    source: Data | tuple[str, bytes],
    *,
    mode: Mode = "auto",
    password: str | None = None,
    limits: DocumentLimits | None = None,
    **table_options: Any,
) -> Document:
    """Read a document by itself; no model is asked.

    Args:
        source: a path; the content of a file as bytes, or as a binary file object, or with its name
            as `("invoice.pdf", b"...")`; a text; or other data as `Extractor.extract` takes it. A
            string is a path by the rule that `extract` has.
        mode: for a PDF. `text`: a NoTextLayerError where no page has usable text. The others read
            it all the same; see `Extractor.extract` for what a model is given.
        password: of a protected PDF.
        limits: what it may cost; default: those of `DocumentLimits`.
        table_options: how a file of records is read; see `FileReader.read_file`.

    Returns:
        The document; of a table, its Markdown.

    Raises:
        PasswordRequiredError, CorruptFileError, LimitExceededError, UnsupportedFileError,
        NoTextLayerError, FileError: it can't be read, or an option is wrong. All are FileErrors.
        TypeError, ValueError: the data is of another kind, or has no form in JSON.
    """
    given = _given(source, mode, password, limits, table_options)
    return Document(_core.reading_document(given).wait())


async def read_async(
    source: Data | tuple[str, bytes],
    *,
    mode: Mode = "auto",
    password: str | None = None,
    limits: DocumentLimits | None = None,
    **table_options: Any,
) -> Document:
    """`read` for asyncio: it reads on a thread of its own, without the GIL."""
    given = await _given_async(source, mode, password, limits, table_options)
    return Document(await _core.reading_document(given).start())


def measure(
    source: Data | tuple[str, bytes],
    *,
    mode: Mode = "auto",
    password: str | None = None,
    limits: DocumentLimits | None = None,
    **table_options: Any,
) -> Measure:
    """The size of a source, before anything is spent. Arguments and errors as those of `read`."""
    given = _given(source, mode, password, limits, table_options)
    return Measure(*_core.measuring(given).wait())


async def measure_async(
    source: Data | tuple[str, bytes],
    *,
    mode: Mode = "auto",
    password: str | None = None,
    limits: DocumentLimits | None = None,
    **table_options: Any,
) -> Measure:
    """`measure` for asyncio."""
    given = await _given_async(source, mode, password, limits, table_options)
    return Measure(*await _core.measuring(given).start())


async def _given_async(source: Data | tuple[str, bytes], *how: Any) -> Encoded:
    """The source as the core reads it; long work of Python's part is not done on the loop."""
    given = partial(_given, source, *how)
    return await in_thread(given) if is_large(source) else given()


def _given(
    source: Data | tuple[str, bytes],
    mode: Mode,
    password: str | None,
    limits: DocumentLimits | None,
    table_options: Mapping[str, Any],
) -> Encoded:
    own = {"mode": mode, "password": password, "limits": limits}
    options = {name: value for name, value in own.items() if value is not None}
    return source_of(source, {**options, **table_options}).input


def _restore(content: bytes, original: bytes | None) -> Document:
    return Document(_core.Document.restore(content, original))


def _box(box: tuple[float, ...] | None) -> Box | None:
    return None if box is None else Box(*box)
