"""`structx estimate`: what an extraction would take; sends nothing."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from structx._cli import arguments, console, output, response_model, sources
from structx._cli.wording import worded
from structx._engine.progress_bar import dollars
from structx.exceptions import ConfigurationError, ExtractionError

if TYPE_CHECKING:
    from structx._cli.sources import Source
    from structx.extractor import Extractor

_EXAMPLES = (
    "structx estimate invoices/*.pdf -q 'the total' --model openai/gpt-4o --prices genai-prices",
    "structx estimate tickets.csv -q 'the problem' --schema models:Ticket --format json",
)
_FIELDS, _WORDS = 6, 15
"""What an estimate of the core assumes of a planned model: see `planned` in src/run/estimate.rs."""
_NAMES = ("rows", "requests", "prompt tokens", "reply tokens", "cost", "seconds")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.command(
        commands,
        "estimate",
        "what an extraction would take",
        "Estimate requests, tokens, cost and time of an extraction; sends nothing.",
        _EXAMPLES,
    )
    arguments.add_query(parser, required=True, says="what to extract, in words")
    arguments.add_schema(parser)
    arguments.add_sources(parser)
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="default: table"
    )
    arguments.add_model(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    given = sources.given(options)
    model = response_model.load(options.schema)
    return show(arguments.extractor(options), options, given, options.query, model)


def show(
    extractor: Extractor,
    options: argparse.Namespace,
    given: list[Source],
    query: str,
    model: Any,
) -> int:
    """Prints the estimate of all files together; returns the exit code."""
    from dataclasses import asdict  # not needed for help

    total: dict[str, Any] = dict.fromkeys(("rows", "requests", "prompt_tokens"), 0)
    total |= {"completion_tokens": 0, "cost": 0.0, "seconds": 0.0}
    failures = read = 0
    file_options = arguments.file_options(options)
    for source in given:
        try:
            # One plan serves all files.
            expected = model if model is not None or not read else _planned()
            one = extractor.estimate(
                data=source.data, query=query, model=expected, file_options=file_options
            )
        except ExtractionError as error:
            if isinstance(error.__cause__, ConfigurationError):
                raise error.__cause__ from error
            failures += 1
            console.complain(f"structx: {worded(str(error))}")
            continue
        read += 1
        for name, value in asdict(one).items():
            known = total[name] is not None and value is not None
            total[name] = total[name] + value if known else None
    # Files share the requests at a time.
    total["seconds"] /= max(1, min(read, options.max_threads))
    _print(total, options.format)
    return 1 if failures else 0


def _planned() -> dict[str, Any]:
    """A JSON Schema like those that are planned."""
    field = {"type": ["string", "null"], "description": "words " * _WORDS}
    names = [f"a_field_{number}" for number in range(1, _FIELDS + 1)]
    return {"type": "object", "properties": dict.fromkeys(names, field)}


def _print(total: dict[str, Any], form: str | None) -> None:
    if form == "json":
        print(json.dumps(total))
        return
    cost = total["cost"]
    row = [
        f"{total['rows']:,}",
        f"{total['requests']:,}",
        f"{total['prompt_tokens']:,}",
        f"{total['completion_tokens']:,}",
        "unknown (--prices)" if cost is None else dollars(cost),
        f"{total['seconds']:,.1f}",
    ]
    for line in output.lines_of(_NAMES, [row], sys.stdout):
        print(line)
