"""Measures how fast and how well documents are read: `make bench-documents`.

The files are those of `corpus.py`, of `../shared/data` if it exists, and of the folders given as
arguments; tables are scored in those of `table_sets.py`, order and headings in those with the
expected documents of docling's tests. In one run, the tools read all of them one after another,
each in its own process (`reader.py` says what is measured). Speed is that of the files that all
tools can read. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import corpus
import order
import order_scores
import table_scores
import tables
import words

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path += [str(HERE.parent / "speed"), str(ROOT / "tests")]

from table import Row, markdown  # noqa: E402

import samples  # noqa: E402

PDF_TOOLS = ("structx", "pymupdf", "pypdfium2")
DOCX_TOOLS = ("structx", "markitdown", "python_docx")
LEAST_WORDS = 20
"""A file with fewer words per page, as pypdfium2 reads it, is a scan or a drawing."""


@dataclass(frozen=True)
class Reading:
    """The result of one tool for one file."""

    pages: int
    text: str
    cpu_s: float


Readings = dict[str, Reading]
"""The readings by file; files that could not be read are missing."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measure how fast and how well documents are read."
    )
    parser.add_argument("folders", nargs="*", type=Path, help="folders with more files")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        corpus.make(made)
        given = [made, *options.folders, ROOT.parent / "shared" / "data"]
        pdfs = _files(given, "pdf")
        print(f"{os.cpu_count()} processors, load at the start {load:.2f}; {len(pdfs)} PDFs.\n")
        pdf = {tool: read(tool, pdfs, options.rounds) for tool in PDF_TOOLS}
        letters = _files(given, "docx")
        docx = {tool: read(tool, letters, options.rounds) for tool in DOCX_TOOLS}
        rows = [
            *pdf_rows(pdf),
            *table_rows(given),
            *order_rows(given),
            *docx_rows(docx),
            *together_rows(_files([made], "pdf")),
        ]
        print(markdown(rows))
        print(f"\n{failures(pdf, pdfs)}\n{worst(pdf)}\n\n{formats(made)}")


