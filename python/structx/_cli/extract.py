"""`structx extract`: what a query asks for, from any number of files, in one operation."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx._cli import arguments, console, output, reports, response_model, sources, waiting
from structx.exceptions import ConfigurationError, StructXError

if TYPE_CHECKING:
    from structx._cli.sources import Source
    from structx._cli.totals import Totals
    from structx.extractor import Extractor
    from structx.run_options import RunOptions

_NOTES = """\
The output is JSON Lines, one line for each item, as soon as its row ends:

  {"source": "a.csv", "position": 0, "row": 0, "status": "success", "item": {...}, "error": null}

position is the row in its source (0 for a document), row its number among the rows of all sources.
A row without items has one line with the status "empty", and a failed row has one with the status
"failed" and the error; both have "item": null. A source that can't be read is a failed row. Lines
come in the order in which rows end. --evidence adds "evidence": for the JSON Pointer of each value
in the item its status, the text of the source, and its places with page, start, end, boxes and
cell.

Without --schema, the fields of the items are planned once, from the first sources that can be read.
The query may also come last among the sources, if it is several words and no name of a file.

exit codes:
  0    success
  1    a source or a row failed
  2    wrong usage or configuration
  130  interrupted
  141  the reader of stdout is gone
"""
_EXAMPLES = (
    'structx extract invoices/*.pdf -q "the number, the due date and the total" > items.jsonl',
    "structx extract tickets.csv -q 'the problem' --schema models:Ticket -o tickets.parquet",
    "structx extract -r archive -q 'the parties' --journal run.db --prices genai-prices",
    "curl -s URL | structx extract - --stdin-name page.html -q 'the speakers' --format table",
    "structx extract *.pdf -q 'the total' --dry-run",
)


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.command(
        commands,
        "extract",
        "extract what a query asks for from files",
        "Extract what the query asks for from each document or table.",
        _EXAMPLES,
        _NOTES,
    )
    arguments.add_query(parser, required=False, says="what to extract, in words; required")
    arguments.add_schema(parser)
    arguments.add_sources(parser)
    out = parser.add_argument_group("output")
    out.add_argument("--output", "-o", type=Path, metavar="FILE", help="default: stdout")
    out.add_argument(
        "--format", choices=output.FORMATS, help="default: by the extension of -o, else jsonl"
    )
    out.add_argument("--evidence", action="store_true", help="add where each value stands")
    out.add_argument(
        "--review", type=Path, metavar="FILE", help="write a page to check and correct the values"
    )
    out.add_argument(
        "--proof", type=Path, metavar="FOLDER", help="write a proof of each document into it"
    )
    run = parser.add_argument_group("run")
    run.add_argument(
        "--journal", type=Path, metavar="FILE", help="store rows in it, and take those it has"
    )
    run.add_argument(
        "--resume", type=Path, metavar="FILE", help="as --journal, of a run that was interrupted"
    )
    run.add_argument("--dry-run", action="store_true", help="estimate the cost, and send nothing")
    run.add_argument("--max-cost", type=float, metavar="USD", help="the budget in US dollars")
    run.add_argument("--max-tokens", type=int, metavar="N", help="the budget in tokens")
    run.add_argument("--deadline", type=float, metavar="S", help="the seconds that it may take")
    arguments.add_model(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    query = _query(options)
    given = sources.given(options)
    if options.output == Path("-"):
        options.output = None
    path: Path | None = options.output
    form = output.format_of(options.format, path)
    if path is not None and any(path == source.data for source in given):
        raise ConfigurationError(f"-o {path}: it is one of the sources")
    model = response_model.load(options.schema)
    extractor = arguments.extractor(options)
    if options.dry_run:
        from structx._cli import estimate  # not needed by others

        return estimate.show(extractor, options, given, query, model)
    return _extract(extractor, options, given, query, model, form)


def _extract(
    extractor: Extractor,
    options: argparse.Namespace,
    given: list[Source],
    query: str,
    model: Any,
    form: str,
) -> int:
    """Extracts and writes; says what came of it also if it ends early. Returns the exit code."""
    from structx._cli.records import records_of  # none of these is needed for help
    from structx._cli.totals import Totals

    totals = Totals(len(given))
    file_options = arguments.file_options(options)
    run = _run_options(options, totals)
    kept = reports.Kept(options, file_options)
    data = [source.data for source in given]
    try:
        with (
            output.writer(form, options.output, evidence=options.evidence) as writer,
            waiting.shown(totals.line),
            extractor.extract_stream(
                data=data, query=query, model=model, file_options=file_options, **run
            ) as stream,
        ):
            for row in stream:
                totals.count(row)
                name = sources.name_of(given, row)
                writer.write(list(records_of(name, row, evidence=options.evidence)), stream.model)
                kept.take(row)
    except (KeyboardInterrupt, StructXError):
        if totals.are_any:
            console.complain(*totals.summary())
        if totals.are_any and (journal := run.get("journal")):
            console.complain(f"the rows are kept: --resume {journal}")
        raise
    for warning in stream.warnings:
        console.say(f"warning: {warning}")
    kept.write(stream.model)
    console.say(*totals.summary())
    return 1 if totals.failed else 0


def _query(options: argparse.Namespace) -> str:
    """The query; it may be the last of the sources. Raises ConfigurationError."""
    if options.query is not None:
        return options.query
    last: str = options.sources[-1] if options.sources else ""
    has_files = len(options.sources) > 1 or options.files_from is not None
    if not last or not has_files or not any(one.isspace() for one in last.strip()):
        raise ConfigurationError("the query is missing: say with -q TEXT what to extract")
    if sources.is_file_name(last):
        raise ConfigurationError(
            f"the query is missing, since {last!r} is the name of a file: give it with -q TEXT"
        )
    options.sources.pop()
    return arguments.words(last)


def _run_options(options: argparse.Namespace, totals: Totals) -> RunOptions:
    journal: Path | None = options.resume or options.journal
    if options.resume is not None:
        if options.journal not in (None, options.resume):
            raise ConfigurationError("give --resume or --journal, not both")
        if not options.resume.is_file():
            raise ConfigurationError(f"--resume: there is no journal {options.resume}")
    return {
        "journal": journal,
        "evidence": True if options.evidence or options.review or options.proof else None,
        "deadline": options.deadline,
        "max_cost": options.max_cost,
        "max_tokens": options.max_tokens,
        "progress": totals.report,
    }
