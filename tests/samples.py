"""Makes a small valid file of each format, for tests, fuzzing and benchmarks."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import ole

WORDS = "The quick brown fox jumps over the lazy dog while seven clever wizards mix strong potions."
_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_OFFICE = "http://schemas.openxmlformats.org"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def samples() -> dict[str, bytes]:
    """The files by name."""
    lines = [f"{number}. {WORDS}" for number in range(1, 9)]
    text = "\n\n".join(lines)
    rows = [("name", "price", "since"), ("Ann", "1.50", "2024-01-31"), ("Bob", "22", "2023-12-01")]
    return {
        "text.txt": text.encode(),
        "markdown.md": f"# Title\n\n{text}\n\n- one\n- two\n\n| a | b |\n| - | - |\n".encode(),
        "page.html": html(lines),
        "data.xml": (
            _XML + "".join(f'<list n="{line[0]}">{line}' for line in lines) + "</list>" * 8
        ).encode(),
        "letter.rtf": rtf(lines),
        "table.csv": "\n".join(",".join(row) for row in rows).encode(),
        "table.tsv": "\n".join("\t".join(row) for row in rows).encode(),
        "data.json": b'[{"a": 1, "b": {"c": [1.5, null, "x"]}}, {"a": 2, "b": "y"}]',
        "data.jsonl": b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
        "report.pdf": pdf([page_of(lines), page_of(lines[:3])]),
        "packed.pdf": pdf([page_of(lines)], packed=True),
        "letter.docx": docx(lines),
        "slides.pptx": pptx(lines),
        "letter.doc": ole.doc(text),
        "slides.ppt": ole.ppt(lines),
        "book.xlsx": xlsx(rows),
        "book.xlsb": xlsb(rows),
        "book.xls": ole.xls(rows),
        "book.ods": ods(rows),
        "letter.odt": opendocument("text", "".join(f"<text:p>{line}</text:p>" for line in lines)),
        "slides.odp": odp(lines),
        "novel.epub": epub(lines),
        "mail.eml": mail(text),
        "image.png": png(32, 16),
        "image.bmp": bmp(32, 16),
        "image.gif": base64.b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=="),
        "image.tiff": tiff(32, 16),
    }


def stream(content: bytes, entries: str = "") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries.encode(), content)


def page_of(lines: Sequence[str]) -> bytes:
    """The content of a page with one text per line."""
    shown = [f"BT /F1 9 Tf 40 {760 - 14 * n} Td ({line}) Tj ET" for n, line in enumerate(lines)]
    return "\n".join(shown).encode()


def pdf(
    contents: Sequence[bytes],
    *,
    media: str = "0 0 595 842",
    resources: str = "",
    more: Sequence[bytes] = (),
    packed: bool = False,
) -> bytes:
    """A PDF with these page contents; `more` objects have numbers from 4."""
    first = 4 + len(more)
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *more,
    ]
    for number, content in enumerate(contents):
        page = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{media}] /Contents {first + 2 * number + 1} "
            f"0 R /Resources << /Font << /F1 3 0 R >> {resources} >> >>"
        )
        objects.append(page.encode())
        flate = "/Filter /FlateDecode" if packed else ""
        objects.append(stream(zlib.compress(content) if packed else content, flate))
    return pdf_of(objects)


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects; the first is the catalogue."""
    file = io.BytesIO()
    file.write(b"%PDF-1.7\n")
    offsets: list[int] = []
    for number, body in enumerate(objects, 1):
        offsets.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    file.write(b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1))
    file.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return file.getvalue()


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            # ZipInfo has a fixed time, so that the bytes are the same on each run. `mimetype` is
            # stored, since readers look for it at the beginning of the file.
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), part, method)
    return file.getvalue()


def _office(parts: Mapping[str, tuple[str, str | bytes]], *links: tuple[str, str]) -> bytes:
    """An Office file of parts by name, each with its type and content.

    The first is the main part; `links` are its relationships, each with a kind and a target.
    """
    types = "".join(
        f'<Override PartName="/{name}" ContentType="application/vnd.{kind}"/>'
        for name, (kind, _) in parts.items()
    )
    main = next(iter(parts))
    folder, name = main.split("/")
    return zipped(
        {
            "[Content_Types].xml": f'{_XML}<Types xmlns="{_OFFICE}/package/2006/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
            "_rels/.rels": _relations(("officeDocument", main)),
            f"{folder}/_rels/{name}.rels": _relations(*links),
            **{name: content for name, (_, content) in parts.items()},
        }
    )


