"""`structx read` and `structx measure`: documents without a model."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from structx._cli import arguments, console, output, sources
from structx._cli.wording import worded
from structx.exceptions import ConfigurationError, FileError

if TYPE_CHECKING:
    from structx.documents import Block, Document

_READ_EXAMPLES = (
    "structx read invoice.pdf",
    "structx read report.docx --format json | jq '.tables[0].rows'",
    "structx read slides.pptx --by-page",
    "cat page.html | structx read - --stdin-name page.html",
)
_MEASURE_EXAMPLES = (
    "structx measure *.pdf",
    "structx measure -r archive --format jsonl > sizes.jsonl",
)


def add(commands: Any) -> None:
    """Adds both commands."""
    parser = arguments.command(
        commands,
        "read",
        "the text of a document, without a model",
        "Read a document and write its text: headings, lists and tables as Markdown.",
        _READ_EXAMPLES,
    )
    parser.add_argument("source", metavar="FILE", help="a file, or - for stdin")
    parser.add_argument(
        "--format",
        choices=("markdown", "text", "json"),
        default="markdown",
        help="markdown (default); text: without the marks of Markdown; json: text, pages, blocks "
        "and tables with their places",
    )
    parser.add_argument(
        "--by-page", action="store_true", help="put each page under a line with its number"
    )
    arguments.add_reading(parser.add_argument_group("files"))
    parser.set_defaults(run=_read)

    parser = arguments.command(
        commands,
        "measure",
        "pages, rows, characters and tokens of files, without a model",
        "Measure files without a model.",
        _MEASURE_EXAMPLES,
    )
    arguments.add_sources(parser)
    parser.add_argument(
        "--format", choices=("table", "jsonl"), default="table", help="default: table"
    )
    parser.set_defaults(run=_measure)


def _read(options: argparse.Namespace) -> int:
    from structx.documents import read

    source = sources.one(options.source, options.stdin_name)
    try:
        document = read(source.data, **_reading(options))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error)) from error
    if options.format == "json":
        print(json.dumps(_parts(document), ensure_ascii=False))
    elif options.by_page:
        _print_pages(document, options.format)
    else:
        print(_text(document, options.format))
    for warning in document.warnings:
        console.say(f"warning: {warning}")
    return 0


def _print_pages(document: Document, form: str) -> None:
    if not document.pages:
        raise ConfigurationError("--by-page: the format has no pages")
    for page in document.pages:
        print(console.painted(f"--- {page.name or f'page {page.number}'} ---", "bold", sys.stdout))
        blocks = [one for one in document.blocks if page.start <= one.start < page.end]
        print(page.text if form == "markdown" else _bare(document, blocks))


def _text(document: Document, form: str) -> str:
    if form == "markdown" or not document.blocks:
        return document.text
    return _bare(document, document.blocks)


def _bare(document: Document, blocks: list[Block]) -> str:
    """The blocks without the marks of Markdown; the cells of a table are separated by tabs."""
    tables = {table.start: table for table in document.tables}
    texts: list[str] = []
    for block in blocks:
        if block.kind == "table" and block.start in tables:
            texts.append("\n".join("\t".join(row) for row in tables[block.start].rows))
        elif block.kind == "heading":
            texts.append(block.text.lstrip("#").lstrip())
        else:
            texts.append(block.text)
    return "\n\n".join(texts)


def _parts(document: Document) -> dict[str, Any]:
    from dataclasses import asdict as plain  # not needed for help

    return {
        "name": document.name,
        "format": document.format,
        "text": document.text,
        "pages": [
            {name: value for name, value in plain(page).items() if name != "text"}
            for page in document.pages
        ],
        "blocks": list(map(plain, document.blocks)),
        "tables": [{**plain(table), "rows": table.rows} for table in document.tables],
        "attachments": [
            {"name": one.name, "media_type": one.media_type, "bytes": len(one.data)}
            for one in document.attachments
        ],
        "warnings": document.warnings,
    }


def _measure(options: argparse.Namespace) -> int:
    from dataclasses import asdict  # none of these is needed for help

    from structx.documents import measure

    names = ["file", "pages", "rows", "characters", "tokens", "vision pages"]
    lines: list[list[str]] = []
    totals = [0, 0, 0, 0, 0]
    failures = 0
    how = _reading(options)
    for source in sources.given(options):
        try:
            size = measure(source.data, **how)
        except (FileError, TypeError, ValueError) as error:
            failures += 1
            console.complain(f"structx: {worded(str(error))}")
            continue
        numbers = [size.pages, size.rows, size.characters, size.tokens, len(size.vision_pages)]
        totals = [sum(pair) for pair in zip(totals, numbers, strict=True)]
        if options.format == "jsonl":
            line = {"source": source.name, **asdict(size)}
            print(json.dumps(line, ensure_ascii=False), flush=True)
        else:
            lines.append([source.name, *(f"{number:,}" for number in numbers)])
    if options.format == "table":
        if len(lines) > 1:
            lines.append(["total", *(f"{number:,}" for number in totals)])
        for line in output.lines_of(names, lines, sys.stdout):
            print(line)
    return 1 if failures else 0


def _reading(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `structx.read`."""
    chosen = arguments.file_options(options)
    if (limits := chosen.pop("limits", None)) is not None:
        from structx.documents import DocumentLimits

        try:
            chosen["limits"] = DocumentLimits(**limits)
        except TypeError as error:
            raise ConfigurationError(f"--file-option limits: {error}") from error
    return chosen
