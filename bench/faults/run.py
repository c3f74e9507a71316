"""Measures lost rows and repeated requests of runs with faults and kills: `make bench-faults`.

Runs the scenarios of `tests/test_faults.py` at full size against the fake provider, in a separate
process, and streams a million rows to measure memory (Linux). Takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import providers

import faults
from provider import FakeProvider, running
from structx import Limits


@dataclass(frozen=True)
class Line:
    what: str
    goal: str
    seen: str
    is_met: bool


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure lost rows and repeated requests.")
    parser.add_argument("--rows", type=int, default=10_000, help="of the run with faults")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--memory-rows", type=int, default=1_000_000, help="of the streamed run")
    options = parser.parse_args()
    lines: list[Line] = []
    with running() as provider, tempfile.TemporaryDirectory() as folder:
        lines += of_faults(provider, options.rows)
        lines += of_kills(provider, Path(folder), options.kills)
        lines += of_a_limit(provider)
        for headers in (True, False):
            lines += of_a_limit_that_halves(provider, headers)
        lines += of_providers(provider)
        lines += of_memory(provider, Path(folder), options.memory_rows)
    print("| what | goal | seen | met |\n|---|---|---|---|")
    for line in lines:
        print(f"| {line.what} | {line.goal} | {line.seen} | {'yes' if line.is_met else 'NO'} |")
    sys.exit(not all(line.is_met for line in lines))


def of_faults(provider: FakeProvider, rows: int) -> list[Line]:
    report = faults.mixed(provider, rows)
    kinds = ", ".join(f"{count} {kind}" for kind, count in report.kinds.most_common())
    print(f"{report.requests} requests in {report.seconds:.1f} s; failed attempts: {kinds}")
    what = f"{rows:,} rows, 30 % of answers faulty"
    bad = f"{len(report.lost)} lost, {len(report.duplicated)} duplicated"
    ended = f"{report.succeeded} answered, {report.failed} failed with their attempts"
    is_whole = not (report.lost or report.duplicated or report.unexplained)
    most = report.max_retries + 1
    return [
        Line(what, "0 lost, 0 duplicated", f"{bad}; {ended}", is_whole),
        Line(
            "a row that always fails",
            f"{most} requests",
            f"{report.lost_cause}",
            report.lost_cause == most,
        ),
    ]


def of_kills(provider: FakeProvider, folder: Path, kills: int) -> list[Line]:
    report = faults.killed(provider, folder, 200 * kills, kills=kills)
    again = f"{report.asked_again} of at most {report.under_way} requests in flight were repeated"
    values = "complete" if report.complete and report.unbroken else "INCOMPLETE"
    return [
        Line(
            f"{kills} kills of one run of {report.rows:,} rows",
            "complete; only requests in flight are repeated",
            f"{values}; {again}; {report.asked_though_finished} for finished rows",
            values == "complete"
            and not report.asked_though_finished
            and report.asked_again <= report.under_way,
        )
    ]


def of_a_limit(provider: FakeProvider) -> list[Line]:
    report = faults.throttled(provider, 700, per_second=10, limits=Limits(requests_per_minute=600))
    return [
        Line(
            "a limit of 600 requests a minute, configured",
            "no 429, 95 % used",
            f"{report.rejected} of {report.requests}, {report.used:.1%}",
            report.rejected == 0 and report.used >= 0.95,
        )
    ]


def of_a_limit_that_halves(provider: FakeProvider, headers: bool) -> list[Line]:
    report = faults.throttled(
        provider, 1_500, per_second=40, halves_after_ms=20_000, headers=headers
    )
    share = report.late_rejected / report.late_requests
    told = "with" if headers else "without"
    return [
        Line(
            f"a limit of 40/s that halves, {told} rate-limit headers",
            "429s under 5 % after 10 s",
            f"{share:.1%} ({report.used:.1%} used, {report.failed} rows failed)",
            share < 0.05 and report.failed == 0,
        )
    ]


def of_providers(provider: FakeProvider) -> list[Line]:
    """Print the table of clients; the goal is about structx alone."""
    timed = providers.table(provider)
    print(providers.markdown(timed))
    return [
        Line(
            f"{case.rows:,} rows of a provider with {case.what}",
            f"within {providers.SLOWEST} times the ideal client",
            f"{ours.seconds / ideal.seconds:.2f} times, {ours.failed} rows failed",
            ours.seconds <= providers.SLOWEST * ideal.seconds,
        )
        for case, ours, _, ideal in timed
    ]


def of_memory(provider: FakeProvider, folder: Path, rows: int) -> list[Line]:
    provider.script()
    program = Path(__file__).with_name("memory.py")
    command = [sys.executable, program, provider.base_url, folder / "memory.db", str(rows)]
    peak = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    what = f"memory of {rows:,} rows, streamed with a journal, without their list"
    return [Line(what, "300 MB at 1,000,000", f"{peak:.0f} MB", peak < 300)]


if __name__ == "__main__":
    main()
