"""Scenarios with a provider that fails, throttles or loses its client: small ones for tests, large
ones for `bench/faults`."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from provider import FakeProvider, Recorded
from structx import Extractor, Limits

MARK = "row: "
"""The text before a row's number."""
LOST_CAUSE = 7
"""The row that always fails."""
THREADS = 20
"""`max_threads` of the runs that are killed."""


class Word(BaseModel):
    word: str


def rows(count: int) -> list[dict[str, int]]:
    return [{"row": number} for number in range(count)]


def _extractor(provider: FakeProvider, **settings: Any) -> Extractor:
    return Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, **settings)


@dataclass
class Mixed:
    """A run in which some responses are faulty."""

    rows: int
    max_retries: int
    requests: int = 0
    succeeded: int = 0
    failed: int = 0
    seconds: float = 0.0
    lost: list[int] = field(default_factory=list[int])
    """Rows that did not end."""
    duplicated: list[int] = field(default_factory=list[int])
    """Rows that ended more than once."""
    unexplained: list[int] = field(default_factory=list[int])
    """Rows whose number of errors differs from that of their failed requests."""
    lost_cause: int = 0
    """Requests for the row that always fails."""
    kinds: Counter[str] = field(default_factory=Counter[str])


def mixed(provider: FakeProvider, count: int, *, wait_ms: int = 20, max_retries: int = 3) -> Mixed:
    """Extracts rows, one of which always fails, while 30 % of all responses are faulty."""
    provider.script(
        {"when": f"{MARK}{LOST_CAUSE}\\n", "times": 10**6, "status": 500},
        faults={"share": 0.3, "seed": 6, "wait_ms": wait_ms},
        mark=MARK,
    )
    subject = _extractor(
        provider, max_retries=max_retries, min_wait=0, max_wait=0.1, timeout=1, max_threads=100
    )
    began = time.monotonic()
    ended = list(subject.extract_stream(data=rows(count), query="the word", model=Word))
    report = Mixed(count, max_retries, seconds=time.monotonic() - began)
    positions = Counter(row.position for row in ended)
    report.lost = [position for position in range(count) if position not in positions]
    report.duplicated = [position for position, times in positions.items() if times > 1]
    asked = Counter(request["mark"] for request in provider.requests())
    for row in ended:
        wasted = asked[row.position] - (row.error is None)
        if len(row.errors) != wasted or (row.error is None) != bool(row.items):
            report.unexplained.append(row.position)
        report.kinds.update(error.kind for error in row.errors)
    report.succeeded = sum(row.error is None for row in ended)
    report.failed = len(ended) - report.succeeded
    report.requests = provider.stats()["requests"]
    report.lost_cause = asked[LOST_CAUSE]
    return report


@dataclass
class Throttled:
    """A run against a provider with a limit."""

    requests: int
    rejected: int
    """Responses with status 429."""
    late_requests: int
    """After the first ten seconds."""
    late_rejected: int
    used: float
    """The share of the requests that the provider allowed from the first to the last."""
    failed: int


def throttled(
    provider: FakeProvider,
    count: int,
    *,
    per_second: float,
    halves_after_ms: int | None = None,
    headers: bool = False,
    latency_ms: int = 100,
    limits: Limits | None = None,
    threads: int = 100,
) -> Throttled:
    """Extracts rows as fast as the provider allows."""
    limit: dict[str, Any] = {"per_second": per_second, "burst": 3, "retry_after": "header"}
    if halves_after_ms is not None:
        limit["halves_after_ms"] = halves_after_ms
    provider.script(latency_ms=latency_ms, limit={**limit, "headers": headers})
    subject = _extractor(
        provider, limits=limits, max_retries=20, min_wait=0.1, max_wait=1, max_threads=threads
    )
    stream = subject.extract_stream(data=rows(count), query="the word", model=Word)
    failed = sum(row.error is not None for row in stream)
    asked = provider.requests()
    late = [request for request in asked if request["at_ms"] - asked[0]["at_ms"] >= 10_000]
    return Throttled(
        requests=len(asked),
        rejected=_rejected(asked),
        late_requests=len(late),
        late_rejected=_rejected(late),
        used=count / _allowed(asked, per_second, halves_after_ms),
        failed=failed,
    )


