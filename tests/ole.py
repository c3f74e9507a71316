"""Minimal valid files of the old Office formats."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

_SECTOR = 512
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
# Smaller streams are in a separate stream, which is not needed without them.
_SMALLEST = 4096


def container(streams: Mapping[str, bytes]) -> bytes:
    """A compound file, the container of all old Office formats."""
    table = [_TABLE, _END, *[_FREE] * 126]
    entries = [_entry("Root Entry", 5, _END, 0, child=1)]
    body = b""
    for number, (name, stream) in enumerate(streams.items(), 1):
        size = max(_SMALLEST, len(stream))
        count = -(-size // _SECTOR)
        first = 2 + len(body) // _SECTOR
        table[first : first + count] = [*range(first + 1, first + count), _END]
        following = number + 1 if number < len(streams) else _FREE
        entries.append(_entry(name, 2, first, size, following=following))
        body += stream.ljust(count * _SECTOR, b"\0")
    assert len(table) == 128 and len(entries) <= 4
    entries += [bytes(128)] * (4 - len(entries))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, _SMALLEST, _END, 0, _END, 0)
    head += struct.pack("<109I", 0, *[_FREE] * 108)
    return head + struct.pack("<128I", *table) + b"".join(entries) + body


def _entry(
    name: str, kind: int, first: int, size: int, *, following: int = _FREE, child: int = _FREE
) -> bytes:
    wide = name.encode("utf-16-le") + b"\0\0"
    head = wide.ljust(64, b"\0") + struct.pack("<HBB", len(wide), kind, 1)
    return head + struct.pack("<III36xIQ", _FREE, following, child, first, size)


def xls(rows: Sequence[Sequence[str]]) -> bytes:
    return xls_of({(y, x): value for y, row in enumerate(rows) for x, value in enumerate(row)})


def xls_of(cells: Mapping[tuple[int, int], str]) -> bytes:
    """A workbook with texts by row and column."""

    def record(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def start(kind: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0, 0, 0, 0))

    def sheets(where: int) -> bytes:
        return record(0x85, struct.pack("<IBBBB", where, 0, 0, 3, 0) + b"One")

    labels = (
        record(0x204, struct.pack("<HHHHB", row, column, 0, len(value), 0) + value.encode("latin1"))
        for (row, column), value in sorted(cells.items())
    )
    where = len(start(5) + sheets(0) + record(0x0A))
    book = start(5) + sheets(where) + record(0x0A)
    return container({"Workbook": book + start(0x10) + b"".join(labels) + record(0x0A)})


def doc(text: str) -> bytes:
    """A Word document."""
    shown = text.replace("\n", "\r").encode("cp1252")
    where = 2048
    pieces = struct.pack("<II", 0, len(shown)) + struct.pack("<HIH", 0, where * 2 | 1 << 30, 0)
    piece_table = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    words = struct.pack("<22I", where + len(shown), 0, 0, len(shown), *[0] * 18)
    places = [0] * (93 * 2)
    places[66:68] = [0, len(piece_table)]
    head = struct.pack("<HHHHHHHIBBHHII", 0xA5EC, 0xC1, 0, 0x409, 0, 0, 0xBF, *[0] * 7)
    head += struct.pack("<H28xH", 14, 22) + words + struct.pack("<H", 93)
    head += struct.pack(f"<{len(places)}I", *places)
    return container({"WordDocument": head.ljust(where, b"\0") + shown, "0Table": piece_table})


def ppt(lines: Sequence[str]) -> bytes:
    """A presentation with one slide."""

    def record(kind: int, body: bytes, *, is_container: bool = False) -> bytes:
        return struct.pack("<HHI", 0xF if is_container else 0, kind, len(body)) + body

    slide = record(0x3F3, struct.pack("<IIIII", 1, 0, 1, 256, 0))
    text = record(0xF9F, struct.pack("<I", 1)) + record(0xFA8, "\r".join(lines).encode("cp1252"))
    document = record(0x3E8, record(0xFF0, slide + text, is_container=True), is_container=True)
    directory = record(0x1772, struct.pack("<II", 1 << 20 | 1, 0))
    edit = struct.pack("<IHBBIIIIHH", 0, 0, 0, 3, 0, len(document), 1, 1, 0, 0)
    stream = document + directory + record(0xFF5, edit)
    where = len(document + directory)
    user = struct.pack("<IIIHHBBH", 0x14, 0xE391C05F, where, 0, 0x3F4, 3, 0, 0)
    return container({"PowerPoint Document": stream, "Current User": record(0xFF6, user)})