def _relations(*links: tuple[str, str]) -> str:
    kinds = f"{_OFFICE}/officeDocument/2006/relationships"
    each = (
        f'<Relationship Id="rId{n}" Type="{kinds}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(links, 1)
    )
    schema = f"{_OFFICE}/package/2006/relationships"
    return f'{_XML}<Relationships xmlns="{schema}">{"".join(each)}</Relationships>'


def docx(lines: Sequence[str]) -> bytes:
    return docx_of("".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines))


def docx_of(body: str) -> bytes:
    """A Word document with this body."""
    kind = "openxmlformats-officedocument.wordprocessingml.document.main+xml"
    schema = f"{_OFFICE}/wordprocessingml/2006/main"
    text = f'{_XML}<w:document xmlns:w="{schema}"><w:body>{body}</w:body></w:document>'
    return _office({"word/document.xml": (kind, text)})


def pptx(lines: Sequence[str]) -> bytes:
    kind = "openxmlformats-officedocument.presentationml"
    schemas = (
        f'xmlns:a="{_OFFICE}/drawingml/2006/main" xmlns:p="{_OFFICE}/presentationml/2006/main" '
        f'xmlns:r="{_OFFICE}/officeDocument/2006/relationships"'
    )
    text = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in lines)
    names = '<p:nvSpPr><p:cNvPr id="2" name="a"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
    deck = '<p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst>'
    slide = f"<p:cSld><p:spTree><p:sp>{names}<p:txBody>{text}</p:txBody></p:sp></p:spTree></p:cSld>"
    parts = {
        "ppt/presentation.xml": (
            f"{kind}.presentation.main+xml",
            f"{_XML}<p:presentation {schemas}>{deck}</p:presentation>",
        ),
        "ppt/slides/slide1.xml": (f"{kind}.slide+xml", f"{_XML}<p:sld {schemas}>{slide}</p:sld>"),
    }
    return _office(parts, ("slide", "slides/slide1.xml"))


def xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    cells = [
        "".join(f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in row) for row in rows
    ]
    return xlsx_of("".join(f"<row>{row}</row>" for row in cells))


def xlsx_of(rows: str) -> bytes:
    """A workbook with one sheet of these rows."""
    kind = "openxmlformats-officedocument.spreadsheetml"
    schema = f"{_OFFICE}/spreadsheetml/2006/main"
    relations = f"{_OFFICE}/officeDocument/2006/relationships"
    parts = {
        "xl/workbook.xml": (
            f"{kind}.sheet.main+xml",
            f'{_XML}<workbook xmlns="{schema}" xmlns:r="{relations}"><sheets>'
            '<sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>',
        ),
        "xl/worksheets/sheet1.xml": (
            f"{kind}.worksheet+xml",
            f'{_XML}<worksheet xmlns="{schema}"><sheetData>{rows}</sheetData></worksheet>',
        ),
    }
    return _office(parts, ("worksheet", "worksheets/sheet1.xml"))


def xlsb(rows: Sequence[Sequence[str]]) -> bytes:
    return xlsb_of({(y, x): value for y, row in enumerate(rows) for x, value in enumerate(row)})


def xlsb_of(cells: Mapping[tuple[int, int], str]) -> bytes:
    """A binary workbook with texts by row and column."""

    def record(kind: int, body: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        assert len(body) < 1 << 14
        return head + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    def row_of(number: int) -> bytes:
        head = struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0)
        values = (
            record(6, struct.pack("<II", column, 0) + wide(value))
            for (row, column), value in sorted(cells.items())
            if row == number
        )
        return record(0, head) + b"".join(values)

    far = max(row for row, _ in cells), max(column for _, column in cells)
    body = b"".join(row_of(number) for number in sorted({row for row, _ in cells}))
    sheet = record(129) + record(148, struct.pack("<IIII", 0, far[0], 0, far[1]))
    sheet += record(145) + body + record(146) + record(130)
    bundle = struct.pack("<II", 0, 1) + wide("rId1") + wide("One")
    book = record(131) + record(143) + record(156, bundle) + record(144) + record(132)
    parts = {
        "xl/workbook.bin": ("ms-excel.sheet.binary.macroEnabled.main", book),
        "xl/worksheets/sheet1.bin": ("ms-excel.worksheet", sheet),
    }
    return _office(parts, ("worksheet", "worksheets/sheet1.bin"))