def _rejected(asked: list[Recorded]) -> int:
    return sum(request["status"] == 429 for request in asked)


def _allowed(asked: list[Recorded], per_second: float, halves_after_ms: int | None) -> float:
    """The number of requests that the limit allowed in their time."""
    seconds = (asked[-1]["at_ms"] - asked[0]["at_ms"]) / 1000
    if halves_after_ms is None:
        return 1 + per_second * seconds
    full = min(seconds, max(0.0, (halves_after_ms - asked[0]["at_ms"]) / 1000))
    return 1 + per_second * (full + (seconds - full) / 2)


@dataclass
class Killed:
    """A run that was killed repeatedly."""

    rows: int
    kills: int
    complete: bool
    """Whether the last process reported each row once, with a reply."""
    asked_again: int
    """Repeated requests: those that were in flight at a kill."""
    under_way: int
    """The maximum number of requests in flight at all kills together."""
    asked_though_finished: int
    """Requests for rows that had been reported before; must be 0."""
    unbroken: bool
    """Whether the values equal those of an uninterrupted run."""


_PROGRAM = textwrap.dedent(
    """
    import sys
    from faults import Word, rows
    from structx import Extractor
    base, journal, count, threads = sys.argv[1:]
    extractor = Extractor(
        model="openai/fake", api_key="k", api_base=base, max_threads=int(threads)
    )
    call = dict(data=rows(int(count)), query="the word", model=Word, journal=journal)
    for row in extractor.extract_stream(**call):
        print(row.position, row.items[0].word if row.items else row.error, flush=True)
    """
)


def killed(
    provider: FakeProvider, folder: Path, count: int, *, kills: int, latency_ms: int = 20
) -> Killed:
    """Runs one journal in several processes; all but the last are killed at a random moment."""
    provider.script(latency_ms=latency_ms, mark=MARK)
    journal = folder / "run.db"
    moments = random.Random(50)
    # So that all kills come before the end.
    longest = 2 * count / THREADS * latency_ms / 1000 / max(1, kills)
    finished: set[int] = set()
    finished_before: list[tuple[int, set[int]]] = []
    for _ in range(kills):
        finished_before.append((provider.stats()["requests"], set(finished)))
        finished |= _until(_start(provider, journal, count), moments.uniform(0, longest))
    finished_before.append((provider.stats()["requests"], set(finished)))
    with _start(provider, journal, count) as process:
        out, _ = process.communicate()
    last = dict(line.split(maxsplit=1) for line in out.splitlines())
    marks = [request["mark"] for request in provider.requests()]
    ends = [start for start, _ in finished_before[1:]] + [len(marks)]
    again = [
        sum(mark in before for mark in marks[start:end])
        for (start, before), end in zip(finished_before, ends, strict=True)
    ]
    return Killed(
        rows=count,
        kills=kills,
        complete=process.returncode == 0 and len(out.splitlines()) == len(last) == count,
        asked_again=len(marks) - len(set(marks)),
        under_way=kills * THREADS,
        asked_though_finished=sum(again),
        unbroken=set(last.values()) == {"text"},
    )


def _start(provider: FakeProvider, journal: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM, provider.base_url, str(journal), str(count)]
    command.append(str(THREADS))
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent)


def _until(process: subprocess.Popen[str], seconds: float) -> set[int]:
    """Kills the process `seconds` after its first row; returns the rows that it reported."""
    with process:
        assert process.stdout is not None
        lines = _lines(process.stdout)
        reported = set(next(lines, ()))
        time.sleep(seconds)
        process.kill()
        return reported.union(*lines)


def _lines(stream: Any) -> Iterator[tuple[int]]:
    """The rows of complete lines; the last line may be truncated."""
    for line in stream:
        if line.endswith("\n"):
            with suppress(ValueError):
                yield (int(line.split()[0]),)
