"""Threads: validators run in parallel; results and long work do not delay requests."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

import structx
from loops import Run, Word
from programs import finish, start
from provider import FakeProvider
from structx import ConfigurationError, ExtractionResult, Extractor
from waiting import eventually

PATIENCE = 20
"""The time limit of a test, in seconds."""


def validated(check: Callable[[], None]) -> type[BaseModel]:
    """A model whose validator calls `check`."""

    class Checked(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def checked(cls, word: str) -> str:
            check()
            return word

    return Checked


def rows(count: int) -> list[dict[str, int]]:
    return [{"t": number} for number in range(count)]


class Held:
    """A validator that returns once it is released."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()
        self.model = validated(self.wait)

    def wait(self) -> None:
        self.entered.release()
        assert self.release.wait(PATIENCE)


def test_a_plain_call_ends_while_the_validators_of_another_are_held(subject: Extractor) -> None:
    held = Held()
    results: list[ExtractionResult[Any]] = []

    def slow() -> None:
        results.append(subject.extract(data=rows(10), query="q", model=held.model))

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        for _ in range(4):
            assert held.entered.acquire(timeout=PATIENCE)
        for _ in range(3):
            assert subject.extract(data=rows(3), query="q", model=Word).success_count == 3
        assert not held.release.is_set() and not results
    finally:
        held.release.set()
        thread.join()
    assert results[0].success_count == 10


def test_awaited_calls_end_while_the_validators_of_another_are_held(
    subject: Extractor, run: Run
) -> None:
    held = Held()

    async def main() -> None:
        slow = asyncio.create_task(
            subject.extract_async(data=rows(10), query="q", model=held.model)
        )
        try:
            assert await asyncio.to_thread(held.entered.acquire, timeout=PATIENCE)
            plain = [subject.extract_async(data="a text", query="q", model=Word) for _ in range(20)]
            for result in await asyncio.wait_for(asyncio.gather(*plain), PATIENCE):
                assert result.success_count == 1
            assert not slow.done()
        finally:
            held.release.set()
        assert (await slow).success_count == 10

    run(main())


def test_validators_of_one_call_wait_for_each_other(subject: Extractor) -> None:
    barrier = threading.Barrier(4)
    model = validated(lambda: barrier.wait(PATIENCE) and None)
    assert subject.extract(data=rows(12), query="q", model=model).success_count == 12


@pytest.mark.parametrize("threads", [1, 2, 6])
def test_validators_of_one_call_take_as_many_threads_as_are_set(
    provider: FakeProvider, threads: int
) -> None:
    held = Held()
    extractor = Extractor(
        model="openai/fake", api_key="k", api_base=provider.base_url, validator_threads=threads
    )

    def extract() -> None:
        extractor.extract(data=rows(10), query="q", model=held.model)

    thread = threading.Thread(target=extract)
    thread.start()
    try:
        for _ in range(threads):
            assert held.entered.acquire(timeout=PATIENCE)
        assert eventually(lambda: provider.stats()["requests"] == 10)
        assert not held.entered.acquire(timeout=0.1)
    finally:
        held.release.set()
        thread.join()


def test_calls_beyond_all_threads_still_get_their_results(subject: Extractor, run: Run) -> None:
    """Blocked validators take all threads but one, which is reserved for results."""
    held = Held()

    async def main() -> None:
        slow = [
            asyncio.create_task(subject.extract_async(data=rows(4), query="q", model=held.model))
            for _ in range(20)
        ]
        try:
            for _ in range(63):
                assert await asyncio.to_thread(held.entered.acquire, timeout=PATIENCE)
            measured = await asyncio.wait_for(structx.measure_async("a text"), PATIENCE)
            assert measured.rows == 1
            assert not any(task.done() for task in slow)
        finally:
            held.release.set()
        for task in slow:
            assert (await task).success_count == 4

    run(main())


def test_the_number_of_threads_is_checked() -> None:
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ConfigurationError, match="validator_threads must be an integer"):
            Extractor(model="openai/fake", api_key="k", validator_threads=wrong)  # pyright: ignore


def test_progress_is_told_in_order_while_validators_are_held(subject: Extractor) -> None:
    done: list[int] = []
    subject.extract(
        data=rows(50), query="q", model=Word, progress=lambda progress: done.append(progress.done)
    )
    assert done == sorted(done) and done[-1] == 50


class Failing(asyncio.Future[Any]):
    """A future of a custom event loop."""

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        raise RuntimeError("on purpose")


def test_a_future_that_fails_keeps_no_other_from_its_result(subject: Extractor) -> None:
    told: list[Any] = []

    class Loop(asyncio.SelectorEventLoop):
        fails = False

        def create_future(self) -> asyncio.Future[Any]:
            return Failing(loop=self) if self.fails else super().create_future()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        call = {"query": "q", "model": Word}
        plain = [subject.extract_async(data="a text", **call) for _ in range(20)]
        tasks = [asyncio.ensure_future(one) for one in plain]
        loop.fails = True
        failing = [
            asyncio.ensure_future(subject.extract_async(data="a text", **call)) for _ in range(20)
        ]
        await asyncio.sleep(0)
        loop.fails = False
        for result in await asyncio.wait_for(asyncio.gather(*tasks, *failing), PATIENCE):
            assert result.success_count == 1

    loop = Loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    assert {str(error) for error in told} == {"on purpose"}


def test_a_panic_in_a_callback_does_not_end_its_thread(provider: FakeProvider) -> None:
    process = start(
        provider,
        """
        panics = []
        def progress(_):
            panics.append(1)
            raise panic("on purpose")
        extractor.extract(**call)
        found = [it for it in BaseException.__subclasses__() if it.__name__ == "PanicException"]
        assert found
        for panic in found:
            for form in (lambda **more: extractor.extract(**call, **more),
                         lambda **more: run(extractor.extract_async(**call, **more))):
                print(form(progress=progress).success_count, len(panics) > 0)
                print(form().success_count)
        """,
    )
    ended = finish(process)
    assert ended.code == 0, ended.err
    words = ended.out.split()
    assert words == ["1", "True", "1"] * (len(words) // 3) and len(words) >= 6
    assert "panicked" in ended.err or "resuming a panic" in ended.err


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table that takes a fraction of a second to read, to convert to Markdown and to count."""
    path = tmp_path_factory.mktemp("large") / "large.csv"
    lines = (f"{number},name of {number},a text about {number}\n" for number in range(120_000))
    path.write_text("id,name,text\n" + "".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("read", [structx.read_async, structx.measure_async])
def test_the_loop_has_its_turns_while_a_large_file_is_read(
    run: Run, large_file: Path, read: Callable[[Path], Any]
) -> None:
    limits = structx.DocumentLimits(characters=1 << 30, cells=1 << 30)

    async def main() -> tuple[float, float]:
        task = asyncio.ensure_future(read(large_file, limits=limits))  # pyright: ignore
        begin = last = time.monotonic()
        longest = 0.0
        while not task.done():
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        await task
        return longest, time.monotonic() - begin

    longest, whole = run(main())
    assert longest < whole / 3


def test_requests_are_sent_while_a_large_table_is_estimated(
    subject: Extractor, run: Run, large_file: Path
) -> None:
    async def main() -> None:
        await subject.extract_async(data="a text", query="q", model=Word)
        async with subject.prepare_input_async(data=large_file) as prepared:
            estimate = asyncio.ensure_future(
                subject.estimate_async(data=prepared, query="q", model=Word)
            )
            await asyncio.sleep(0)
            await subject.extract_async(data="a text", query="q", model=Word)
            assert not estimate.done()
            assert (await estimate).rows == 120_000

    run(main())
