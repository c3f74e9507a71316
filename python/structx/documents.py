"""Reads documents without a model: text in reading order, and its positions on the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from structx import _core
from structx._engine.help import async_form
from structx._engine.inputs import source_of
from structx._engine.sizes import is_large
from structx._engine.threads import in_thread
from structx.document_parts import Block, Box, Cell, Page, Place, Table, Word

if TYPE_CHECKING:
    from structx._engine.source import Encoded
    from structx.inputs import OneSource

__all__ = [
    "Attachment",
    "Block",
    "Box",
    "Cell",
    "Document",
    "DocumentLimits",
    "Measure",
    "Page",
    "Place",
    "Table",
    "Word",
    "measure",
    "measure_async",
    "read",
    "read_async",
]

Mode: TypeAlias = Literal["auto", "text", "vision", "file"]
Ocr: TypeAlias = Literal["auto", "never", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """Limits for reading one document; exceeding one is a LimitExceededError.

    Examples:
        >>> small = structx.DocumentLimits(pages=20, seconds=2)
        >>> structx.read(invoice, limits=small).name
        'S0305SampleInvoice.pdf'
    """

    bytes: int = 100 << 20
    """Bytes of the file; a CSV or TSV file may have three times as many."""
    unpacked_bytes: int = 256 << 20
    """Unpacked bytes of a compressed file (.docx, .xlsx, .epub, ...)."""
    inflate_ratio: int = 200
    """Ratio of unpacked to packed bytes of a part that unpacks to more than 1 MiB."""
    entries: int = 10_000
    """Files in an archive, or parts of an e-mail."""
    depth: int = 256
    """Levels of nested elements or e-mails; at most 128 for JSON."""
    pages: int = 5_000
    """Pages of a PDF, frames of an image."""
    glyphs: int = 20_000_000
    """Glyphs that a PDF draws, visible or not."""
    characters: int = 10_000_000
    """Characters of a document's text, or of the texts of all rows of a table together."""
    cells: int = 3_200_000
    """Cells of a table, including empty ones. Ten cells of a CSV or TSV file count as one, so that
    a million rows of 30 columns are within the limit, and there a row counts as a cell more. The
    cells of a table within a document count three times."""
    pixels: int = 64_000_000
    """Pixels of an image."""
    seconds: float = 8.0
    """Seconds of CPU time, without those of text recognition (OCR)."""
    ocr_pages: int = 200
    """Pages whose text is recognised; further ones stay unread, with a warning."""
    ocr_seconds: float = 60.0
    """Seconds of text recognition for one page; lines not read by then are left out, with a
    warning."""


@dataclass(frozen=True, slots=True, repr=False)
class Attachment:
    """A file attached to an e-mail."""

    name: str
    """The name; empty if the e-mail has none."""
    media_type: str
    """The media type, such as `application/pdf`."""
    data: bytes

    def read(self) -> Document:
        """Reads the attachment as a document; raises FileError."""
        return read((self.name or "attachment", self.data))

    def __repr__(self) -> str:
        return f"Attachment({self.name!r}, {self.media_type!r}, {len(self.data):,} bytes)"


@dataclass(frozen=True, slots=True)
class Measure:
    """The size of a source."""

    pages: int
    """Pages of a PDF, slides, frames of an image, sheets; 0 for formats without pages."""
    rows: int
    """Rows that an extraction would request: the records of a table, 1 for a document."""
    characters: int
    """Characters of all rows."""
    tokens: int
    """Estimated tokens of the text (a token is about 4 letters of English, 2 digits or letters of
    other alphabets, 1 character of Chinese, Japanese or Korean) and of images (1,500 each)."""
    vision_pages: list[int]
    """The numbers of the pages without usable text, which only a vision model can read."""


