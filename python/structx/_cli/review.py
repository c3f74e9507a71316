"""`structx review apply`: the corrections of a review page, applied to the output of extract."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from structx._cli import arguments, console
from structx.exceptions import ValidationError

_EXAMPLES = (
    "structx extract invoice.pdf -q 'the total' --review review.html > items.jsonl",
    "structx review apply corrections.jsonl items.jsonl > corrected.jsonl",
)


def add(commands: Any) -> None:
    """Adds the command."""
    group = arguments.command(
        commands,
        "review",
        "corrections of a review page",
        "What was decided on a review page (structx extract --review).",
        _EXAMPLES,
    )
    actions = group.add_subparsers(required=True, metavar="COMMAND")
    apply: argparse.ArgumentParser = actions.add_parser(
        "apply",
        help="write items with the corrections made on their review page",
        description="Write the output of `structx extract` with the corrections that were made on "
        "the page of its option --review.",
    )
    apply.add_argument("corrections", type=Path, metavar="CORRECTIONS", help="what the page saved")
    apply.add_argument(
        "items", type=Path, metavar="ITEMS", help="the output of structx extract, as JSON Lines"
    )
    apply.set_defaults(run=_apply)


def _apply(options: argparse.Namespace) -> int:
    from structx import review  # not needed by other commands

    corrections = review.read_corrections(options.corrections)
    given = review.lines(options.items)
    records = (_extracted(options.items, number, line) for number, line in given)
    # In full, before a line is written: a correction may not fit.
    corrected = list(review.apply_to_records(records, corrections))
    for record in corrected:
        print(json.dumps(record, ensure_ascii=False))
    edited = sum(correction.action == "edit" for correction in corrections)
    console.say(f"{edited:,} of {len(corrections):,} decisions changed a value")
    return 0


def _extracted(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
        return {"row": record["row"], **record}
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise ValidationError(f"{path}: line {number} is no output of structx extract") from error
