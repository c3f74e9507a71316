"""Reads hostile files: `python tests/hostile.py GROUP SIZE [NAME]`.

Reads each file in this process, with limited memory, and prints a line of JSON before and after. If
the process ends without the second line, it did not survive the file.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hostile_large
import hostile_markup
import hostile_packed
import hostile_pdf
import samples

MEMORY_MB = 500
SECONDS = 10
_SEED = 4


@dataclass(frozen=True)
class Size:
    """The sizes of the files."""

    depth: int
    """Levels of nesting, and counts of repeated elements."""
    unpacked: int
    """Unpacked bytes of a bomb."""
    file: int
    """Bytes of a large file."""
    copies: int
    """Damaged copies of a sample for each kind of damage."""
    seconds: float
    """The limit of CPU time for a document."""


SMALL = Size(depth=20_000, unpacked=80 << 20, file=16 << 20, copies=3, seconds=1)
WHOLE = Size(depth=300_000, unpacked=1 << 30, file=100 << 20, copies=25, seconds=8)
SIZES = {"small": SMALL, "whole": WHOLE}

Made = tuple[str, Callable[[], bytes]]
"""The name, with the extension of its format, and a function that makes the file."""


def truncated(size: Size) -> Iterator[Made]:
    for name, sample in samples.samples().items():
        for number in range(size.copies):
            end = len(sample) * (number + 1) // (size.copies + 1)
            yield f"{number}-{name}", lambda sample=sample, end=end: sample[:end]


def flipped(size: Size) -> Iterator[Made]:
    for name, sample in samples.samples().items():
        for number in range(size.copies):
            yield f"{number}-{name}", lambda sample=sample, number=number: flip(sample, number)


def flip(sample: bytes, seed: int) -> bytes:
    """The sample with a few or many flipped bits."""
    chance = random.Random(seed + _SEED)
    damaged = bytearray(sample)
    for _ in range(1 + 4 * (seed % 5)):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


GROUPS: dict[str, Callable[[Size], Iterator[Made]]] = {
    "pdf": lambda size: hostile_pdf.files(size.depth, size.unpacked),
    "packed": lambda size: hostile_packed.files(size.depth, size.unpacked),
    "markup": lambda size: hostile_markup.files(size.depth),
    "large": lambda size: hostile_large.files(size.file),
    "truncated": truncated,
    "flipped": flipped,
}


def main(group: str, size: str, wanted: str = "") -> None:
    """Reads the files of a group, or the one with this name."""
    import structx

    made = [file for file in GROUPS[group](SIZES[size]) if wanted in ("", file[0])]
    limits = structx.DocumentLimits(seconds=SIZES[size].seconds)
    with tempfile.TemporaryDirectory() as folder:
        for name, make in made:
            path = Path(folder, name)
            path.write_bytes(make())
            held = bound_memory()
            print(json.dumps({"file": name, "bytes": path.stat().st_size}), flush=True)
            started = time.process_time()
            try:
                outcome = f"{len(structx.read(path, limits=limits).text):,} characters"
            except structx.FileError as error:
                outcome = str(error).replace(str(path), "")[:160]
            seconds = time.process_time() - started
            mb = peak_mb() - held
            told = {"file": name, "outcome": outcome, "seconds": seconds, "peak_mb": mb}
            print(json.dumps(told), flush=True)
            path.unlink()


def bound_memory() -> float:
    """Limits additional memory of this process, resets its peak, and returns the current memory."""
    import resource

    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    # Counts written memory only: the heap of each thread reserves more address space.
    bound = _status("VmData") + MEMORY_MB * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (bound, resource.RLIM_INFINITY))
    return _status("VmRSS") / 1e6


def peak_mb() -> float:
    """The peak memory since it was limited."""
    return _status("VmHWM") / 1e6


def _status(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{name}:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
