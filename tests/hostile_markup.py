"""Hostile texts, e-mails and images."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from hostile_packed import laughs
from samples import bmp, png, tiff

Made = tuple[str, Callable[[], bytes]]


def files(depth: int) -> Iterator[Made]:
    """The files by name, made on demand."""
    yield from _records(depth)
    yield from ((f"{name}.html", make) for name, make in _html(depth))
    yield from ((f"{name}.xml", make) for name, make in _xml(depth))
    yield from ((f"{name}.rtf", make) for name, make in _rtf(depth))
    yield from ((f"{name}.eml", make) for name, make in _mail(depth))
    yield from _texts(depth)
    yield from _images()


def _records(depth: int) -> Iterator[Made]:
    wide = min(depth, 20_000)
    yield "arrays.json", lambda: b"[" * depth + b"]" * depth
    yield "open-arrays.json", lambda: b"[" * depth
    yield "objects.json", lambda: b'{"a":' * depth + b"1" + b"}" * depth
    yield "arrays.jsonl", lambda: b'{"a":' + b"[" * depth + b"]" * depth + b"}\n"
    yield "number.json", lambda: b'[{"a": ' + b"9" * 10 * depth + b"}]"
    yield "power.json", lambda: b'[{"a": 1e999999999, "b": -1E-999999999}]'
    yield (
        "columns.json",
        lambda: b"[" + b",".join(b'{"c%d": 1}' % number for number in range(wide)) + b"]",
    )
    yield "columns.jsonl", lambda: b"\n".join(b'{"c%d": 1}' % number for number in range(wide))
    yield "same-keys.json", lambda: b'[{"a": 1' + b', "a": 1' * depth + b"}]"
    yield "columns.csv", lambda: b"," * wide + b"\n" + b"a\n" * wide
    yield "cells.csv", lambda: b"a,b,c\n" * 660_000
    yield "quote.csv", lambda: b'a,b\n"' + b"x,\n" * 10 * depth
    yield "quotes.csv", lambda: b'a,b\n"' + b'""' * 10 * depth + b'",1\n'
    yield "zeros.csv", lambda: b"a,b\n1," + b"\0" * depth
    yield "lines.csv", lambda: b"\n" * 10 * depth
    yield "same-names.csv", lambda: b",".join([b"a"] * wide) + b"\n1\n"


def _html(depth: int) -> Iterator[Made]:
    for tag in ("div", "b", "a", "p", "font", "span", "ul", "li", "blockquote", "button", "svg"):
        yield f"deep-{tag}", lambda tag=tag: f"<{tag}>".encode() * depth + b"text"
    yield "deep-closed", lambda: b"<div>" * depth + b"text" + b"</div>" * depth
    yield "deep-list", lambda: b"<ul><li>" * depth + b"text"
    yield "deep-table", lambda: b"<table><tr><td>" * depth + b"text"
    yield "deep-mixed", lambda: b"<b><i><p><table>" * depth + b"text"
    yield "deep-select", lambda: b"<select><option>" * depth + b"text"
    yield "adoption", lambda: b"<a><b><div></a></b>" * depth + b"text"
    yield "fostered", lambda: b"<table>" + b"<b>x<tr>" * depth
    yield (
        "spans",
        lambda: (
            b'<table><tr><td colspan="1000" rowspan="65534">a</td></tr>'
            + b'<tr><td colspan="1000">b</td></tr>' * (depth // 10)
            + b"</table>"
        ),
    )
    yield (
        "spans-without-end",
        lambda: b'<table><tr><td colspan="999999999999">a</td><td rowspan="999999999999">b</table>',
    )
    yield "cells", lambda: b"<table><tr>" + b"<td>" * depth + b"<tr>" * depth
    yield (
        "attributes",
        lambda: b"<div " + b"".join(b"a%d=1 " % number for number in range(depth)) + b">text",
    )
    yield "open-tags", lambda: b"<a" * 10 * depth
    yield "open-comment", lambda: b"<!--" + b"-<!-" * depth
    yield "entities", lambda: b"&amp" * 10 * depth + b"&#x110000;&#0;&#xD800;"
    yield "open-script", lambda: b"text<script>" + b"<!--<script>" * depth
    yield "ends", lambda: b"text" + b"</p></b></x>" * depth
    yield "list-start", lambda: b'<ol start="-2147483648"><li value="2147483647">a<li>b</ol>'


def _xml(depth: int) -> Iterator[Made]:
    head = b'<?xml version="1.0"?>'
    yield "deep", lambda: head + b"<a>" * depth + b"text" + b"</a>" * depth
    yield "deep-and-open", lambda: head + b"<a>" * depth + b"text"
    yield "laughs", lambda: laughs(head + b"<a x='1'>quick</a>")
    yield (
        "outside",
        lambda: head + b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>text &x;</a>',
    )
    yield (
        "attributes",
        lambda: head + b"<a " + b"".join(b'a%d="1" ' % n for n in range(depth)) + b">text</a>",
    )
    yield "same-attributes", lambda: head + b"<a " + b'a="1" ' * depth + b">text</a>"
    yield "names", lambda: head + b"<a>" + b"<%s/>" % (b"n" * 10 * depth) + b"text</a>"
    yield (
        "schemas",
        lambda: (
            head + b"".join(b'<a xmlns:n%d="u%d">' % (n, n) for n in range(depth // 10)) + b"text"
        ),
    )
    yield "open-data", lambda: head + b"<a><![CDATA[" + b"]]" * depth


def _rtf(depth: int) -> Iterator[Made]:
    yield "groups", lambda: rb"{\rtf1 " + b"{" * depth + b"text" + b"}" * depth + b"}"
    yield "open-groups", lambda: rb"{\rtf1 " + b"{\\b " * depth + b"text"
    yield "ends", lambda: rb"{\rtf1 text" + b"}" * depth
    yield "binary", lambda: rb"{\rtf1 text\bin2147483647 x}"
    yield "binary-before", lambda: rb"{\rtf1 text\bin-1 x\bin99999999999999999999 y}"
    yield "skips", lambda: rb"{\rtf1 \uc2147483647 \u65 text\u-1 more}"
    yield "words", lambda: rb"{\rtf1 " + b"\\" + b"a" * 10 * depth + b" text}"
    yield "numbers", lambda: rb"{\rtf1 \fs" + b"9" * 10 * depth + b" text}"
    yield "tables", lambda: rb"{\rtf1 " + rb"\trowd\cellx99 " * depth + rb"text\cell\row}"
    yield (
        "cells",
        lambda: (
            rb"{\rtf1 \trowd " + rb"\cell" * depth + rb"\row" + rb"\trowd\cell\row" * depth + b"}"
        ),
    )
    yield (
        "nested-tables",
        lambda: (
            rb"{\rtf1 " + b"".join(rb"\itap%d\intbl x\nestcell" % n for n in range(depth)) + b"}"
        ),
    )


def _mail(depth: int) -> Iterator[Made]:
    head = b"From: a@example.com\r\nMIME-Version: 1.0\r\n"
    few = depth // 10

    def nested(kind: bytes) -> bytes:
        parts = (
            b'Content-Type: multipart/%s; boundary="b%d"\r\n\r\n--b%d\r\n' % (kind, n, n)
            for n in range(few)
        )
        return head + b"".join(parts) + b"\r\ntext"

    yield "deep-parts", lambda: nested(b"mixed")
    yield "deep-alternatives", lambda: nested(b"alternative")
    yield (
        "same-boundary",
        lambda: (
            head + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' * few + b"text"
        ),
    )
    yield "mails-in-mails", lambda: head + b"Content-Type: message/rfc822\r\n\r\n" * few + b"text"
    yield "packed-mails", lambda: _packed_mails(head)
    yield (
        "parts",
        lambda: (
            head + b'Content-Type: multipart/mixed; boundary="b"\r\n' + b"\r\n--b\r\n\r\nx" * depth
        ),
    )
    yield (
        "no-boundary",
        lambda: (
            head
            + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n'
            + (b"--\r\n\r\nx\r\n" * few)
        ),
    )
    yield "headers", lambda: head + b"X: y\r\n" * depth + b"\r\ntext"
    yield "folded", lambda: head + b"Subject: a\r\n" + b" b\r\n" * depth + b"\r\ntext"
    yield "addresses", lambda: head + b"To: " + b"a@example.com, " * depth + b"\r\n\r\ntext"
    yield "groups", lambda: head + b"To: " + b"(a" * depth + b"\r\n\r\ntext"
    yield "words", lambda: head + b"Subject: " + b"=?utf-8?q?a?= " * depth + b"\r\n\r\ntext"
    yield (
        "html",
        lambda: head + b"Content-Type: text/html\r\n\r\n<html>" + b"<div>" * depth + b"text",
    )
    yield (
        "base64",
        lambda: head + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUFB" * 10 * depth,
    )


def _packed_mails(head: bytes) -> bytes:
    import base64

    mail = head + b"\r\ntext"
    for _ in range(20):
        packed = base64.b64encode(mail)
        kind = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        mail = head + kind + packed
    return mail


def _texts(depth: int) -> Iterator[Made]:
    yield "line.txt", lambda: b"a" * 100 * depth
    yield "lines.txt", lambda: b"a\n\n" * 10 * depth
    yield "quotes.md", lambda: b"> " * 10 * depth + b"text"
    yield "lists.md", lambda: b"".join(b" " * n + b"- a\n" for n in range(min(depth, 3000)))
    yield "stars.md", lambda: b"*a_ " * 10 * depth
    yield "brackets.md", lambda: b"[" * 10 * depth + b"a" + b"](x)" * depth
    yield "pipes.md", lambda: b"|" * depth + b"\n" + b"|-" * depth + b"\n" + b"|a|\n" * depth
    yield "ticks.md", lambda: b"".join(b"`" * n + b" " for n in range(min(depth, 3000)))
    yield "paragraphs.txt", lambda: b"a\n\n" * 3_000_000
    yield "items.md", lambda: b"- a\n" * 2_400_000
    yield "returns.txt", lambda: b"a\r" * 10 * depth
    yield "marks.txt", lambda: "e\u0301\u202e\ufeff".encode() * depth


def _images() -> Iterator[Made]:
    for name, side in {"large": 20_000, "larger": 65_535, "largest": 2**31 - 1}.items():
        yield f"{name}.png", lambda side=side: png(side, side, b"")
        yield f"{name}.bmp", lambda side=side: bmp(side, side, is_whole=False)
        if side < 2**16:
            yield f"{name}.tiff", lambda side=side: tiff(side, side, is_whole=False)
            yield f"{name}.gif", lambda side=side: _gif(side)
            yield f"{name}.jpg", lambda side=side: _jpeg(side)
        if side < 2**14:
            yield f"{name}.webp", lambda side=side: _webp(side)
    yield "pixels.png", lambda: png(9_000, 9_000)
    yield "wide.png", lambda: png(100_000_000, 1, b"")
    yield "frames.gif", lambda: _gif(9_000, frames=2_000)
    yield "loop.tiff", lambda: tiff(8, 8)[:-4] + struct.pack("<I", 72)


def _gif(side: int, frames: int = 1) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x4c\x01\x00"
    return screen + frame * frames + b";"


def _jpeg(side: int) -> bytes:
    size = struct.pack(">HBHHB", 17, 8, side, side, 3) + bytes([1, 0x22, 0, 2, 17, 0, 3, 17, 0])
    scan = struct.pack(">HB", 12, 3) + bytes([1, 0, 2, 0, 3, 0, 0, 63, 0])
    quantities = struct.pack(">HB", 67, 0) + b"\1" * 64
    return b"\xff\xd8\xff\xdb" + quantities + b"\xff\xc0" + size + b"\xff\xda" + scan + b"\0" * 99


def _webp(side: int) -> bytes:
    bits = (side - 1) | (side - 1) << 14
    body = b"WEBPVP8L" + struct.pack("<IBI", 16, 0x2F, bits) + bytes(11)
    return b"RIFF" + struct.pack("<I", len(body)) + body
