"""Hostile files of each compressed format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator

import ole
import samples
from bombs import archive_of, bomb, with_entries, with_part
from samples import docx_of, epub, opendocument, xlsb_of, xlsx_of, zipped

Made = tuple[str, Callable[[], bytes]]

# The part of each format with the text, and the filler that makes it long.
PARTS: dict[str, tuple[str, bytes]] = {
    "letter.docx": ("word/document.xml", b"<w:p><w:r><w:t>text</w:t></w:r></w:p>"),
    "slides.pptx": ("ppt/slides/slide1.xml", b"<a:p><a:r><a:t>text</a:t></a:r></a:p>"),
    "book.xlsx": ("xl/worksheets/sheet1.xml", b'<row><c t="n"><v>1</v></c></row>'),
    "book.xlsb": ("xl/worksheets/sheet1.bin", b"\x00\x00"),
    "book.ods": ("content.xml", b"<table:table-row><table:table-cell/></table:table-row>"),
    "letter.odt": ("content.xml", b"<text:p>text</text:p>"),
    "slides.odp": ("content.xml", b"<text:p>text</text:p>"),
    "novel.epub": ("c.xhtml", b"<p>text</p>"),
}


def files(depth: int, unpacked: int) -> Iterator[Made]:
    """The files by name, made on demand."""
    for name, (part, filler) in PARTS.items():
        yield from _bombs(name, part, filler, unpacked)
        yield f"entries-{name}", lambda name=name: with_entries(_sample(name), depth)
        yield f"twice-{name}", lambda name=name: _twice(_sample(name))
        if not part.endswith(".bin"):
            yield f"laughs-{name}", lambda name=name, part=part: _laughs(_sample(name), part)
            yield f"deep-{name}", lambda name=name, part=part: _deep(_sample(name), part, depth)
    yield from _far_cells()
    yield from _repeats(depth)
    yield from _nested(depth)


def _sample(name: str) -> bytes:
    return samples.samples()[name]


def _part(file: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return archive.read(name)


def _bombs(name: str, part: str, filler: bytes, unpacked: int) -> Iterator[Made]:
    def made(filler: bytes, told: int | None = None) -> bytes:
        file = _sample(name)
        plain = _part(file, part)
        # After the first element of the text, where the filler is valid.
        where = plain.find(filler[: filler.find(b">")].split(b" ")[0])
        start, end = plain[: max(where, 0)], plain[max(where, 0) :]
        return with_part(file, part, bomb(start, filler, end, unpacked), told=told)

    yield f"bomb-{name}", lambda: made(filler)
    yield f"bomb-of-spaces-{name}", lambda: made(b" ")
    yield f"bomb-that-lies-{name}", lambda: made(filler, told=100)


def _twice(file: bytes) -> bytes:
    """Puts each part into the archive twice."""
    entries: list[tuple[str, int, bytes, int, int]] = []
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        for info in archive.infolist():
            plain = archive.read(info)
            entries.append((info.filename, 0, plain, info.file_size, info.CRC))
    return archive_of(entries * 2)


def _replaced(file: bytes, part: str, text: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**parts, part: text})


def laughs(xml: bytes) -> bytes:
    """Adds an entity that expands a billion times."""
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    declaration, rest = xml.split(b"?>", 1)
    root = rest[1:].split(b" ")[0].split(b">")[0]
    text = rest.replace(b"quick", b"&a9;").replace(b">name<", b">&a9;<")
    return declaration + b"?><!DOCTYPE %s [%s]>%s" % (root, entities.encode(), text)


def _laughs(file: bytes, part: str) -> bytes:
    return _replaced(file, part, laughs(_part(file, part)))


def _deep(file: bytes, part: str, depth: int) -> bytes:
    """Nests the first element inside the root's many times."""
    plain = _part(file, part)
    where = plain.index(b"<", plain.index(b"<", 40) + 1)
    name = plain[where + 1 :].replace(b">", b" ").split(b" ")[0]
    deep = b"<%s>" % name * depth + b"text" + b"</%s>" % name * depth
    return _replaced(file, part, plain[:where] + deep + plain[where:])


