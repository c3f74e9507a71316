"""Writes the seeds of fuzzing: samples of each format and their parts, and small hostile files.

`python fuzz/seeds.py` fills `fuzz/samples/` and `fuzz/corpus/`, which are not committed.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE.parent / "tests"))

import hostile  # noqa: E402
import samples  # noqa: E402

_MOST = 1 << 16
_ONE_OF_MANY = 250
_SCHEMAS = 10
"""The number of schemas of the target `reply`."""
_REPLIES = (
    '{"items": [{"invoice_number": "A-1", "total": 1.50, "count": 3, "paid": true}]}',
    '```json\n{"items": [{"total": "1,234.50", "kind": "Credit Note",},]}\n```\nThat is all.',
    "<think>so</think>[{'total': '12%', 'paid': True, 'count': None}] // done",
    '{items: [{"name": "he said "hi", twice" "scores": {"a": 1}}]',
    '"{\\"items\\": [{\\"pet\\": {\\"kind\\": \\"cat\\"}}]}"',
    '{"items": {"items": [{"Invoice Number": "\\u00e9", "kin": [{"kin": {"name": null}}]}]}} # x',
)


_TREES = (
    '{"total": 1.50, "due date": null, "items": [true, "it\'s \\"so\\"", {}]}',
    '[[1, -2e3], ["a", "// b"], [{"a": 12345678901234567890123}]]',
    "\"}], 'x': 1\"",
)
"""JSON for the target `reply_differential`."""


_RECOGNIZED = bytes([1, *b"a\x20\x20\x40\x30\xc0", *b"b\x50\x20\x70\x30\xc1"])
"""What the engine of the target `scan` says: its angle, and words with their places and scores."""


def main() -> None:
    """Writes the samples, and seeds from each file for the targets that read its format."""
    good = samples.samples()
    files = {**good, **_hostile()}
    (_HERE / "samples").mkdir(exist_ok=True)
    for name, file in good.items():
        (_HERE / "samples" / f"a.{_suffix(name)}").write_bytes(file)
    for target in sorted((_HERE / "fuzz_targets").glob("*.rs")):
        suffixes = re.findall(r'"a\.(\w+)"', target.read_text(encoding="utf-8"))
        folder = _HERE / "corpus" / target.stem
        folder.mkdir(parents=True, exist_ok=True)
        if target.stem == "reply":
            for number, reply in enumerate(_REPLIES):
                for schema in range(_SCHEMAS):
                    seed = bytes([schema]) + reply.encode()
                    (folder / f"{number}-{schema}").write_bytes(seed)
        if target.stem == "networks":
            for kind in range(4):
                (folder / str(kind)).write_bytes(bytes([kind, 8]) + _RECOGNIZED * 9)
        if target.stem == "reply_differential":
            for number, tree in enumerate(_TREES):
                for faults in (1, 2, 4, 8, 16, 31, 128, 159):
                    seed = bytes([faults, faults % 4]) + tree.encode()
                    (folder / f"{number}-{faults}").write_bytes(seed)
        for name, file in files.items():
            if _suffix(name) in suffixes and len(file) <= _MOST:
                chosen = bytes([suffixes.index(_suffix(name))])
                if target.stem == "scan":
                    chosen += bytes([len(_RECOGNIZED)]) + _RECOGNIZED
                for number, seed in enumerate(_seeds(file)):
                    (folder / f"{number}-{name}").write_bytes(chosen + seed)


def _hostile() -> dict[str, bytes]:
    size = hostile.Size(depth=_ONE_OF_MANY, unpacked=1 << 20, file=1 << 12, copies=2, seconds=1)
    groups = (hostile.GROUPS[name](size) for name in ("pdf", "packed", "markup", "large"))
    return {name: make() for group in groups for name, make in group}


def _seeds(file: bytes) -> list[bytes]:
    """The seeds from a file; `fuzz/src/lib.rs` describes their form."""
    if not zipfile.is_zipfile(io.BytesIO(file)):
        return [file]
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            parts = [archive.read(name) for name in archive.namelist()[:16]]
    except zipfile.BadZipFile:
        parts = []
    numbered = [bytes([number]) + part for number, part in enumerate(parts)]
    return [b"\xff" + file, *(part for part in numbered if len(part) <= _MOST)]


def _suffix(name: str) -> str:
    return name.rpartition(".")[2]


if __name__ == "__main__":
    main()
