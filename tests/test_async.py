"""The awaitable twin: many loops, many calls, cancellation; and the sync form beside a loop."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from pydantic import BaseModel

from provider import FakeProvider
from structx import Extractor


class Word(BaseModel):
    word: str


@pytest.fixture
def subject(provider: FakeProvider) -> Extractor:
    return Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, max_retries=0)


def test_async_form_gives_the_same(subject: Extractor) -> None:
    sync = subject.extract(data="a text", query="q", model=Word)
    awaited = asyncio.run(subject.extract_async(data="a text", query="q", model=Word))
    assert awaited.data == sync.data
    assert asyncio.iscoroutinefunction(subject.extract_async)


def test_one_extractor_serves_many_loops_and_gathered_calls(subject: Extractor) -> None:
    async def many() -> int:
        calls = [subject.extract_async(data=f"text {i}", query="q", model=Word) for i in range(50)]
        return sum(result.success_count for result in await asyncio.gather(*calls))

    assert [asyncio.run(many()) for _ in range(3)] == [50, 50, 50]


def test_cancelling_aborts_the_requests_and_sends_none_after(
    provider: FakeProvider, subject: Extractor
) -> None:
    provider.script({"delay_ms": 20_000, "times": 1000})
    records = [{"t": i} for i in range(30)]

    async def cancelled() -> None:
        task = asyncio.create_task(subject.extract_async(data=records, query="q", model=Word))
        while provider.stats()["in_flight"] < 10:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    deadline = time.monotonic() + 5
    while provider.stats()["in_flight"] and time.monotonic() < deadline:
        time.sleep(0.01)
    stats = provider.stats()
    assert (stats["in_flight"], stats["requests"]) == (0, 10)


def test_sync_form_works_inside_a_running_loop_and_lets_other_threads_run(
    provider: FakeProvider, subject: Extractor
) -> None:
    provider.script({"delay_ms": 200})
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.01):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()

    async def main() -> int:
        return subject.extract(data="a text", query="q", model=Word).success_count

    assert asyncio.run(main()) == 1
    done.set()
    thread.join()
    assert ticks >= 3