def read(tool: str, files: Sequence[Path], rounds: int) -> Readings:
    """Reads the files with the tool; starts another process if one ends too early."""
    found: Readings = {}
    left = list(map(str, files))
    while left:
        command = [sys.executable, str(HERE / "reader.py"), tool, str(rounds)]
        run = subprocess.run(
            command,
            input="\n".join(left),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        told = [json.loads(line) for line in run.stdout.splitlines()]
        for line in told:
            if "error" not in line:
                found[line["file"]] = Reading(line["pages"], line["text"], line["cpu_s"])
        # The first file without a line is the one that ended the process.
        left = left[len(told) + 1 :]
    return found


def pdf_rows(read: dict[str, Readings]) -> list[Row]:
    ours, fitz, pdfium = (read[tool] for tool in PDF_TOOLS)
    common = sorted(ours.keys() & fitz.keys() & pdfium.keys())
    speed = {
        tool: sum(pdfium[file].pages for file in common) / sum(found[file].cpu_s for file in common)
        for tool, found in read.items()
    }
    scores = list(alike(read).values())
    pages = sum(pdfium[file].pages for file in common)
    what = f"PDF with layout, {len(common)} files, {pages:,} pages"
    return [
        Row(what, "pages/CPU s", speed["structx"], speed["pymupdf"], "pymupdf", least=400),
        Row(what, "pages/CPU s", speed["structx"], speed["pypdfium2"], "pypdfium2", least=400),
        Row(
            f"word F1 against pypdfium2, mean of {len(scores)} files with text",
            "",
            fmean(scores),
            fmean(words.f1(fitz[file].text, pdfium[file].text) for file in alike(read)),
            "pymupdf",
            least=0.97,
        ),
    ]


def table_rows(folders: Sequence[Path]) -> list[Row]:
    goals = (
        ("ICDAR 2013", "likeness of the cells", 0, 0.95),
        ("ICDAR 2013", "adjacency F1", 1, 0.95),
        ("ICDAR 2013", "exact tables", 2, 105),
        ("camelot", "likeness of the cells", 0, 0.80),
        ("tabula", "likeness of the cells", 0, 0.90),
        ("docling", "recall of the cells", 3, 0.85),
    )
    means = {
        name: {tool: table_scores.mean(of_tool) for tool, of_tool in found.items()}
        for name, found in tables.scores(folders).items()
    }
    return [
        Row(
            f"tables of {name}: {what}",
            "",
            mean["structx"][place],
            scores[place],
            tool,
            least=least,
        )
        for name, what, place, least in goals
        for mean in (means.get(name, {}),)
        for tool, scores in mean.items()
        if tool != "structx"
    ]


def order_rows(folders: Sequence[Path]) -> list[Row]:
    found = {tool: order_scores.mean(scores) for tool, scores in order.scores(folders).items()}
    if not found:
        return []
    own_order, own_headings = found.pop("structx")
    what, headings = "words in the expected order, mean of files", "F1 of headings"
    return [
        *(Row(what, "", own_order, theirs[0], tool, least=0.96) for tool, theirs in found.items()),
        Row(headings, "", own_headings, found["pymupdf4llm"][1], "pymupdf4llm", least=0.75),
    ]


def alike(read: dict[str, Readings]) -> dict[str, float]:
    """The word F1 of the files that have text and that all tools read."""
    ours, fitz, pdfium = (read[tool] for tool in PDF_TOOLS)
    return {
        file: words.f1(ours[file].text, reading.text)
        for file, reading in pdfium.items()
        if file in ours
        and file in fitz
        and words.count(reading.text) >= LEAST_WORDS * reading.pages
    }


def docx_rows(read: dict[str, Readings]) -> list[Row]:
    common = [file for file in read["structx"] if all(file in found for found in read.values())]
    cost = {
        tool: 1000 * fmean(found[file].cpu_s for file in common) for tool, found in read.items()
    }
    what = f"CPU a .docx file, mean of {len(common)}"
    return [
        Row(what, "ms", cost["structx"], cost[tool], tool.replace("_", "-"), limit=5)
        for tool in DOCX_TOOLS[1:]
    ]


def together_rows(files: Sequence[Path]) -> list[Row]:
    command = [sys.executable, str(HERE / "together.py"), *map(str, files)]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found = json.loads(run.stdout)
    return [
        Row(
            "100 documents together, wall",
            "s",
            found["together_s"],
            found["one_by_one_s"],
            "one by one",
            times=0.6,
        ),
        Row(
            "longest gap of a 5 ms ticker beside them",
            "ms",
            found["longest_ms"],
            found["longest_alone_ms"],
            "ticker alone",
            limit=20,
        ),
    ]


def failures(read: dict[str, Readings], files: Sequence[Path]) -> str:
    told = (f"{tool} {len(files) - len(found)}" for tool, found in read.items())
    return f"Not read, of {len(files)} files: {', '.join(told)}."


def worst(read: dict[str, Readings]) -> str:
    scores = sorted(alike(read).items(), key=lambda item: item[1])[:10]
    told = (f"{Path(file).name} {score:.3f}" for file, score in scores)
    return f"Least alike: {', '.join(told)}."


def formats(folder: Path) -> str:
    """The wall time of one sample of each format, or its error."""
    import structx

    lines = ["| sample | ms | characters |", "|---|---|---|"]
    for name, sample in samples.samples().items():
        path = folder / name
        path.write_bytes(sample)
        try:
            times = [_timed(lambda path=path: structx.read(path)) for _ in range(9)]
            text = f"{len(structx.read(path).text):,}"
            lines.append(f"| {name} | {1000 * median(times):.2f} | {text} |")
        except structx.FileError as error:
            lines.append(f"| {name} | | {str(error).replace(f'{path}: ', '')} |")
    return "\n".join(lines)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _files(folders: Sequence[Path], suffix: str) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.glob(f"*.{suffix}"))]


if __name__ == "__main__":
    main()
