"""Small files that unpack to large ones."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Bomb:
    """Packs `start`, many copies of `filler`, and `end`."""

    deflated: bytes
    size: int
    crc: int
    adler: int

    @property
    def zlib(self) -> bytes:
        return b"\x78\xda" + self.deflated + struct.pack(">I", self.adler)


def bomb(start: bytes, filler: bytes, end: bytes, size: int) -> Bomb:
    """Packs about `size` bytes without having them in memory."""
    chunk = filler * (_CHUNK // len(filler))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush the state is always the same, and so is the packed form of a chunk.
    packed = [packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)]
    packed += [packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)] * (size // len(chunk))
    packed.append(packer.compress(end) + packer.flush())
    plain = [start, *[chunk] * (size // len(chunk)), end]
    crc, adler = 0, 1
    for part in plain:
        crc, adler = zlib.crc32(part, crc), zlib.adler32(part, adler)
    return Bomb(b"".join(packed), sum(map(len, plain)), crc, adler)


def with_part(file: bytes, name: str, part: Bomb, *, told: int | None = None) -> bytes:
    """Replaces a part of the zip archive; `told` is the size in its header."""
    entries: list[tuple[str, int, bytes, int, int]] = []
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        for info in archive.infolist():
            if info.filename != name:
                plain = archive.read(info)
                entries.append((info.filename, 0, plain, len(plain), zlib.crc32(plain)))
    size = part.size if told is None else told
    return archive_of([*entries, (name, 8, part.deflated, size, part.crc)])


def with_entries(file: bytes, count: int) -> bytes:
    """Adds this many empty entries to the zip archive."""
    more = io.BytesIO(file)
    with zipfile.ZipFile(more, "a") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    return more.getvalue()


def archive_of(entries: list[tuple[str, int, bytes, int, int]]) -> bytes:
    """Makes a zip archive of names, methods, packed bytes, sizes and checksums, valid or not."""
    file, directory = io.BytesIO(), io.BytesIO()
    for name, method, packed, size, crc in entries:
        fields = (20, 0, method, 0, 0, crc, len(packed), size, len(name))
        directory.write(b"PK\x01\x02" + struct.pack("<H", 20))
        directory.write(struct.pack("<HHHHHIIIHH", *fields, 0))
        directory.write(struct.pack("<HHHII", 0, 0, 0, 0, file.tell()) + name.encode())
        file.write(b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", *fields, 0) + name.encode() + packed)
    where, length, count = file.tell(), directory.tell(), len(entries)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, length, where, 0)
    return file.getvalue() + directory.getvalue() + b"PK\x05\x06" + end
