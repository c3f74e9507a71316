"""How long providers take that throttle, beside the `openai` SDK: part of `make bench-faults`.

Each provider answers three clients in turn: structx; the SDK with as many retries; and an ideal
client, which knows the provider's limit, sends each request at the moment it is accepted, and waits
as each reply asks. Alone: `PYTHONPATH=tests python bench/faults/providers.py`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
import openai

import faults
from provider import FakeProvider, running
from structx import Extractor

CONCURRENCY = 50
RETRIES = 3
SLOWEST = 1.3
"""Times as long as the ideal client."""


@dataclass(frozen=True)
class Case:
    what: str
    rows: int
    script: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Timed:
    seconds: float
    failed: int
    throttled: float
    """Of all requests."""

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.seconds:.1f} s{failed} ({self.throttled:.0%} 429)"


def noise(share: float, wait_s: int | None) -> Case:
    """A share of 429 at random."""
    headers = {} if wait_s is None else {"retry-after": f"{wait_s}"}
    step = {"status": 429, "headers": headers}
    told = "" if wait_s is None else f", Retry-After: {wait_s}"
    script = {"faults": {"share": share, "seed": 3, "step": step}}
    return Case(f"{share:.0%} noise{told}", 400, script)


def limit(per_second: float, rows: int, told: str, burst: int = 3, **changes: int) -> Case:
    """A limit whose 429 tell the wait in these headers."""
    limits = {"per_second": per_second, "burst": burst, "retry_after": told, **changes}
    name = {"none": "", "header": ", exact wait", "seconds": ", wait in seconds"}[told]
    halves = ", halves" if changes else ""
    return Case(f"{per_second:g}/s, burst {burst}{halves}{name}", rows, {"limit": limits})


CASES = [
    *(noise(share, wait_s) for share in (0.02, 0.1, 0.3) for wait_s in (1, None)),
    limit(1, 20, "header"),
    limit(5, 75, "header"),
    limit(5, 75, "seconds"),
    limit(20, 300, "none"),
    limit(20, 300, "seconds", burst=20),
    limit(60, 900, "header"),
    limit(200, 3_000, "none"),
    limit(200, 3_000, "header", burst=20),
    limit(40, 500, "header", halves_after_ms=8_000),
]


def structx(provider: FakeProvider, case: Case) -> int:
    """Run the rows through an extractor; the number of failed ones."""
    extractor = Extractor(
        model="openai/fake",
        api_key="k",
        api_base=provider.base_url,
        max_threads=CONCURRENCY,
        max_retries=RETRIES,
    )
    rows = extractor.extract_stream(data=faults.rows(case.rows), query="q", model=faults.Word)
    return sum(row.error is not None for row in rows)


def sdk(provider: FakeProvider, case: Case) -> int:
    """Ask as often with the SDK."""

    async def run() -> int:
        base = provider.base_url
        async with openai.AsyncOpenAI(api_key="k", base_url=base, max_retries=RETRIES) as client:

            async def ask(row: int) -> bool:
                try:
                    await client.chat.completions.create(
                        model="fake", messages=[{"role": "user", "content": f"{row}"}]
                    )
                except openai.APIError:
                    return False
                return True

            return await _all(ask, case.rows)

    return asyncio.run(run())


def ideal(provider: FakeProvider, case: Case) -> int:
    """Ask as often with a client that knows the limit, and tries until it is answered."""
    pace = Pace(case.script.get("limit"))

    async def run() -> int:
        limits = httpx2.Limits(max_connections=CONCURRENCY)
        # Without types here: the package is there for the SDK alone.
        client: Any
        async with cast("Any", httpx2.AsyncClient(limits=limits, trust_env=False)) as client:

            async def ask(_row: int) -> bool:
                body = {"model": "fake", "messages": [{"role": "user", "content": "q"}]}
                for attempt in range(100):
                    await pace.turn()
                    reply = await client.post(f"{provider.base_url}/chat/completions", json=body)
                    if reply.status_code == 200:
                        return True
                    # Without a wait it is asked for, it waits as structx does.
                    backoff = min(10, 2**attempt * random.uniform(1, 1.5))
                    await asyncio.sleep(float(reply.headers.get("retry-after", backoff)))
                return False

            return await _all(ask, case.rows)

    return asyncio.run(run())


async def _all(ask: Callable[[int], Awaitable[bool]], rows: int) -> int:
    """Ask for all rows, so many at a time; the number of failed ones."""
    left = iter(range(rows))

    async def work() -> int:
        return sum([not await ask(row) for row in left])

    return sum(await asyncio.gather(*(work() for _ in range(CONCURRENCY))))


class Pace:
    """Sends requests as a token bucket admits them."""

    LATENESS_S = 0.002
    """Requests arrive this much earlier than they left, at most."""

    def __init__(self, limit: dict[str, Any] | None) -> None:
        self._limit = limit
        self._start = time.monotonic()
        self._next = self._start

    async def turn(self) -> None:
        """Wait until the next request is admitted."""
        if self._limit is None:
            return
        now = time.monotonic()
        rate = self._limit["per_second"]
        if (now - self._start) * 1000 >= self._limit.get("halves_after_ms", 1e9):
            rate /= 2
        full = (self._limit["burst"] - 1) / rate
        self._next = max(self._next, now - full) + 1 / rate
        await asyncio.sleep(self._next - 1 / rate - now + self.LATENESS_S)


def timed(client: Callable[[FakeProvider, Case], int], provider: FakeProvider, case: Case) -> Timed:
    """Run a client against a provider that starts anew."""
    provider.script(latency_ms=50, **case.script)
    began = time.monotonic()
    failed = client(provider, case)
    seconds = time.monotonic() - began
    stats = provider.stats()
    return Timed(seconds, failed, stats["throttled"] / max(1, stats["requests"]))


def table(provider: FakeProvider) -> list[tuple[Case, Timed, Timed, Timed]]:
    """Each case with structx, the SDK and the ideal client."""
    return [
        (
            case,
            timed(structx, provider, case),
            timed(sdk, provider, case),
            timed(ideal, provider, case),
        )
        for case in CASES
    ]


def markdown(rows: list[tuple[Case, Timed, Timed, Timed]]) -> str:
    """The table for people."""
    lines = [
        "| provider | rows | structx | of ideal | openai SDK | ideal |",
        "|---|---|---|---|---|---|",
    ]
    for case, ours, theirs, best in rows:
        share = f"{ours.seconds / best.seconds:.2f}"
        lines.append(f"| {case.what} | {case.rows} | {ours} | {share} | {theirs} | {best} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    with running() as provider:
        print(markdown(table(provider)))


if __name__ == "__main__":
    main()
