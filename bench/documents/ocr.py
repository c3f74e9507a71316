"""Measures the recognition of text in images: `ocr.py FOLDER...`.

`--made` adds pages made here; `--pdf FILE...` adds scans made of PDFs with a text layer.

A folder has images with their true lines beside them, as SROIE's receipts do: `007.jpg` and
`007.csv`, with the eight coordinates of a line's corners and its text. Of more than `--limit`
images, a fixed choice is read. structx (with the weights of `structx models pull ocr`), rapidocr
and tesseract read the same images, each in its own process; those that are not installed are left
out.

Recall and precision are of words: upper case, without punctuation around them, each as often as it
occurs. CER is the edit distance of each row of true lines from what stands there, by all letters.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import resource
import shutil
import subprocess
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tool_runs

SEED = 18
_TYPEWRITTEN = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"--")
"""Whether a sign is printed in its typewritten form is no question of reading."""
_AROUND = ".,:;'\"`()[]{}<>*-_=~|/\\!?#&+"


class Piece(NamedTuple):
    """A word or a line, with its box in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


Read = Callable[[str], "list[Piece]"]


def structx() -> Read:
    from structx import read

    def words(path: str) -> list[Piece]:
        return [Piece(word.text, *word.box) for word in read(path, ocr="always").words]

    return words


def rapidocr() -> Read:
    import numpy as np
    from PIL import Image, ImageOps
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical"})

    def lines(path: str) -> list[Piece]:
        image = np.array(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))[:, :, ::-1]
        found = engine(image)
        boxes = [] if found.boxes is None else found.boxes.tolist()
        return [_piece(text, box) for text, box in zip(found.txts or [], boxes, strict=True)]

    return lines


def tesseract() -> Read:
    if shutil.which("tesseract") is None:
        raise ImportError("tesseract is not installed")

    def words(path: str) -> list[Piece]:
        command = ["tesseract", path, "-", "tsv"]
        table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        pieces: list[Piece] = []
        for row in csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["level"] == "5" and row["text"].strip():
                left, top, width, height = (
                    int(row[name]) for name in ("left", "top", "width", "height")
                )
                pieces.append(Piece(row["text"], left, top, left + width, top + height))
        return pieces

    return words


TOOLS: dict[str, Callable[[], Read]] = {
    "structx": structx,
    "rapidocr": rapidocr,
    "tesseract": tesseract,
}


def _piece(text: str, corners: Sequence[Sequence[float]]) -> Piece:
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return Piece(text, min(across), min(down), max(across), max(down))


def truth(image: Path) -> list[Piece]:
    """The true words or lines of an image."""
    pieces: list[Piece] = []
    for line in image.with_suffix(".csv").read_text("utf-8", errors="replace").splitlines():
        *numbers, text = line.split(",", 8)
        if len(numbers) == 8:
            values = [float(number) for number in numbers]
            corners = list(zip(values[::2], values[1::2], strict=True))
            pieces.append(_piece(text, corners))
    return pieces


def words(pieces: Iterable[Piece]) -> Counter[str]:
    """The words, as they are compared."""
    found = (word.strip(_AROUND) for piece in pieces for word in _plain(piece.text).split())
    return Counter(word for word in found if any(map(str.isalnum, word)))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).upper().translate(_TYPEWRITTEN)


