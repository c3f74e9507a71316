"""`structx journal merge`: joins the journals of several machines."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx._cli.journal_file import opened
from structx.exceptions import FileError

if TYPE_CHECKING:
    import sqlite3

_HELP = """\
A run with the merged journal replays the rows of all of them. Of a row that several journals have,
the final outcome is kept before others, and the later one of two. The inputs are only read, and may
be in use.
"""

_OPERATION = """
INSERT INTO operations ({names}) VALUES ({marks}) ON CONFLICT (key) DO UPDATE SET
    started_at = min(started_at, excluded.started_at),
    ended_at = max(ended_at, excluded.ended_at),
    rows = max(rows, excluded.rows)
RETURNING id
"""
_PLAN = "INSERT OR IGNORE INTO plans ({names}) VALUES ({marks})"
_ROW = """
INSERT INTO rows ({names}) VALUES ({marks}) ON CONFLICT (key, occurrence) DO UPDATE SET {changes}
WHERE (excluded.is_final, excluded.ended_at) > (rows.is_final, rows.ended_at)
"""


def add_command(actions: Any) -> None:
    """Adds `merge` to the commands of journals."""
    command: argparse.ArgumentParser = actions.add_parser(
        "merge",
        help="the rows of several journals in a new one",
        description="Write the rows of several journals to a new one.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("out", type=Path, metavar="OUT", help="the new journal")
    command.add_argument("files", type=Path, metavar="IN", nargs="+", help="journals")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    merge(options.out, options.files)
    return 0


def merge(out: Path, files: Sequence[Path]) -> None:
    """Writes a new journal; raises FileError if it exists, or one of the others can't be read."""
    import sqlite3  # some builds of Python lack it; `opened` says so

    if out.exists():
        raise FileError(f"{out} exists; give the name of a new file", str(out))
    part = out.with_name(f"{out.name}.part")
    part.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(part)) as target:
            for number, file in enumerate(files):
                with opened(file) as source:
                    if number:
                        _add(source, target)
                    else:
                        source.backup(target)
            # So that the one file has all.
            target.execute("PRAGMA journal_mode = DELETE")
        part.rename(out)
    except sqlite3.Error as error:
        raise FileError(f"{out} can't be written as a journal: {error}", str(out)) from error
    finally:
        part.unlink(missing_ok=True)


def _add(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    ids: dict[int, int] = {}
    with target:
        for operation in source.execute("SELECT * FROM operations"):
            record = dict(operation)
            known = record.pop("id")
            (ids[known],) = target.execute(*_statement(_OPERATION, record)).fetchone()
        for plan in source.execute("SELECT * FROM plans"):
            target.execute(*_statement(_PLAN, dict(plan)))
        for row in source.execute("SELECT * FROM rows"):
            record = dict(row)
            record["operation"] = ids[record["operation"]]
            target.execute(*_statement(_ROW, record))


def _statement(template: str, record: dict[str, Any]) -> tuple[str, list[Any]]:
    statement = template.format(
        names=", ".join(record),
        marks=", ".join("?" * len(record)),
        changes=", ".join(f"{name} = excluded.{name}" for name in record),
    )
    return statement, list(record.values())
