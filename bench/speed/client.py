"""Makes one measurement of structx: `client.py WHAT BASE_URL ROWS CONCURRENCY`.

Prints one line of JSON. WHAT is `rows` (one call with all rows), `calls` (one gathered call for
each row) or `ticker` (one call beside a ticker on the same event loop).

Time is measured from plain dicts or texts to validated objects, and includes opening connections.
It excludes the start of the interpreter, imports, and one row before the measurement, which builds
everything that later calls reuse: the client, the schema, the validator. Memory is that of the
whole process, including the caller's records and all results. asyncio, which takes 4 MB, is
imported only by measurements that use it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from structx import ExtractionResult, Extractor

QUERY = "extract the person"
TICK = 0.005


class Address(BaseModel):
    street: str
    city: str


class Person(BaseModel):
    name: str
    age: int
    email: str | None
    tags: list[str]
    address: Address


T = TypeVar("T")
Result = ExtractionResult[Person]


def main() -> None:
    what, base_url, rows, concurrency = sys.argv[1:]
    extractor = Extractor(
        model="openai/fake", api_key="none", api_base=base_url, max_threads=int(concurrency)
    )
    texts = [f"Person {n} lives in street {n} and is {n % 90}." for n in range(int(rows))]
    measure = {"rows": by_rows, "calls": by_calls, "ticker": beside_ticker}[what]
    print(json.dumps(measure(extractor, texts)))


def by_rows(extractor: Extractor, texts: list[str]) -> dict[str, float]:
    records = [{"id": number, "text": text} for number, text in enumerate(texts)]
    extractor.extract(data=records[:1], query=QUERY, model=Person)
    return cost_of(lambda: [extractor.extract(data=records, query=QUERY, model=Person)], len(texts))


def by_calls(extractor: Extractor, texts: list[str]) -> dict[str, float]:
    import asyncio

    async def gathered(texts: list[str]) -> list[Result]:
        calls = [extractor.extract_async(data=text, query=QUERY, model=Person) for text in texts]
        return await asyncio.gather(*calls)

    asyncio.run(gathered(texts[:1]))
    return cost_of(lambda: asyncio.run(gathered(texts)), len(texts))


def cost_of(work: Callable[[], list[Result]], rows: int) -> dict[str, float]:
    started, cpu = time.perf_counter(), time.process_time()
    results = work()
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    check(results, rows)
    return {"wall_s": wall, "cpu_ms_per_row": cpu * 1000 / rows, "peak_mb": peak_mb()}


def check(results: list[Result], rows: int) -> None:
    items = [item for result in results for item in result.data]
    if len(items) != rows or not all(isinstance(item, Person) for item in items):
        sys.exit(f"{results[0]!r}: expected one item for each row")


def beside_ticker(extractor: Extractor, texts: list[str]) -> dict[str, float]:
    """The longest time between two ticks, with and without an extraction on the loop.

    It includes the ticker's own 5 ms.
    """
    import asyncio

    records = [{"id": number, "text": text} for number, text in enumerate(texts)]

    async def extraction() -> Result:
        return await extractor.extract_async(data=records, query=QUERY, model=Person)

    async def both() -> dict[str, float]:
        await extractor.extract_async(data=records[:1], query=QUERY, model=Person)
        started = time.perf_counter()
        result, longest = await longest_gap(extraction())
        wall = time.perf_counter() - started
        check([result], len(texts))
        _, alone = await longest_gap(asyncio.sleep(wall))
        return {"wall_s": wall, "longest_ms": 1000 * longest, "longest_alone_ms": 1000 * alone}

    return asyncio.run(both())


async def longest_gap(work: Awaitable[T]) -> tuple[T, float]:
    """The result of `work`, and the longest time in seconds between two ticks beside it."""
    import asyncio

    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    ticker = asyncio.create_task(tick())
    await asyncio.sleep(2 * TICK)
    result = await work
    await asyncio.sleep(2 * TICK)  # includes a gap that the end of the work causes
    ticker.cancel()
    with suppress(asyncio.CancelledError):
        await ticker
    return result, max(gaps)


def peak_mb() -> float:
    """The peak memory of this process (Linux), in units of 1,000,000 bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    main()