def rows(lines: Iterable[Piece]) -> list[list[Piece]]:
    """The true lines that stand side by side."""
    found: list[list[Piece]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        first = found[-1][0] if found else line
        height = min(line.bottom - line.top, first.bottom - first.top)
        apart = abs(line.top + line.bottom - first.top - first.bottom) / 2
        if found and apart < 0.5 * height:
            found[-1].append(line)
        else:
            found.append([line])
    return found


def away(piece: Piece, line: Piece) -> float:
    """The distance of the middle of a piece from a line, mostly the vertical one."""
    x, y = (piece.left + piece.right) / 2, (piece.top + piece.bottom) / 2
    across = max(line.left - x, x - line.right, 0)
    down = abs(y - (line.top + line.bottom) / 2)
    return down + across / 10


def edits(known: Sequence[Piece], pieces: Iterable[Piece]) -> int:
    """The edit distance of all rows from what stands in them, so that order does not count."""
    lines = rows(known)
    told: list[list[Piece]] = [[] for _ in lines]
    for piece in pieces:
        nearest = min(range(len(lines)), key=lambda row: min(away(piece, it) for it in lines[row]))
        told[nearest].append(piece)
    return sum(distance(text(line), text(seen)) for line, seen in zip(lines, told, strict=True))


def text(row: Iterable[Piece]) -> str:
    """The text of a row, without spaces, which the truth sets in its own way."""
    ordered = sorted(row, key=lambda piece: piece.left)
    return re.sub(r"\s", "", _plain("".join(piece.text for piece in ordered)))


def distance(one: str, other: str) -> int:
    """The edit distance (Levenshtein)."""
    costs = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        before, costs[0] = costs[0], row
        for column, against in enumerate(other, start=1):
            change = before + (letter != against)
            before = costs[column]
            costs[column] = min(change, before + 1, costs[column - 1] + 1)
    return costs[-1]


def chosen(folder: Path, most: int) -> list[Path]:
    """Images with a truth, by a fixed choice if there are more than `most`."""
    images = sorted(path for path in folder.rglob("*.jpg") if path.with_suffix(".csv").is_file())
    return sorted(random.Random(SEED).sample(images, most)) if len(images) > most else images


def scores(images: Sequence[Path], found: dict[str, Any]) -> list[str]:
    """Recall, precision, CER, seconds an image and peak memory of a tool, as cells."""
    right = true = told = wrong = letters = 0
    for image in images:
        known = truth(image)
        pieces = [Piece(*piece) for piece in found.get(str(image), {}).get("pieces", [])]
        expected, seen = words(known), words(pieces)
        right += (expected & seen).total()
        true += expected.total()
        told += seen.total()
        wrong += edits(known, pieces)
        letters += sum(len(text([piece])) for piece in known)
    runs = [run for run in found.values() if run]
    seconds = sum(run["seconds"] for run in runs) / max(len(runs), 1)
    memory = max((run["megabytes"] for run in runs), default=0)
    shares = (right / max(true, 1), right / max(told, 1), wrong / max(letters, 1))
    return [*(f"{100 * share:.2f}" for share in shares), f"{seconds:.2f}", f"{memory:.0f}"]


def read_as(tool: str) -> None:
    """Runs in the process of a tool."""
    read = TOOLS[tool]()

    def find(path: str) -> dict[str, Any]:
        started = time.perf_counter()
        pieces = read(path)
        seconds = time.perf_counter() - started
        return {"pieces": pieces, "seconds": seconds, "megabytes": peak_kilobytes() / 1024}

    tool_runs.answer(find)


def peak_kilobytes() -> int:
    """The most memory of this process or, as tesseract is one, of a child."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    status = Path("/proc/self/status")
    if status.exists():
        # `ru_maxrss` of a process begins with what its parent had.
        match = re.search(r"VmHWM:\s*(\d+)", status.read_text("ascii"))
        return max(int(match[1]) if match else 0, children)
    return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the recognition of text in images.")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--made", action="store_true", help="also read pages that are made here")
    parser.add_argument("--pdf", nargs="+", type=Path, help="also read scans made of these PDFs")
    parser.add_argument("--limit", type=int, default=100, help="the most images of a folder")
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="write here what each tool found")
    options = parser.parse_args()
    if options.tool:
        read_as(options.tool)
        return
    print(f"{os.cpu_count()} processors, load at the start {os.getloadavg()[0]:.2f}\n")
    with tempfile.TemporaryDirectory() as name:
        folders: list[Path] = list(options.folders)
        if options.made:
            import ocr_pages

            folders.append(Path(name) / "made here")
            folders[-1].mkdir()
            ocr_pages.write(folders[-1], SEED)
        if options.pdf:
            import ocr_scans

            folders.append(Path(name) / "scans of PDFs")
            folders[-1].mkdir()
            ocr_scans.write(folders[-1], options.pdf, SEED)
        print("| images | tool | recall | precision | CER | seconds | peak MB |")
        print("|---|---|---|---|---|---|---|")
        kept: dict[str, Any] = {}
        for folder in folders:
            images = chosen(folder, options.limit)
            for tool in TOOLS:
                found = dict(tool_runs.run(__file__, tool, images))
                if found:
                    cells = [f"{folder.name} ({len(images)})", tool, *scores(images, found)]
                    print(f"| {' | '.join(cells)} |", flush=True)
                kept[f"{folder} {tool}"] = found
        if options.json:
            options.json.write_text(json.dumps(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
