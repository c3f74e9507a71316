"""Files of the maximum size, made of the smallest elements of their format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from samples import pdf, stream

Made = tuple[str, Callable[[], bytes]]

_MAIL = b"From: a@example.com\r\nMIME-Version: 1.0\r\n"
_PARTS = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'

# The beginning, the repeated part and the end of each file.
_FILES: dict[str, tuple[bytes, bytes, bytes]] = {
    "numbers.json": (b"[", b"0,", b"0]"),
    "texts.json": (b"[", b'"",', b'""]'),
    "arrays.json": (b"[", b"[],", b"[]]"),
    "objects.json": (b"[", b"{},", b'{"a": 1}]'),
    "records.json": (b"[", b'{"a":0},', b'{"a": 1}]'),
    "array-in-object.json": (b'{"a": [', b"0,", b"0]}"),
    "array-in-record.json": (b'[{"a": [', b"0,", b"0]}]"),
    "brackets-in-text.json": (b'[{"a": "', b"[,", b'"}]'),
    "objects.jsonl": (b"", b"{}\n", b""),
    "records.jsonl": (b"", b'{"a":0}\n', b""),
    "array.jsonl": (b'{"a":[', b"0,", b"0]}"),
    "rows.csv": (b"", b"a\n", b""),
    "blank-rows.csv": (b"a", b"\n", b"b"),
    "cells.csv": (b"a\n", b",", b"b"),
    "names.csv": (b"", b"," + b" " * 39, b"\na"),
    "columns.csv": (b"a\n", b"," + b" " * 39, b"\nb"),
    "rows.tsv": (b"", b"a\n", b""),
    "paragraphs.txt": (b"", b"a\n\n", b""),
    "returns.txt": (b"", b"a\r\r", b""),
    "wide.txt": (b"", "\u20ac".encode(), b""),
    "items.md": (b"", b"- a\n", b""),
    "headings.md": (b"", b"#\n", b""),
    "cells.md": (b"|a|\n|-|\n", b"|", b""),
    "paragraphs.html": (b"", b"<p>a", b""),
    "empty-paragraphs.html": (b"", b"<p>", b"text"),
    "items.html": (b"<ul>", b"<li>a", b""),
    "cells.html": (b"<table><tr>", b"<td>", b"text"),
    "rows.html": (b"<table>", b"<tr>", b"text"),
    "attributes.html": (b"<p ", b"a ", b">text"),
    "breaks.html": (b"<p>", b"<br>", b"text"),
    "elements.xml": (b"<a>", b"<b/>", b"text</a>"),
    "values.xml": (b"<a>", b"<b>c</b>", b"</a>"),
    "attributes.xml": (b"<a ", b'b="" ', b">text</a>"),
    "references.xml": (b"<a>", b"&b;", b"</a>"),
    "paragraphs.rtf": (rb"{\rtf1 ", rb"\par a", b"}"),
    "groups.rtf": (rb"{\rtf1 text", b"{}", b"}"),
    "cells.rtf": (rb"{\rtf1 \trowd text", rb"\cell ", rb"\row}"),
    "fonts.rtf": (rb"{\rtf1{\fonttbl", rb"\f1\fcharset2", b"}text}"),
    "headers.eml": (b"", b"a:b\r\n", b"\r\ntext"),
    "addresses.eml": (_MAIL + b"To: ", b"a,", b"\r\n\r\ntext"),
    "paragraphs.eml": (_MAIL + b"\r\n", b"a\n\n", b""),
    "parts.eml": (_MAIL + _PARTS, b"\r\n--b\r\n\r\n", b"text\r\n--b--"),
    "page.eml": (_MAIL + b"Content-Type: text/html\r\n\r\n", b"<p>a", b""),
    "objects.pdf": (b"%PDF-1.7\n", b"1 0 obj\n", b""),
    "streams.pdf": (b"%PDF-1.7\n", b"stream\n", b""),
    "trailers.pdf": (b"%PDF-1.7\n", b"trailer\n<<>>", b""),
    "comments.pdf": (b"%PDF-1.7\n", b"%", b""),
}


def files(size: int) -> Iterator[Made]:
    """The files by name, made on demand."""
    for name, (start, part, end) in _FILES.items():
        yield f"many-{name}", partial(_repeated, start, part, end, size)
    for name, part in {
        "dicts": b"/A << /B ",
        "arrays": b"[ ",
        "numbers": b"1 ",
        "texts": b"() ",
        "states": b"q ",
    }.items():
        yield f"many-{name}.pdf", lambda part=part: pdf([part * (size // 2 // len(part))])
    yield "many-in-an-array.pdf", lambda: pdf([b""], more=[b"[" + b"0 " * (size // 3) + b"]"])
    yield "many-in-a-dict.pdf", lambda: pdf([b""], more=[b"<< " + b"/A 0 " * (size // 6) + b">>"])
    yield (
        "many-in-a-stream.pdf",
        lambda: pdf(
            [b""], more=[stream(b"1 0 " * (size // 5), "/Type /ObjStm /N 9999999 /First 9")]
        ),
    )


def _repeated(start: bytes, part: bytes, end: bytes, size: int) -> bytes:
    return start + part * ((size - len(start) - len(end)) // len(part)) + end
