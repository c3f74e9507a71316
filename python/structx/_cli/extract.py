"""`structx extract`: what a query asks for, from any number of files, as rows end."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx._cli import arguments, console, output, reports, response_model, sources, waiting
from structx.exceptions import ConfigurationError, StructXError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from structx._cli.rows import Job, Outcome
    from structx._cli.sources import Source
    from structx._cli.totals import Totals

_NOTES = """\
The output is JSON Lines, one line for each item, as soon as its row ends:

  {"source": "a.csv", "position": 0, "status": "success", "item": {...}, "error": null}

position is the row of the source (0 for a document). A row without items has one line with the
status "empty", and a failed row has one with the status "failed" and the error; both have "item":
null. A source that can't be read has one line with "position": null. Lines come in the order in
which rows end. --evidence adds "evidence": for the JSON Pointer of each value in the item its
status, the text of the source, and its places with page, start, end, boxes and cell.

Without --schema, the fields of the items are planned once, for the first source that can be read.
The query may also come last among the sources, if it is several words and no name of a file.
With --max-cost or --max-tokens, sources are read one after another.

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
    if path is not None and any(path == source.path for source in given):
        raise ConfigurationError(f"-o {path}: it is one of the sources")
    model = response_model.load(options.schema)
    if options.dry_run:
        from structx._cli import estimate  # not needed by others

        return estimate.show(arguments.extractor(options), options, given, query, model)
    from structx._cli.totals import Totals  # not needed for help

    totals = Totals(len(given))
    job = _job(options, query, model, totals)
    kept = reports.Kept(options, job.file_options)
    _work(job, totals, _extract(job, given, totals, kept, form, options))
    kept.write()
    console.say(*totals.summary())
    return 1 if totals.failed else 0


def _work(job: Job, totals: Totals, work: Coroutine[Any, Any, None]) -> None:
    """Runs the work; says what came of it also if it ends early."""
    import asyncio  # not needed for help

    try:
        asyncio.run(work)
    except (KeyboardInterrupt, StructXError):
        if totals.rows:
            console.complain(*totals.summary())
            if journal := job.options.get("journal"):
                console.complain(f"the rows are kept: --resume {journal}")
        raise


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


def _job(options: argparse.Namespace, query: str, model: Any, totals: Totals) -> Job:
    from structx._cli.rows import Job  # not needed for help

    journal: Path | None = options.resume or options.journal
    if options.resume is not None:
        if options.journal not in (None, options.resume):
            raise ConfigurationError("give --resume or --journal, not both")
        if not options.resume.is_file():
            raise ConfigurationError(f"--resume: there is no journal {options.resume}")
    _check(options)
    wants_evidence = options.evidence or options.review or options.proof
    warned: set[str] = set()

    def warn(source: Source, warning: str) -> None:
        # The warning of a model is the same for all files.
        if warning not in warned:
            warned.add(warning)
            console.say(f"{source.name}: warning: {warning}")

    return Job(
        extractor=arguments.extractor(options),
        query=query,
        model=model,
        file_options=arguments.file_options(options),
        options={"journal": journal, "evidence": True if wants_evidence else None},
        files=options.max_threads,
        deadline=options.deadline,
        max_cost=options.max_cost,
        max_tokens=options.max_tokens,
        spent=lambda: (totals.cost, totals.tokens),
        report=totals.report,
        ended=totals.ended,
        warn=warn,
    )


def _check(options: argparse.Namespace) -> None:
    """Checks the budget and the time, of which each call gets what is left."""
    from structx._engine import checks

    try:
        if options.max_cost is not None:
            checks.number("--max-cost", options.max_cost)
        if options.max_tokens is not None:
            checks.integer("--max-tokens", options.max_tokens, minimum=0, below=2**63)
        if options.deadline is not None:
            checks.number("--deadline", options.deadline, positive=True)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


async def _extract(
    job: Job,
    given: list[Source],
    totals: Totals,
    kept: reports.Kept,
    form: str,
    options: argparse.Namespace,
) -> None:
    from contextlib import aclosing  # none of these is needed for help

    from structx._cli.records import records_of
    from structx._cli.rows import rows_of

    def take(outcome: Outcome) -> None:
        totals.count(outcome)
        kept.take(outcome)
        records = list(records_of(outcome, evidence=options.evidence))
        writer.write(records, outcome.model)

    path: Path | None = options.output
    with (
        output.writer(form, path, evidence=options.evidence) as writer,
        waiting.shown(totals.line),
    ):
        async with aclosing(rows_of(job, given)) as outcomes:
            async for outcome in outcomes:
                take(outcome)
    if path is None:
        sys.stdout.flush()
