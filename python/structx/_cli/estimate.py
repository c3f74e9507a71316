"""`structx estimate`: what an extraction would take; sends nothing."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from structx._cli import arguments, console, output, response_model, sources
from structx._engine.text import dollars

if TYPE_CHECKING:
    from structx._cli.sources import Source
    from structx.extractor import Extractor

_EXAMPLES = (
    "structx estimate invoices/*.pdf -q 'the total' --model openai/gpt-4o --prices genai-prices",
    "structx estimate tickets.csv -q 'the problem' --schema models:Ticket --format json",
)
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

    estimate = extractor.estimate(
        data=[source.data for source in given],
        query=query,
        model=model,
        file_options=arguments.file_options(options),
    )
    if estimate.unread:
        unread = console.count(estimate.unread, "source")
        console.complain(f"structx: {unread} can't be read; structx measure says why")
    _print(asdict(estimate), options.format)
    return 1 if estimate.unread else 0


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