def opendocument(kind: str, body: str) -> bytes:
    """A `text`, `spreadsheet` or `presentation` with this body."""
    schemas = " ".join(
        f'xmlns:{name}="{_OASIS}:{name if name != "draw" else "drawing"}:1.0"'
        for name in ("office", "text", "table", "draw")
    )
    media = f"application/vnd.oasis.opendocument.{kind}"
    manifest = f"{_OASIS}:manifest:1.0"
    return zipped(
        {
            "mimetype": media,
            "META-INF/manifest.xml": f'{_XML}<m:manifest xmlns:m="{manifest}">'
            f'<m:file-entry m:full-path="/" m:media-type="{media}"/></m:manifest>',
            "content.xml": f"{_XML}<office:document-content {schemas}><office:body><office:{kind}>"
            f"{body}</office:{kind}></office:body></office:document-content>",
        }
    )


def ods(rows: Sequence[Sequence[str]]) -> bytes:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = ("".join(cell.format(value) for value in row) for row in rows)
    body = "".join(f"<table:table-row>{line}</table:table-row>" for line in lines)
    return opendocument("spreadsheet", f'<table:table table:name="One">{body}</table:table>')


def odp(lines: Sequence[str]) -> bytes:
    text = "".join(f"<text:p>{line}</text:p>" for line in lines)
    frame = f"<draw:frame><draw:text-box>{text}</draw:text-box></draw:frame>"
    return opendocument("presentation", f'<draw:page draw:name="one">{frame}</draw:page>')


def html(lines: Sequence[str]) -> bytes:
    body = "".join(f"<p>{line}</p>" for line in lines)
    table = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
    return f"<!DOCTYPE html><html><body><h1>Title</h1>{body}{table}</body></html>".encode()


def epub(lines: Sequence[str], chapter: bytes | None = None) -> bytes:
    opf = "http://www.idpf.org/2007/opf"
    container = "urn:oasis:names:tc:opendocument:xmlns:container"
    text = "".join(f"<p>{line}</p>" for line in lines)
    xhtml = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{text}'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": f'{_XML}<container xmlns="{container}" version="1.0">'
            '<rootfiles><rootfile full-path="book.opf" '
            'media-type="application/oebps-package+xml"/></rootfiles></container>',
            "book.opf": f'{_XML}<package xmlns="{opf}" version="3.0"><manifest>'
            '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="c"/></spine></package>',
            "c.xhtml": chapter or f"{_XML}{xhtml}</body></html>",
        }
    )


def rtf(lines: Sequence[str]) -> bytes:
    return (r"{\rtf1\ansi " + r"\par ".join(lines) + "}").encode()


def mail(text: str) -> bytes:
    return (
        "From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: Potions\r\n"
        "Date: Wed, 31 Jan 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; "
        'filename="a.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--b--\r\n'
    ).encode()


def png(width: int, height: int, pixels: bytes | None = None) -> bytes:
    """A grey image; `pixels` are its compressed rows, valid or not."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height) if pixels is None else pixels
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def bmp(width: int, height: int, *, is_whole: bool = True) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    pixels = b"\x80" * ((3 * width + 3) // 4 * 4 * height) if is_whole else b""
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + head + pixels


def tiff(width: int, height: int, *, is_whole: bool = True) -> bytes:
    pixels = b"\x80" * (width * height) if is_whole else b""
    entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1)]
    entries += [(278, height), (279, width * height)]
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    where = 8 + len(pixels)
    directory = struct.pack("<H", len(entries)) + body + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", where) + pixels + directory
