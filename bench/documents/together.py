"""Reads 100 documents concurrently, in a separate process: `together.py FILE...` prints JSON.

Also measures the longest gap of a 5 ms ticker on the same event loop; see `bench/speed/client.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).parents[1] / "speed"))

from client import longest_gap

import structx

COUNT = 100
ROUNDS = 5


def main(files: list[str]) -> None:
    paths = [files[number % len(files)] for number in range(COUNT)]
    structx.read(paths[0])
    runs = [asyncio.run(measure(paths)) for _ in range(ROUNDS)]
    print(json.dumps({name: median(run[name] for run in runs) for name in runs[0]}))


async def measure(paths: list[str]) -> dict[str, float]:
    started = time.perf_counter()
    for path in paths:
        structx.read(path)
    one_by_one = time.perf_counter() - started
    reads = asyncio.gather(*(structx.read_async(path) for path in paths))
    started = time.perf_counter()
    _, longest = await longest_gap(reads)
    together = time.perf_counter() - started
    _, alone = await longest_gap(asyncio.sleep(together))
    return {
        "one_by_one_s": one_by_one,
        "together_s": together,
        "longest_ms": 1000 * longest,
        "longest_alone_ms": 1000 * alone,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
