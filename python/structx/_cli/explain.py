"""`structx explain`: how a provider is sent a schema, and what is left to validation."""

from __future__ import annotations

import argparse
import json
from typing import Any

from structx._cli import arguments, response_model

_EXAMPLES = (
    "structx explain --schema models:Invoice --model openai/gpt-4o",
    "structx explain --schema invoice.json --model anthropic/claude-sonnet-4-5 --format json",
)


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.command(
        commands,
        "explain",
        "how a schema is sent to a model, and what is not enforced",
        "Report how the provider is sent a schema, and which rules only validation enforces; sends "
        "nothing.",
        _EXAMPLES,
    )
    arguments.add_schema(parser, required=True)
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="text (default); json: the report with the schema as it is sent",
    )
    arguments.add_model(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from dataclasses import asdict  # not needed for help

    model = response_model.load(options.schema)
    report = arguments.extractor(options).explain_schema(model)
    if options.format == "json":
        print(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        print(report)
    return 0
