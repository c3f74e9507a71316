"""`structx journal`: shows, exports and merges what journals have."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx._cli import arguments, journal_merge
from structx._cli.journal_file import opened

if TYPE_CHECKING:
    import sqlite3

_EXPORT_HELP = """\
The output is JSON Lines, one line for each row, in the order of operations and sources:

  {"operation": 1, "source": "a.csv", "query": "...", "position": 0, "status": "success",
   "error": null, "is_final": true, "model": "openai/gpt-4o", "requests": 1,
   "prompt_tokens": 300, "completion_tokens": 80, "thinking_tokens": null,
   "cached_tokens": null, "cost": 0.0012, "ended_at": "2026-11-23T08:00:00.123Z",
   "items": [{...}]}

Each row has one line however many items it has, so that tokens and costs can be summed;
jq -c '.items[]' lists the items. A failed row has its error and its complete items; the next run
requests it again unless it is final. If the source changed between runs, the rows of both versions
are listed.
"""

_OPERATIONS = """
SELECT id, source, query, model, target, started_at, ended_at FROM operations ORDER BY id
"""
_KINDS = """
SELECT operation, status, is_final, count(*) AS rows, count(cost) AS priced, total(cost) AS cost,
       sum(requests) AS requests, sum(prompt_tokens) AS prompt, sum(completion_tokens) AS completion
FROM rows GROUP BY operation, status, is_final ORDER BY status DESC, is_final DESC
"""
_ROWS = """
SELECT operation, source, query, position, status, error, is_final, rows.model, requests,
       prompt_tokens, completion_tokens, thinking_tokens, cached_tokens, cost, rows.ended_at, items
FROM rows JOIN operations ON operations.id = operation
ORDER BY operation, position, occurrence, rows.ended_at
"""


_EXAMPLES = (
    "structx journal show run.db",
    "structx journal export run.db | jq -c '.items[]'",
    "structx journal merge all.db part-1.db part-2.db",
)


def add(commands: Any) -> None:
    """Adds the command."""
    group = arguments.command(
        commands, "journal", "the stored rows of runs", "What a journal has.", _EXAMPLES
    )
    actions = group.add_subparsers(required=True, metavar="COMMAND")

    show = actions.add_parser("show", help="the operations of a journal, with rows and costs")
    show.add_argument("file", type=Path, metavar="FILE", help="the journal")
    show.set_defaults(run=_show)

    export: argparse.ArgumentParser = actions.add_parser(
        "export",
        help="the rows of a journal as JSON lines",
        description="Write the rows of a journal as JSON lines.",
        epilog=_EXPORT_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument("file", type=Path, metavar="FILE", help="the journal")
    export.set_defaults(run=_export)
    journal_merge.add_command(actions)


def _show(options: argparse.Namespace) -> int:
    with opened(options.file) as journal:
        kinds: defaultdict[int, list[sqlite3.Row]] = defaultdict(list)
        for kind in journal.execute(_KINDS):
            kinds[kind["operation"]].append(kind)
        for operation in journal.execute(_OPERATIONS):
            print(f"operation {operation['id']}: {_short(operation['query'])}")
            for name, value in _facts(operation, kinds[operation["id"]]):
                print(f"  {name:<10}{value}")
        for plan in journal.execute("SELECT query, model, calls FROM plans ORDER BY made_at"):
            tokens = [call["total_tokens"] for call in json.loads(plan["calls"])]
            print(f"plan: {_short(plan['query'])}")
            print(f"  model     {plan['model']}")
            print(f"  requests  {len(tokens):,}")
            print(f"  tokens    {sum(tokens):,}")
    return 0


def _facts(operation: sqlite3.Row, kinds: list[sqlite3.Row]) -> Iterator[tuple[str, str]]:
    def total(name: str) -> Any:
        return sum(kind[name] for kind in kinds)

    def said(kind: sqlite3.Row) -> str:
        again = "" if kind["is_final"] else " (will be requested again)"
        return f"{kind['rows']:,} {kind['status']}{again}"

    rows, priced = total("rows"), total("priced")
    unknown = f", unknown for {rows - priced:,} of the rows" if rows > priced else ""
    yield "source", operation["source"]
    yield "items", operation["target"]
    yield "model", operation["model"]
    yield "requests", f"{total('requests'):,}"
    yield "rows", f"{rows:,}: {', '.join(map(said, kinds))}" if kinds else "none"
    yield "tokens", f"{total('prompt'):,} prompt, {total('completion'):,} completion"
    yield "cost", f"${total('cost'):,.4f}{unknown}" if priced else "unknown"
    yield "started", operation["started_at"]
    yield "ended", operation["ended_at"] or "not yet: still running, or interrupted"


def _short(query: str) -> str:
    return textwrap.shorten(query, 100, placeholder=" ...")


def _export(options: argparse.Namespace) -> int:
    with opened(options.file) as journal:
        for row in journal.execute(_ROWS):
            print(_line(dict(row)))
    return 0


def _line(row: dict[str, Any]) -> str:
    """Formats a row as JSON; its items are copied verbatim, to keep the spelling of numbers."""
    # A JSON string contains no raw line break, so only whitespace is replaced.
    items = (row.pop("items") or "null").replace("\n", " ").replace("\r", " ")
    row["is_final"] = bool(row["is_final"])
    return f'{json.dumps(row, ensure_ascii=False)[:-1]}, "items": {items}}}'
