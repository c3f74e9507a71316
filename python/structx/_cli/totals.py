"""What came of the rows of a command so far, for the line of progress and the summary."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from structx._cli import console
from structx._cli.waiting import SPINNER
from structx._engine.progress_bar import dollars
from structx.progress import Progress

if TYPE_CHECKING:
    from structx._cli.rows import Outcome
    from structx._cli.sources import Source
    from structx.usage import ExtractorUsage

_MOST_REASONS = 10
_FEW = 5
"""Rows that tell too little of how long the others take. Chosen by hand."""


class _Spent(NamedTuple):
    """What files have taken together."""

    files: int = 0
    """Those with rows."""
    rows: int = 0
    requests: int = 0
    tokens: int = 0
    cost: float | None = None
    """None if a price is unknown, or without a request."""

    @classmethod
    def of(cls, past: _Spent, *more: Progress) -> _Spent:
        """What both have taken."""
        asked = [one for one in more if one.requests]
        costs = [one.cost for one in asked] + ([past.cost] if past.requests else [])
        known = [cost for cost in costs if cost is not None]
        return cls(
            past.files + sum(one.rows > 0 for one in more),
            past.rows + sum(one.rows for one in more),
            past.requests + sum(one.requests for one in more),
            past.tokens + sum(one.tokens for one in more),
            sum(known) if known and len(known) == len(costs) else None,
        )


class Totals:
    """The counts of a command."""

    def __init__(self, files: int) -> None:
        self.files = files
        self.files_done = 0
        self.files_failed = 0
        self.rows: Counter[str] = Counter()
        """Rows by their status."""
        self.items = 0
        self.journaled = 0
        self.reasons: Counter[str] = Counter()
        self._started = time.monotonic()
        self._progress: dict[Source, Progress] = {}
        """That of the files that are read now. Those before are only counted: there may be many."""
        self._past = _Spent()
        self._first: float | None = None
        """The seconds after which the first row that was requested had ended."""

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    @property
    def failed(self) -> bool:
        """Whether a file or a row failed."""
        return bool(self.files_failed or self.rows["failed"])

    @property
    def tokens(self) -> int:
        """Tokens of all requests that this command sent."""
        return self._spent().tokens

    @property
    def cost(self) -> float | None:
        """US dollars for them; None if a price is unknown, or before the first request."""
        return self._spent().cost

    def _spent(self) -> _Spent:
        """What all files have taken; those that are read now may change meanwhile."""
        return _Spent.of(self._past, *list(self._progress.values()))

    def report(self, source: Source, progress: Progress) -> None:
        """Takes the progress of a file; structx calls it on a thread of its own."""
        self._progress[source] = progress

    def ended(self, source: Source) -> None:
        """Counts a file that was read to its end."""
        self.files_done += 1
        self._leave(source)

    def _leave(self, source: Source, plans: ExtractorUsage | None = None) -> None:
        """Adds what a file has taken; `plans` are those that failed, of which a stream may not have
        told the last."""
        progress = self._progress.pop(source, None)
        told = progress.tokens if progress else 0
        if plans is not None and plans.total_tokens > told:
            requests = progress.requests if progress else 1
            progress = Progress(0, 0, 0, 0, requests, plans.total_tokens, plans.cost, 0.0)
        if progress is not None:
            self._past = _Spent.of(self._past, progress)

    def count(self, outcome: Outcome) -> None:
        """Counts the outcome of a row, or of a file that could not be read."""
        if (row := outcome.row) is not None:
            self.rows[row.status] += 1
            self.items += len(row.items)
            self.journaled += row.from_journal
            if self._first is None and not row.from_journal:
                self._first = self.seconds
        else:
            self.files_failed += 1
            self._leave(outcome.source, outcome.usage)
        if outcome.error is not None:
            self.reasons[outcome.reason] += 1

    def line(self) -> str:
        """The line of progress."""
        seconds = self.seconds
        parts = [SPINNER[int(seconds * 10) % len(SPINNER)]]
        rows, total = sum(self.rows.values()), self._rows_expected()
        if self.files > 1:
            done = self.files_done + self.files_failed
            parts.append(f"{done:,}/{console.count(self.files, 'file')}")
        known = f"/{total:,}" if total else ""
        parts.append(f"{rows:,}{known} rows")
        if failures := self.rows["failed"] + self.files_failed:
            parts.append(console.painted(f"{failures:,} failed", "red"))
        parts.append(f"{self.tokens:,} tokens")
        if cost := self.cost:
            parts.append(dollars(cost))
        parts.append(console.duration(seconds))
        if (left := self._left(rows, total)) is not None:
            parts.append(f"{console.duration(left)} left")
        elif not rows:
            parts.append(self._stage())
        return "  ".join(parts)

    def _stage(self) -> str:
        """What is waited for before the first row ends."""
        return "waiting for replies" if self._spent().requests else "reading, or loading the model"

    def _rows_expected(self) -> int:
        """The number of rows of all files, as far as it can be told."""
        spent = self._spent()
        if not spent.files:
            return 0
        unread = max(0, self.files - self.files_failed - spent.files)
        return round(spent.rows + unread * spent.rows / spent.files)

    def _left(self, rows: int, total: int) -> float | None:
        """The seconds left, by the rows that were requested after the first: it had its plan."""
        requested = rows - self.journaled - 1
        if self._first is None or requested < _FEW or total <= rows:
            return None
        return (self.seconds - self._first) / requested * (total - rows)

    def summary(self) -> list[str]:
        """What came of it all, in lines."""
        ok = self.rows["success"]
        rows = [f"{ok:,} ok", f"{self.rows['empty']:,} empty", self._failures(self.rows["failed"])]
        if self.journaled:
            rows.append(f"{self.journaled:,} from the journal")
        files = console.count(self.files, "file")
        done = self.files_done + self.files_failed
        if done < self.files:
            files = f"{done:,} of {files}"
        if self.files_failed:
            files += f" ({console.painted(f'{self.files_failed:,} unreadable or refused', 'red')})"
        cost = self.cost
        spent = [console.count(self.tokens, "token")]
        if cost is not None:
            spent.append(dollars(cost))
        total = console.count(sum(self.rows.values()), "row")
        lines = [
            f"{files}, {total}: {', '.join(rows)}",
            f"{console.count(self.items, 'item')}, {', '.join(spent)}, "
            f"{console.duration(self.seconds)}",
        ]
        for reason, number in self.reasons.most_common(_MOST_REASONS):
            lines.append(f"  {number:,} failed: {reason}")
        if (more := len(self.reasons) - _MOST_REASONS) > 0:
            lines.append(f"  and {console.count(more, 'other reason')}")
        return lines

    def _failures(self, number: int) -> str:
        text = f"{number:,} failed"
        return console.painted(text, "red") if number else text
