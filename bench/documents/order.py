"""Scores the order and the headings of the texts of PDFs: `order.py FOLDER...`; part of
`make bench-documents`.

Only files with expected texts beside them are read (`order_scores.py` says which). Each tool reads
them in its own process (`order.py --tool TOOL`), which prints a line of JSON for each file.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import order_scores
import tool_runs
from order_scores import PageText, Score

Find = Callable[[str], "dict[int, PageText]"]

_HEADING = re.compile(r"^#+ (.*)", re.MULTILINE)


def structx() -> Find:
    from structx import read

    def of(path: str) -> dict[int, PageText]:
        document = read(path)
        pages = {page.number: PageText(page.text) for page in document.pages}
        for block in document.blocks:
            if block.kind == "heading" and block.page:
                pages[block.page].headings.append(block.text)
        return pages

    return of


def pymupdf4llm() -> Find:
    import pymupdf4llm as library

    def of(path: str) -> dict[int, PageText]:
        pages = library.to_markdown(path, page_chunks=True, show_progress=False)
        texts = (page["text"] for page in pages)
        return {
            number: PageText(text, _HEADING.findall(text)) for number, text in enumerate(texts, 1)
        }

    return of


def pypdfium2() -> Find:
    import pypdfium2 as library

    def of(path: str) -> dict[int, PageText]:
        with library.PdfDocument(path) as document:
            texts = [page.get_textpage().get_text_range() for page in document]
        return {number: PageText(text) for number, text in enumerate(texts, 1)}

    return of


def pdfplumber() -> Find:
    import pdfplumber as library

    def of(path: str) -> dict[int, PageText]:
        with library.open(path) as document:
            return {page.page_number: PageText(page.extract_text()) for page in document.pages}

    return of


TOOLS = {tool.__name__: tool for tool in (structx, pymupdf4llm, pypdfium2, pdfplumber)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Score the order and the headings of texts.")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--tool", choices=TOOLS, help="read the files given on standard input")
    options = parser.parse_args()
    if options.tool:
        _read(options.tool)
        return
    for tool, found in scores(options.folders).items():
        order, headings = order_scores.mean(found)
        print(f"{tool}: {len(found)} files, order {order:.4f}, headings {headings:.4f}")


def scores(folders: Sequence[Path]) -> dict[str, list[Score]]:
    """The scores of each tool; empty if no folder has expected texts."""
    wanted = {
        pdf: order_scores.expected(pdf.with_suffix(".json"))
        for folder in folders
        for pdf in sorted(folder.glob("*.pdf"))
        if pdf.with_suffix(".json").exists()
    }
    if not wanted:
        return {}
    found = {tool: _found(tool, list(wanted)) for tool in TOOLS}
    return {
        tool: [
            order_scores.score(of_tool.get(str(pdf), {}), pages) for pdf, pages in wanted.items()
        ]
        for tool, of_tool in found.items()
    }


def _found(tool: str, pdfs: Sequence[Path]) -> dict[str, dict[int, PageText]]:
    return {
        file: {int(page): PageText(**text) for page, text in pages.items()}
        for file, pages in tool_runs.run(__file__, tool, pdfs)
    }


def _read(tool: str) -> None:
    find = TOOLS[tool]()
    tool_runs.answer(lambda file: {page: asdict(text) for page, text in find(file).items()})


if __name__ == "__main__":
    main()
