"""What came of the rows of a command so far, for the line of progress and the summary."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from structx._cli import console
from structx._cli.waiting import SPINNER
from structx._engine.reasons import reason_of
from structx._engine.text import dollars
from structx.progress import Progress

if TYPE_CHECKING:
    from structx.results import RowResult

_MOST_REASONS = 10
_FEW = 5
"""Rows that tell too little of how long the others take. Chosen by hand."""


class Totals:
    """The counts of a command."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._statuses: Counter[str] = Counter()
        self._items = 0
        self._journaled = 0
        self._reasons: Counter[str] = Counter()
        self._started = time.monotonic()
        self._progress = Progress(0, 0, 0, 0, 0, 0, None, 0.0)
        self._first: float | None = None
        """The seconds after which the first row that was requested had ended."""

    @property
    def failed(self) -> bool:
        """Whether a row failed."""
        return self._statuses["failed"] > 0

    @property
    def are_any(self) -> bool:
        """Whether rows have ended, or requests were sent."""
        return bool(self._statuses or self._progress.requests)

    def report(self, progress: Progress) -> None:
        """Takes the progress of the operation, on any thread."""
        self._progress = progress

    def count(self, row: RowResult[Any]) -> None:
        """Counts a row that has ended."""
        self._statuses[row.status] += 1
        self._items += len(row.items)
        self._journaled += row.from_journal
        if row.error is not None:
            self._reasons[reason_of(row).replace("_", " ")] += 1
        if self._first is None and not row.from_journal:
            self._first = self._seconds()

    def _seconds(self) -> float:
        return time.monotonic() - self._started

    def line(self) -> str:
        """The line of progress."""
        seconds, progress = self._seconds(), self._progress
        parts = [SPINNER[int(seconds * 10) % len(SPINNER)]]
        rows, total = sum(self._statuses.values()), self._expected()
        files = progress.total_files or self._files
        if files > 1:
            parts.append(f"{progress.files:,}/{console.count(files, 'file')}")
        known = f"/{total:,}" if total else ""
        parts.append(f"{rows:,}{known} rows")
        if failures := self._statuses["failed"]:
            parts.append(console.painted(f"{failures:,} failed", "red"))
        parts.append(f"{progress.tokens:,} tokens")
        if progress.cost:
            parts.append(dollars(progress.cost))
        parts.append(console.duration(seconds))
        if (left := self._left(rows, total)) is not None:
            parts.append(f"{console.duration(left)} left")
        elif not rows:
            is_asked = progress.requests > 0
            parts.append("waiting for replies" if is_asked else "reading, or loading the model")
        return "  ".join(parts)

    def _expected(self) -> int:
        """The number of rows of all files, as far as it can be told."""
        progress = self._progress
        if not progress.files:
            return progress.rows
        files = progress.total_files or self._files
        return max(progress.rows, round(progress.done * files / progress.files))

    def _left(self, rows: int, total: int) -> float | None:
        """The seconds left, by the rows that were requested after the first: it had its plan."""
        requested = rows - self._journaled - 1
        if self._first is None or requested < _FEW or total <= rows:
            return None
        return (self._seconds() - self._first) / requested * (total - rows)

    def summary(self) -> list[str]:
        """What came of it all, in lines."""
        counts, progress = self._statuses, self._progress
        failures = f"{counts['failed']:,} failed"
        if counts["failed"]:
            failures = console.painted(failures, "red")
        rows = [f"{counts['success']:,} ok", f"{counts['empty']:,} empty", failures]
        if self._journaled:
            rows.append(f"{self._journaled:,} from the journal")
        total = progress.total_files or self._files
        files = console.count(total, "file")
        if progress.files < total:
            files = f"{progress.files:,} of {files}"
        spent = [console.count(progress.tokens, "token")]
        if progress.requests and progress.cost is not None:
            spent.append(dollars(progress.cost))
        lines = [
            f"{files}, {console.count(sum(counts.values()), 'row')}: {', '.join(rows)}",
            f"{console.count(self._items, 'item')}, {', '.join(spent)}, "
            f"{console.duration(self._seconds())}",
        ]
        for reason, number in self._reasons.most_common(_MOST_REASONS):
            lines.append(f"  {number:,} failed: {reason}")
        if (more := len(self._reasons) - _MOST_REASONS) > 0:
            lines.append(f"  and {console.count(more, 'other reason')}")
        return lines
