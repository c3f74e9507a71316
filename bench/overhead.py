"""What structx costs beside a bare HTTP client: `python bench/overhead.py`.

Both send the same requests to the fake provider, which answers at once from another process; what
is compared is the processor time of the client. structx reads the records, builds the requests,
limits and repeats them, parses the replies and validates them with pydantic; the bare client
(bench target `bare-client`) posts one ready body and reads the reply to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from structx import Extractor

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).parents[1] / "target"))


class Address(BaseModel):
    street: str
    city: str


class Person(BaseModel):
    name: str
    age: int
    email: str | None
    tags: list[str]
    address: Address


@dataclass(frozen=True)
class Cost:
    """Of one run of one client."""

    seconds: float
    cpu_ms_per_row: float


def main() -> None:
    parser = argparse.ArgumentParser(description="Processor time of the client for each row.")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--examples",
        type=Path,
        default=TARGET / "release/examples",
        help="where cargo put fake-provider and bare-client",
    )
    options = parser.parse_args()
    with fake_provider(options.examples) as base_url, tempfile.TemporaryDirectory() as folder:
        extractor = Extractor(
            model="openai/fake",
            api_key="none",
            api_base=base_url,
            max_threads=options.concurrency,
        )
        structx_cost(extractor, 1)  # connects, imports and compiles what later runs reuse
        body = Path(folder) / "body.json"
        body.write_text(json.dumps(last_request(base_url)), encoding="utf-8")
        command = [options.examples / "bare-client", base_url, body]
        ours: list[Cost] = []
        bare: list[Cost] = []
        # In turns, so that a busy moment of the machine hits both.
        for _ in range(options.rounds):
            bare.append(bare_cost([*command, str(options.rows), str(options.concurrency)]))
            ours.append(structx_cost(extractor, options.rows))
    report(options, {"structx": ours, "bare reqwest": bare})


def structx_cost(extractor: Extractor, rows: int) -> Cost:
    records = [
        {"id": number, "text": f"Person {number} lives in street {number} and is {number % 90}."}
        for number in range(rows)
    ]
    started, cpu = time.perf_counter(), time.process_time()
    result = extractor.extract(data=records, query="extract the person", model=Person)
    cost = Cost(time.perf_counter() - started, (time.process_time() - cpu) * 1000 / rows)
    if result.success_count != rows or result.extracted_count != rows:
        sys.exit(f"{result!r}: not one item for each row")
    return cost


def bare_cost(command: list[str | Path]) -> Cost:
    result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return Cost(result["wall_s"], result["cpu_ms_per_row"])


def report(options: argparse.Namespace, costs: dict[str, list[Cost]]) -> None:
    print(f"{options.rows:,} rows, {options.concurrency} at a time; median of {options.rounds}\n")
    print(f"{'client':<14}{'CPU ms/row':>12}{'rows/s':>10}")
    medians: list[float] = []
    for name, runs in costs.items():
        cpu = statistics.median(run.cpu_ms_per_row for run in runs)
        seconds = statistics.median(run.seconds for run in runs)
        print(f"{name:<14}{cpu:>12.3f}{options.rows / seconds:>10,.0f}")
        medians.append(cpu)
    ours, bare = medians
    print(f"\nratio {ours / bare:.2f}, {ours - bare:.3f} ms of CPU a row more")


@contextmanager
def fake_provider(examples: Path) -> Generator[str]:
    """Its base URL, while it runs."""
    program = examples / "fake-provider"
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        yield process.stdout.readline().decode().strip()
        process.stdin.close()


def last_request(base_url: str) -> object:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/_requests") as reply:
        return json.load(reply)[-1]["body"]


if __name__ == "__main__":
    main()