class Document:
    """A document that was read: its text in reading order, with the positions of all parts.

    `structx.read` returns it, and all methods of an Extractor accept it as `data`. It pickles.
    Offsets are in Unicode code points: `document.text[block.start:block.end] == block.text`.

    Examples:
        >>> document = structx.read(invoice)
        >>> document.pages[0].number, document.tables[0].rows[0][:3]
        (1, ['Bill to:', 'Invoice number:', 'HPB-20417'])
        >>> document.locate(0, 9)[0].page
        1
    """

    def __init__(self, core: _core.Document) -> None:
        self._core = core

    @property
    def name(self) -> str:
        """The name of the file; `text` for a text."""
        return self._core.name

    @property
    def format(self) -> str | None:
        """The format, such as `pdf`, `docx` or `json_lines`; None for a text."""
        return self._core.format

    @cached_property
    def text(self) -> str:
        """The whole text, with headings, lists and tables as Markdown.

        Before each page but the first is a marker such as `[page 2]`, as a paragraph. Markers
        belong to no page, so that `"".join(page.text for page in pages)` contains none.
        """
        return self._core.text

    @property
    def warnings(self) -> list[str]:
        """Warnings of the reader."""
        return self._core.warnings

    @cached_property
    def pages(self) -> list[Page]:
        """The pages of a PDF, a presentation or an image, the sheets of a workbook; empty for other
        formats."""
        return [Page(**page, text=self._part(page)) for page in self._core.pages()]

    @cached_property
    def words(self) -> list[Word]:
        """The words with a box, in the order of the text; empty for formats without boxes.

        Example: the recognised words of a scan that should be checked are
        `[word for word in document.words if (word.score or 1) < 0.8]`.
        """
        return [
            Word(
                raw["start"],
                raw["end"],
                self._part(raw),
                raw["page"],
                Box(*raw["box"]),
                raw["score"],
            )
            for raw in self._core.words()
        ]

    @cached_property
    def blocks(self) -> list[Block]:
        """The parts of the text, in its order."""
        return [
            Block(
                raw["kind"],
                raw["level"],
                raw["start"],
                raw["end"],
                self._part(raw),
                raw["page"],
                _box(raw["box"]),
                raw["address"],
            )
            for raw in self._core.blocks()
        ]

    @cached_property
    def tables(self) -> list[Table]:
        """The tables, in the order of the text."""
        tables: list[Table] = []
        for raw in self._core.tables():
            cells = [self._cell(cell, raw["page"]) for cell in raw["cells"]]
            if raw["continues"] and tables:
                last = tables[-1]
                tables[-1] = replace(last, end=raw["end"], cells=last.cells + cells)
                continue
            box, address = _box(raw["box"]), raw["address"]
            tables.append(Table(raw["start"], raw["end"], raw["page"], box, cells, address))
        return tables

    @cached_property
    def attachments(self) -> list[Attachment]:
        """The attachments of an e-mail; empty for other formats."""
        return [Attachment(**attachment) for attachment in self._core.attachments()]

    def locate(self, start: int, end: int) -> list[Place]:
        """Locates the characters from `start` up to `end`, in the order of the text.

        Returns a place for each line on a page, for each cell of a workbook that is read as a
        document, or for each block if the format has no boxes. Text
        that structx inserted (markers of pages, pipes of tables) has no place. Raises ValueError
        unless `0 <= start <= end`.
        """
        if not 0 <= start <= end:
            raise ValueError(f"start and end must be offsets of the text, not {start} and {end}")
        return [
            Place(raw["start"], raw["end"], raw["page"], _box(raw["box"]), raw["address"])
            for raw in self._core.locate(start, end)
        ]

    @property
    def source(self) -> _core.Prepared:
        """The content, as the core stores it."""
        return self._core.source

    def _cell(self, raw: _core.RawCell, page: int | None) -> Cell:
        start, end, box = raw["start"], raw["end"], _box(raw["box"])
        text, address = self._part(raw), raw["address"]
        return Cell(raw["row"], raw["column"], start, end, text, box, address, page)

    def _part(self, raw: _core.RawPage | _core.RawWord | _core.RawBlock | _core.RawCell) -> str:
        return self.text[raw["start"] : raw["end"]]

    def __reduce__(self) -> tuple[Callable[..., Document], tuple[bytes, bytes | None]]:
        return _restore, self._core.state()

    def __repr__(self) -> str:
        # Without the text, since a repr may end up in logs.
        count = len(self.pages)
        pages = f", {count:,} page{'' if count == 1 else 's'}" if count else ""
        return f"Document({self.name!r}, {self.format}{pages}, {len(self.text):,} characters)"

    def _repr_html_(self) -> str:
        from structx._engine import html, page_html

        counts = {
            "pages": len(self.pages),
            "tables": len(self.tables),
            "characters": len(self.text),
        }
        pages = page_html.of_pages(self._core.source)
        return html.of_document(self.name, counts, self.warnings, self.text, pages)