def _far_cells() -> Iterator[Made]:
    far = '<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row>'
    near = '<row r="1"><c r="A1" t="n"><v>1</v></c></row>'
    past = '<row r="4294967295"><c r="ZZZZZZZ99999999999" t="n"><v>1</v></c></row>'
    merged = '</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells><sheetData>'
    repeated = 'table:number-rows-repeated="1048576"', 'table:number-columns-repeated="16384"'
    cell = '<table:table-cell {} office:value-type="string"><text:p>a</text:p></table:table-cell>'

    def sheet(rows: str) -> bytes:
        return opendocument("spreadsheet", f'<table:table table:name="One">{rows}</table:table>')

    yield "far.xlsx", lambda: xlsx_of(far)
    yield "near-and-far.xlsx", lambda: xlsx_of(near + far)
    yield "past-the-end.xlsx", lambda: xlsx_of(near + past)
    yield "merged.xlsx", lambda: xlsx_of(near + merged)
    yield "near-and-far.xlsb", lambda: xlsb_of({(0, 0): "a", (1_048_575, 16_383): "b"})
    yield "past-the-end.xlsb", lambda: xlsb_of({(0, 0): "a", (2**32 - 1, 2**32 - 1): "b"})
    yield "near-and-far.xls", lambda: ole.xls_of({(0, 0): "a", (65_535, 65_535): "b"})
    for name, (rows, columns) in {
        "rows": (repeated[0], ""),
        "columns": ("", repeated[1]),
        "both": repeated,
        "past-the-end": (repeated[0].replace("1048576", "9" * 18), repeated[1]),
    }.items():
        row = f"<table:table-row {rows}>{cell.format(columns)}</table:table-row>"
        yield f"repeated-{name}.ods", lambda row=row: sheet(row)
        yield (
            f"repeated-{name}.odt",
            lambda row=row: opendocument("text", f"<table:table>{row}</table:table>"),
        )


def _repeats(depth: int) -> Iterator[Made]:
    """Short forms that expand to many characters."""
    spaces = '<text:p>a<text:s text:c="2000000000"/>b</text:p>'
    span = '<table:table-cell table:number-columns-spanned="2000000000" />'
    cell = '<w:tc><w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr><w:p/></w:tc>'
    yield "spaces.odt", lambda: opendocument("text", spaces)
    yield (
        "spaces.ods",
        lambda: opendocument(
            "spreadsheet",
            f"<table:table><table:table-row><table:table-cell>{spaces}</table:table-cell>"
            "</table:table-row></table:table>",
        ),
    )
    yield (
        "span.odt",
        lambda: opendocument(
            "text", f"<table:table><table:table-row>{span}</table:table-row></table:table>"
        ),
    )
    yield "span.docx", lambda: docx_of(f"<w:tbl><w:tr>{cell * 9}</w:tr></w:tbl>")
    yield "spine.epub", lambda: _spine(depth)
    yield (
        "cells.docx",
        lambda: docx_of(
            f"<w:tbl><w:tr>{'<w:tc><w:p/></w:tc>' * depth}</w:tr>{'<w:tr/>' * depth}</w:tbl>"
        ),
    )


def _spine(depth: int) -> bytes:
    """A book that lists one chapter of a hundred kilobytes many times."""
    book = epub([samples.WORDS * 1000])
    plain = _part(book, "book.opf")
    return _replaced(
        book, "book.opf", plain.replace(b"<spine>", b"<spine>" + b'<itemref idref="c"/>' * depth)
    )


def _nested(depth: int) -> Iterator[Made]:
    """Elements that may contain themselves according to their format."""
    table = "<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"
    listed = "<text:list><text:list-item>", "</text:list-item></text:list>"
    rows = "<table:table><table:table-row><table:table-cell>"
    ends = "</table:table-cell></table:table-row></table:table>"
    text = "<text:p>text</text:p>"
    paragraph = "<w:p><w:r><w:t>text</w:t></w:r></w:p>"
    few = depth // 10
    yield "tables.docx", lambda: docx_of(table[0] * few + paragraph + table[1] * few)
    yield "lists.odt", lambda: opendocument("text", listed[0] * few + text + listed[1] * few)
    yield "tables.odt", lambda: opendocument("text", rows * few + text + ends * few)
    yield (
        "sections.odt",
        lambda: opendocument("text", "<text:section>" * few + text + "</text:section>" * few),
    )
    yield "divs.epub", lambda: epub([], b"<html><body>" + b"<div>" * depth + b"text")
    yield "tables.epub", lambda: epub([], b"<html><body>" + b"<table><tr><td>" * few + b"text")
