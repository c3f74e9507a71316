"""Reads files with one tool, in a separate process: `reader.py TOOL ROUNDS < list of files`.

Prints a line of JSON for each file: its pages, its text and the median CPU time in seconds, or an
error. Startup, imports and a first read of the first file are not measured.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

Read = Callable[[str], "tuple[int, str]"]
"""The number of pages and the text of a file."""


def structx() -> Read:
    from structx import read

    def of(path: str) -> tuple[int, str]:
        document = read(path)
        return len(document.pages), document.text

    return of


def pymupdf() -> Read:
    import pymupdf as library

    def of(path: str) -> tuple[int, str]:
        with library.open(path) as document:
            pages = [page.get_text("blocks", sort=True) for page in document]
        return len(pages), "\n".join(block[4] for blocks in pages for block in blocks)

    return of


def pypdfium2() -> Read:
    import pypdfium2 as library

    def of(path: str) -> tuple[int, str]:
        with library.PdfDocument(path) as document:
            pages = [page.get_textpage().get_text_range() for page in document]
        return len(pages), "\n".join(pages)

    return of


def markitdown() -> Read:
    from markitdown import MarkItDown

    converter = MarkItDown()
    return lambda path: (1, converter.convert(path).text_content)


def python_docx() -> Read:
    from docx import Document

    def of(path: str) -> tuple[int, str]:
        document = Document(path)
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return 1, "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])

    return of


TOOLS = {tool.__name__: tool for tool in (structx, pymupdf, pypdfium2, markitdown, python_docx)}


def main(tool: str, rounds: int) -> None:
    read = TOOLS[tool]()
    files = sys.stdin.read().splitlines()
    try_to_read(read, files[0], 1)
    for file in files:
        print(json.dumps({"file": file, **try_to_read(read, file, rounds)}))


def try_to_read(read: Read, file: str, rounds: int) -> dict[str, object]:
    seconds: list[float] = []
    pages, text = 0, ""
    for _ in range(rounds):
        started = time.process_time()
        try:
            pages, text = read(file)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"[:200]}
        seconds.append(time.process_time() - started)
    return {"pages": pages, "text": text, "cpu_s": median(seconds)}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