def read(
    source: OneSource,
    *,
    mode: Mode = "auto",
    password: str | None = None,
    limits: DocumentLimits | None = None,
    pages: int | str | Sequence[int] | None = None,
    ocr: Ocr = "auto",
    ocr_languages: Sequence[str] = (),
    **table_options: Any,
) -> Document:
    """Reads a document without a model.

    Args:
        source: a path; the content of a file as bytes, as a binary file object, or with its name
            as `("invoice.pdf", b"...")`; a text; or other data that `Extractor.extract` accepts.
            The rule of `extract` decides whether a string is a path.
        mode: for a PDF, with `text` a file whose pages have no usable text is a NoTextLayerError;
            with other modes it is read. `Extractor.extract` describes their effect on a model.
        password: the password of an encrypted PDF.
        limits: the limits. Default: `DocumentLimits()`.
        pages: the pages of a PDF, image or presentation, or the sheets of a workbook read as a
            document: a number from 1, several, or ranges such as `"1-3,7"` or `"5-"`. They keep
            their numbers. Default: all.
        ocr: which pages of PDFs and images have their text recognised: with `auto`, those without
            usable text or with a scanned part, if `structx models pull ocr` was run; with `always`,
            all, in place of the text of the file; with `never`, none.
        ocr_languages: the languages of scans, such as `["de", "fr"]`. Default: all that text
            recognition knows.
        table_options: options for tabular files; see `FileReader.read_file`. `read_as="document"`
            reads every sheet of a workbook as a page.

    Returns:
        The document; a table becomes Markdown.

    Raises:
        FileError: it can't be read, or an option is wrong. The subclass names the reason:
            PasswordRequiredError, CorruptFileError, LimitExceededError, UnsupportedFileError,
            NoTextLayerError.
        TypeError: the type of the data is not supported.
        ValueError: JSON can't express the data.

    Examples:
        >>> structx.read(invoice).format
        'pdf'
        >>> structx.read(("notes.md", b"# Notes")).blocks[0].kind
        'heading'
    """
    options = {**table_options, **_own(pages, ocr, ocr_languages)}
    given = _given(source, mode, password, limits, options)
    return Document(_core.reading_document(given).wait())


@async_form(read)
async def read_async(
    source: OneSource,
    *,
    mode: Mode = "auto",
    password: str | None = None,
    limits: DocumentLimits | None = None,
    pages: int | str | Sequence[int] | None = None,
    ocr: Ocr = "auto",
    ocr_languages: Sequence[str] = (),
    **table_options: Any,
) -> Document:
    """`read` for asyncio: reads in another thread, without the GIL.

    Examples:
        >>> import asyncio
        >>> asyncio.run(structx.read_async(invoice)).format
        'pdf'
    """
    options = {**table_options, **_own(pages, ocr, ocr_languages)}
    given = await _given_async(source, mode, password, limits, options)
    return Document(await _core.reading_document(given).start())


def measure(
    source: OneSource,
    *,
    mode: Mode = "auto",
    password: str | None = None,
    limits: DocumentLimits | None = None,
    **table_options: Any,
) -> Measure:
    """Measures a source without a model, and without recognising the text of its scans unless
    `ocr="always"`. Arguments and errors are those of `read`.

    Examples:
        >>> size = structx.measure(invoice)
        >>> size.pages, size.vision_pages
        (1, [])
    """
    given = _given(source, mode, password, limits, table_options)
    return Measure(*_core.measuring(given).wait())


@async_form(measure)
async def measure_async(
    source: OneSource,
    *,
    mode: Mode = "auto",
    password: str | None = None,
    limits: DocumentLimits | None = None,
    **table_options: Any,
) -> Measure:
    """`measure` for asyncio.

    Examples:
        >>> import asyncio
        >>> asyncio.run(structx.measure_async(invoice)).pages
        1
    """
    given = await _given_async(source, mode, password, limits, table_options)
    return Measure(*await _core.measuring(given).start())


def _own(
    pages: int | str | Sequence[int] | None, ocr: Ocr, languages: Sequence[str]
) -> dict[str, Any]:
    """The options that only some files take, without those that were not given."""
    if pages is not None and not isinstance(pages, (int, str)):
        pages = [*pages]
    own = {
        "pages": pages,
        "ocr": None if ocr == "auto" else ocr,
        "ocr_languages": [*languages] or None,
    }
    return {name: value for name, value in own.items() if value is not None}


async def _given_async(source: OneSource, *how: Any) -> Encoded:
    """The source as the core reads it; long work of Python's part is not done on the loop."""
    given = partial(_given, source, *how)
    return await in_thread(given) if is_large(source) else given()


def _given(
    source: OneSource,
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
