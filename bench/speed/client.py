"""One measurement of structx, in a process of its own: `client.py WHAT BASE_URL ROWS CONCURRENCY`.

Prints one line of JSON. WHAT is `rows` (one call with all rows), `calls` (one gathered call for
each row) or `ticker` (one call beside a ticker on the same event loop).

Counted is what a caller waits for: from plain dicts or texts to validated objects, with the
connections that are opened on the way. Not counted are the interpreter's start, the imports and
one row before, which makes what every later call uses again: the client, the schema, the validator.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

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
        sys.exit(f"{results[0]!r}: not one item for each row")


def beside_ticker(extractor: Extractor, texts: list[str]) -> dict[str, float]:
    """The longest time between two ticks, with and without an extraction on the loop."""
    records = [{"id": number, "text": text} for number, text in enumerate(texts)]

    async def extraction() -> Result:
        return await extractor.extract_async(data=records, query=QUERY, model=Person)

    async def both() -> dict[str, float]:
        await extractor.extract_async(data=records[:1], query=QUERY, model=Person)
        gaps = Gaps()
        started = time.perf_counter()
        result = await gaps.beside(extraction())
        wall = time.perf_counter() - started
        check([result], len(texts))
        alone = Gaps()
        await alone.beside(asyncio.sleep(wall))
        longest, idle = 1000 * max(gaps.seconds), 1000 * max(alone.seconds)
        return {"wall_s": wall, "longest_ms": longest, "longest_alone_ms": idle}

    return asyncio.run(both())


class Gaps:
    """A ticker on the event loop, and the seconds between its ticks."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def beside(self, work):
        ticker = asyncio.create_task(self._tick())
        await asyncio.sleep(2 * TICK)
        result = await work
        await asyncio.sleep(2 * TICK)  # sees what the end of the work kept the loop from
        ticker.cancel()
        with suppress(asyncio.CancelledError):
            await ticker
        return result

    async def _tick(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK)
            now = time.perf_counter()
            self.seconds.append(now - last)
            last = now


def peak_mb() -> float:
    """The most memory that this process has held (Linux), in units of 1,000,000 bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    main()
