"""Scores the tables that tools find in PDFs: `tables.py FOLDER...`; part of `make bench-documents`.

Only files with expected tables are read (`table_sets.py` says which). Each tool reads
them in its own process (`tables.py --tool TOOL`), which prints a line of JSON for each file.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import table_scores
import table_sets
import tool_runs
from table_scores import Score, Tables

Find = Callable[[str], Tables]


def structx() -> Find:
    from structx import read

    def of(path: str) -> Tables:
        found: Tables = {}
        for table in read(path).tables:
            rows = [[text.replace("\\|", "|") for text in row] for row in table.rows]
            pages = {cell.row: cell.page for cell in table.cells}
            # The expected tables of a page are those printed on it.
            for page in table.pages or [1]:
                part = [row for number, row in enumerate(rows) if pages.get(number, page) == page]
                found.setdefault(page, []).append(part)
        return found

    return of


def pymupdf4llm() -> Find:
    import pymupdf4llm as library

    def of(path: str) -> Tables:
        pages = library.to_markdown(path, page_chunks=True, show_progress=False)
        return {number: list(_markdown(page["text"])) for number, page in enumerate(pages, 1)}

    return of


def pdfplumber() -> Find:
    import pdfplumber as library

    def of(path: str) -> Tables:
        with library.open(path) as document:
            return {
                page.page_number: [
                    [[text or "" for text in row] for row in rows] for rows in page.extract_tables()
                ]
                for page in document.pages
            }

    return of


TOOLS = {tool.__name__: tool for tool in (structx, pymupdf4llm, pdfplumber)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Score the tables that tools find in PDFs.")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--tool", choices=TOOLS, help="read the files given on standard input")
    options = parser.parse_args()
    if options.tool:
        _read(options.tool)
        return
    for name, found in scores(options.folders).items():
        for tool, of_tool in found.items():
            cells, neighbours, exact, recall = table_scores.mean(of_tool)
            print(
                f"{name}, {tool}: {len(of_tool)} tables, cells {cells:.4f}, "
                f"adjacency {neighbours:.4f}, exact {exact}, recall {recall:.4f}"
            )


def scores(folders: Sequence[Path]) -> dict[str, dict[str, list[Score]]]:
    """The scores of each set that is in the folders, by tool."""
    return {name: _scores(wanted) for name, wanted in table_sets.sets(folders).items()}


def _scores(wanted: table_sets.Set) -> dict[str, list[Score]]:
    found = {tool: _found(tool, list(wanted)) for tool in TOOLS}
    return {
        tool: [
            score
            for pdf, tables in wanted.items()
            for score in table_scores.scores(of_tool.get(str(pdf), {}), tables)
        ]
        for tool, of_tool in found.items()
    }


def _found(tool: str, pdfs: Sequence[Path]) -> dict[str, Tables]:
    return {
        file: {int(page): tables for page, tables in found.items()}
        for file, found in tool_runs.run(__file__, tool, pdfs)
    }


def _read(tool: str) -> None:
    tool_runs.answer(TOOLS[tool]())


def _markdown(text: str) -> Iterator[table_scores.Rows]:
    """The tables in Markdown."""
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            cells = [cell.replace("<br>", " ").replace("**", "") for cell in line[1:-1].split("|")]
            if not all(set(cell) <= set(" -:") and "-" in cell for cell in cells):
                rows.append(cells)
        elif rows:
            yield rows
            rows = []


if __name__ == "__main__":
    main()
