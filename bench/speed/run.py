"""Measures the cost of structx beside a bare HTTP client: `bench/speed/run.py`, `make bench`.

Both send the same requests to one fake provider, which runs in a separate process. So does each
measurement (`client.py` says what it includes); those of structx and of the bare client take turns,
so that a busy moment of the machine affects both, and the table has medians. structx reads the
records, builds the requests, applies limits and retries, parses the replies and returns validated
objects; the bare client, which uses reqwest as well, posts one fixed body of the same kind and
reads the reply to its end.

All processes share one machine. The provider's share of one processor is printed: near 100 %, the
provider is the bottleneck. Needs Linux, and a package index for the installed size.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import fake
import startup
from table import Row, markdown

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).parents[2] / "target"))
CLIENT = Path(__file__).with_name("client.py")


@dataclass(frozen=True)
class Load:
    """The load that a client generates."""

    what: str
    rows: int
    concurrency: int
    latency_ms: int = 0

    @property
    def ideal_s(self) -> float:
        return self.rows / self.concurrency * self.latency_ms / 1000


ROWS = Load("rows", 5000, 100)
CALLS = Load("calls", 1000, 1000)
WALL = Load("rows", 2000, 200, latency_ms=200)
TICKER = Load("ticker", 500, 50, latency_ms=20)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measure the cost of structx beside a bare HTTP client."
    )
    parser.add_argument("--quick", action="store_true", help="3 rounds, not 9")
    parser.add_argument(
        "--wheel", type=Path, help="the wheel to install for its size; default: build one"
    )
    parser.add_argument("--examples", type=Path, default=TARGET / "release/examples")
    options = parser.parse_args()
    rounds = 3 if options.quick else 9
    load = os.getloadavg()[0]
    with (
        fake.provider(options.examples / "fake-provider") as provider,
        tempfile.TemporaryDirectory() as folder,
    ):
        bench = Bench(provider, options.examples / "bare-client", Path(folder), rounds)
        rows = bench.rows()
        sizes = startup.installed_mb(options.wheel or startup.build_wheel(Path(folder)))
    rows += startup_rows(rounds, sizes)
    print(f"Medians of {rounds}; {os.cpu_count()} processors, load at the start {load:.2f}.\n")
    print(markdown(rows))
    print("\n" + "\n".join(bench.notes))
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:4]
    print(f"installed: {', '.join(f'{name} {size:.1f} MB' for name, size in largest)}, ...")


class Bench:
    """Measures both clients against one provider."""

    def __init__(self, provider: fake.Provider, program: Path, folder: Path, rounds: int) -> None:
        self.provider = provider
        self.rounds = rounds
        self.notes: list[str] = []
        self._structx(Load("rows", 1, 1))
        body = folder / "body.json"
        body.write_text(
            json.dumps(provider.last_request(), separators=(",", ":")), encoding="utf-8"
        )
        self.bare = fake.BareClient(program, provider.base_url, body)

    def rows(self) -> list[Row]:
        cpu = "CPU a row"
        rows, bare_rows = self._measure(ROWS)
        calls, bare_calls = self._measure(CALLS)
        wall, bare_wall = self._measure(WALL)
        ticker, _ = self._measure(TICKER)
        return [
            Row(
                f"{cpu}, {ROWS.rows:,} rows, {ROWS.concurrency} at a time",
                "ms",
                rows["cpu_ms_per_row"],
                bare_rows["cpu_ms_per_row"],
                "bare client",
                limit=0.10,
                times=2,
            ),
            Row(
                f"{cpu}, {CALLS.rows:,} gathered calls of one row",
                "ms",
                calls["cpu_ms_per_row"],
                bare_calls["cpu_ms_per_row"],
                "bare client",
                limit=0.25,
                times=5,
            ),
            Row(
                f"speed, {WALL.rows:,} rows, {WALL.concurrency} at a time, "
                f"{WALL.latency_ms} ms replies",
                "% of ideal",
                100 * WALL.ideal_s / wall["wall_s"],
                100 * WALL.ideal_s / bare_wall["wall_s"],
                "bare client",
                least=92,
            ),
            Row(
                f"longest gap of a 5 ms ticker, {TICKER.rows} rows, {TICKER.concurrency} at a "
                f"time, {TICKER.latency_ms} ms replies",
                "ms",
                ticker["longest_ms"],
                ticker["longest_alone_ms"],
                "ticker alone",
                limit=15,
            ),
            Row(
                f"peak memory, {ROWS.rows:,} rows",
                "MB",
                rows["peak_mb"],
                startup.pydantic_peak_mb(),
                "import of pydantic and one model",
                limit=60,
            ),
        ]

    def _measure(self, load: Load) -> tuple[dict[str, float], dict[str, float]]:
        """The medians of structx and of the bare client."""
        ours: list[dict[str, float]] = []
        bare: list[dict[str, float]] = []
        for _ in range(self.rounds):
            ours.append(self._structx(load))
            if load.what != "ticker":
                self.provider.script(latency_ms=load.latency_ms)
                bare.append(self.bare.run(load.rows, load.concurrency))
        medians = _medians(ours)
        self.notes.append(
            f"{load.what}, {load.rows:,}: {medians['wall_s']:.2f} s, "
            f"provider at {medians['provider_share']:.0f} % of a processor"
        )
        return medians, _medians(bare)

    def _structx(self, load: Load) -> dict[str, float]:
        self.provider.script(latency_ms=load.latency_ms)
        before = self.provider.cpu_seconds()
        arguments = [self.provider.base_url, str(load.rows), str(load.concurrency)]
        command = [sys.executable, CLIENT, load.what, *arguments]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        busy = self.provider.cpu_seconds() - before
        return {**figures, "provider_share": 100 * busy / figures["wall_s"]}


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: median(run[name] for run in runs) for run in runs[:1] for name in run}


def startup_rows(rounds: int, sizes: dict[str, float]) -> list[Row]:
    statements = [
        "import structx",
        "import pydantic",
        "from structx import Extractor",
        "from pydantic import BaseModel",
    ]
    times = [1000 * seconds for seconds in startup.import_seconds(statements, 2 * rounds)]
    return [
        Row(statements[0], "ms", times[0], times[1], statements[1], times=1.2),
        Row(statements[2], "ms", times[2], times[3], statements[3], times=1.2),
        Row(
            "installed size, fresh environment without pip",
            "MB",
            sum(sizes.values()),
            sum(size for name, size in sizes.items() if not name.startswith("structx")),
            "pydantic and its dependencies",
            limit=60,
        ),
    ]


if __name__ == "__main__":
    main()
