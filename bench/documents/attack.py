"""Reads hostile files, each in its own process: `python bench/documents/attack.py`, `make hostile`.

Each file must give a text or a clear error within 10 seconds of CPU time and 500 MB, which is the
memory limit of the process. Prints the files that fail, and the slowest and largest of the others.
Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[2] / "tests"
sys.path.append(str(TESTS))

import hostile  # noqa: E402

_GIVEN_UP = "gave up"
_TIMEOUT = 60


@dataclass(frozen=True)
class Case:
    group: str
    file: str
    outcome: str
    seconds: float
    peak_mb: float
    survived: bool = True

    @property
    def is_good(self) -> bool:
        within = self.seconds < hostile.SECONDS and self.peak_mb < hostile.MEMORY_MB
        return self.survived and within

    def line(self) -> str:
        cells = (self.group, self.file, f"{self.seconds:.2f}", f"{self.peak_mb:.0f}", self.outcome)
        return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Read hostile files.")
    parser.add_argument("--size", choices=hostile.SIZES, default="whole")
    parser.add_argument("--group", choices=hostile.GROUPS, action="append")
    parser.add_argument("--name", help="only files whose name contains this", default="")
    options = parser.parse_args()
    cases: list[Case] = []
    for group in options.group or hostile.GROUPS:
        cases += run(group, options.size, options.name)
    report(cases)
    sys.exit(not all(case.is_good for case in cases))


def run(group: str, size: str, part: str) -> Iterator[Case]:
    if group in ("truncated", "flipped"):
        yield from _read(group, size)
        return
    for name, _ in hostile.GROUPS[group](hostile.SIZES[size]):
        if part in name:
            yield from _read(group, size, name)


def report(cases: list[Case]) -> None:
    print("| group | file | seconds | MB | outcome |\n|---|---|---|---|---|")
    bad = [case for case in cases if not case.is_good]
    good = sorted((case for case in cases if case.is_good), key=lambda case: -case.seconds)
    by_memory = sorted(good, key=lambda case: -case.peak_mb)
    for case in [*bad, *good[:10], *by_memory[:10]]:
        print(case.line())
    gave_up = sum(_GIVEN_UP in case.outcome for case in cases)
    print(
        f"\n{len(cases)} files: {len(good)} give a text or an error within {hostile.SECONDS} s and "
        f"{hostile.MEMORY_MB} MB, {len(bad)} do not; the reader panicked on {gave_up}."
    )


def _read(group: str, size: str, name: str = "") -> Iterator[Case]:
    command = [sys.executable, str(TESTS / "hostile.py"), group, size, name]
    timeout = _TIMEOUT if name else 20 * _TIMEOUT
    begun, ended = "", "the end"
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        printed = run.stdout
        if run.returncode:
            ended = f"the process ended with {run.returncode}: {run.stderr.strip()[-200:]!r}"
    except subprocess.TimeoutExpired as error:
        printed = (error.stdout or b"").decode()
        ended = "the process was killed"
    for line in printed.splitlines():
        told = json.loads(line)
        begun = told["file"] if "outcome" not in told else ""
        if not begun:
            yield Case(group, told["file"], told["outcome"], told["seconds"], told["peak_mb"])
    if begun or ended != "the end":
        yield Case(group, begun or name, ended, 0, 0, survived=False)


if __name__ == "__main__":
    main()
