"""Ending a call early aborts its requests at once, and no others are sent."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from loops import Run, Word
from programs import finish, start
from provider import FakeProvider
from structx import Extractor
from waiting import eventually, stays, stays_async, until

CALL: dict[str, Any] = {"data": "a text", "query": "the word", "model": Word}
ROWS: dict[str, Any] = {**CALL, "data": [{"t": number} for number in range(30)]}

STALLED = {"fault": "stall", "times": 1000}
"""Each request waits until its client disconnects."""

AT_ONCE = 0.2
"""Seconds from the end of a call to the end of its requests."""

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def assert_aborted(provider: FakeProvider, requests: int) -> None:
    """`requests` were sent and are aborted at once; none follows."""
    assert eventually(lambda: provider.stats()["in_flight"] == 0, AT_ONCE)
    assert stays(lambda: provider.stats()["requests"] == requests, 0.3)
    stats = provider.stats()
    assert (stats["requests"], stats["aborted"], stats["in_flight"]) == (requests, requests, 0)


async def cancel(task: asyncio.Task[Any]) -> float:
    """Cancels `task`; returns the seconds until it ended."""
    start = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return time.monotonic() - start


@pytest.mark.parametrize(
    ("arguments", "requests"),
    [(ROWS, 10), (CALL, 1), ({**CALL, "model": None}, 1)],
    ids=["rows", "one row", "planning"],
)
def test_cancelling_aborts_the_requests_in_flight(
    provider: FakeProvider, subject: Extractor, run: Run, arguments: dict[str, Any], requests: int
) -> None:
    provider.script(STALLED)

    async def main() -> None:
        task = asyncio.create_task(subject.extract_async(**arguments))
        await until(lambda: provider.stats()["in_flight"] == requests)
        assert await cancel(task) < AT_ONCE
        assert_aborted(provider, requests)

    run(main())


def test_cancelling_ends_the_wait_before_a_retry(
    provider: FakeProvider, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "structx")
    subject = Extractor(
        model="openai/fake", api_key="k", api_base=provider.base_url, min_wait=0.3, max_wait=0.3
    )
    provider.script({"status": 503, "times": 1000})

    async def main() -> None:
        task = asyncio.create_task(subject.extract_async(**CALL))
        await until(lambda: "status 503" in caplog.text)
        assert await cancel(task) < AT_ONCE
        assert await stays_async(lambda: provider.stats()["requests"] == 1, 0.7)

    run(main())


def test_cancelling_does_not_wait_for_a_validator(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    started: list[float] = []

    class Slow(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def look_up(cls, word: str) -> str:
            started.append(time.monotonic())
            time.sleep(0.5)
            raise ValueError("is sent back to the model, unless the call is cancelled")

    provider.script({}, STALLED)
    arguments = {**ROWS, "model": Slow}

    async def main() -> None:
        task = asyncio.create_task(subject.extract_async(**arguments))
        await until(lambda: bool(started) and provider.stats()["in_flight"] == 9)
        assert await cancel(task) < AT_ONCE
        assert eventually(lambda: provider.stats()["in_flight"] == 0, AT_ONCE)
        assert await stays_async(lambda: provider.stats()["requests"] == 10, 0.7)

    run(main())
    assert (provider.stats()["aborted"], len(started)) == (9, 1)
    provider.script()
    assert subject.extract(**CALL).success_count == 1


def test_cancelling_does_not_wait_for_a_file(
    provider: FakeProvider, subject: Extractor, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "large.csv"
    file.write_text("number,text\n" + "1,some words of a row\n" * 1_500_000, encoding="utf-8")

    async def main() -> None:
        task = asyncio.create_task(subject.extract_async(data=file, query="q", model=Word))
        await asyncio.sleep(0.05)  # reading has started, and takes a second; no event shows it
        assert provider.stats()["requests"] == 0
        assert await cancel(task) < AT_ONCE
        assert await stays_async(lambda: provider.stats()["requests"] == 0, 1)

    run(main())


def test_a_task_cancelled_before_its_first_step_sends_nothing(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    async def main() -> None:
        await cancel(asyncio.create_task(subject.extract_async(**CALL)))
        task = asyncio.create_task(subject.extract_async(**CALL))
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(main())
    subject.extract_async(**CALL).close()
    assert stays(lambda: provider.stats()["requests"] == 0, 0.2)


def test_a_task_cancelled_at_its_first_step_leaves_nothing_in_flight(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script(STALLED)

    async def main() -> None:
        for _ in range(50):
            task = asyncio.create_task(subject.extract_async(**CALL))
            await asyncio.sleep(0)
            await cancel(task)

    run(main())
    assert eventually(lambda: provider.stats()["in_flight"] == 0, AT_ONCE)


def test_a_task_may_be_cancelled_twice(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script(STALLED)

    async def main() -> None:
        task = asyncio.create_task(subject.extract_async(**ROWS))
        await until(lambda: provider.stats()["in_flight"] == 10)
        task.cancel()
        task.cancel()
        await asyncio.sleep(0)
        await cancel(task)

    run(main())
    assert_aborted(provider, 10)


async def wait_for(call: Awaitable[Any]) -> None:
    await asyncio.wait_for(call, 0.3)


async def timeout(call: Awaitable[Any]) -> None:
    async with asyncio.timeout(0.3):
        await call


@pytest.mark.parametrize(
    "limited",
    [
        wait_for,
        pytest.param(
            timeout,
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.11 has it"),
        ),
    ],
)
def test_a_timeout_aborts_the_requests(
    provider: FakeProvider,
    subject: Extractor,
    run: Run,
    limited: Callable[[Awaitable[Any]], Awaitable[None]],
) -> None:
    provider.script(STALLED)

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await limited(subject.extract_async(**ROWS))
        assert_aborted(provider, 10)

    run(main())


def test_cancelling_one_gathered_call_leaves_the_others_alone(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script({"when": "second", **STALLED}, {"delay_ms": 300, "times": 2})

    async def main() -> list[Any]:
        first, second, third = (
            asyncio.create_task(subject.extract_async(data=text, query="q", model=Word))
            for text in ("first", "second", "third")
        )
        await until(lambda: provider.stats()["in_flight"] == 3)
        second.cancel()
        return await asyncio.gather(first, second, third, return_exceptions=True)

    first, second, third = run(main())
    assert (first.success_count, third.success_count) == (1, 1)
    assert isinstance(second, asyncio.CancelledError)
    assert provider.stats()["aborted"] == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.11 has task groups")
def test_a_failed_sibling_in_a_task_group_aborts_the_requests(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script(STALLED)

    async def fail() -> None:
        await until(lambda: provider.stats()["in_flight"] == 10)
        raise LookupError("a sibling's")

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(subject.extract_async(**ROWS))
            group.create_task(fail())

    with pytest.raises(BaseException, match="TaskGroup") as raised:
        run(main())
    assert [type(error) for error in getattr(raised.value, "exceptions", ())] == [LookupError]
    assert_aborted(provider, 10)


def test_the_end_of_a_loop_aborts_the_calls_that_it_leaves(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script(STALLED)
    left: list[asyncio.Task[Any]] = []

    async def main() -> None:
        left.append(asyncio.create_task(subject.extract_async(**ROWS)))
        await until(lambda: provider.stats()["in_flight"] == 10)

    run(main())
    assert left[0].cancelled()
    assert_aborted(provider, 10)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_reply_to_a_loop_that_is_closed_is_dropped(provider: FakeProvider, loop: str) -> None:
    """asyncio itself reports the pending task of a closed loop."""
    provider.script({"delay_ms": 300, "times": 10})
    process = start(
        provider,
        """
        loop = uvloop.new_event_loop() if sys.argv[2] == "uvloop" else asyncio.new_event_loop()
        async def call_it():
            await extractor.extract_async(**call)
        async def is_sent():
            while not asked():
                await asyncio.sleep(0.005)
        task = loop.create_task(call_it())
        loop.run_until_complete(is_sent())
        loop.close()
        print(extractor.extract(**call).success_count)  # its reply arrives after the dropped one
        del task
        print(run(extractor.extract_async(**call)).success_count)
        """,
        loop=loop,
    )
    ended = finish(process)
    assert (ended.code, ended.out) == (0, "1\n1\n"), ended.err
    assert "panicked" not in ended.err
    assert "Event loop is closed" not in ended.err


SYNC = "extractor.extract(**call)"
ASYNC = "run(extractor.extract_async(**call))"


@needs_signals
@pytest.mark.parametrize(
    ("step", "call", "loop", "extra", "requests"),
    [
        (STALLED, SYNC, "asyncio", "", 1),
        (STALLED, SYNC, "asyncio", "call['data'] = [{'t': n} for n in range(30)]", 10),
        (STALLED, SYNC, "asyncio", "del call['model']", 1),
        (STALLED, ASYNC, "asyncio", "call['data'] = [{'t': n} for n in range(30)]", 10),
        (STALLED, ASYNC, "uvloop", "call['data'] = [{'t': n} for n in range(30)]", 10),
    ],
    ids=["sync", "sync, rows", "sync, planning", "asyncio", "uvloop"],
)
def test_ctrl_c_ends_a_call_and_its_requests(
    provider: FakeProvider, step: dict[str, Any], call: str, loop: str, extra: str, requests: int
) -> None:
    provider.script(step)
    process = start(
        provider,
        f"""
        import time
        {extra}
        try:
            {call}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        time.sleep(0.7)  # a further request would arrive in this time
        """,
        loop=loop,
    )
    assert eventually(lambda: provider.stats()["in_flight"] == requests, 20)
    assert process.stdout is not None
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "interrupted\n"
    assert time.monotonic() - begin < 1
    assert eventually(lambda: provider.stats()["in_flight"] == 0, AT_ONCE)
    assert finish(process) == (0, "", "")
    stats = provider.stats()
    assert (stats["requests"], stats["aborted"]) == (requests, requests)


@needs_signals
def test_ctrl_c_does_not_wait_for_a_validator_or_a_retry(provider: FakeProvider) -> None:
    provider.script({"when": "retried", "status": 503, "times": 1000})
    process = start(
        provider,
        """
        import signal, threading, time
        from pydantic import field_validator
        class Slow(BaseModel):
            word: str
            @field_validator("word")
            @classmethod
            def look_up(cls, word):
                interrupt()
                time.sleep(2)
                return word
        def interrupt():
            global begin
            begin = time.monotonic()
            os.kill(os.getpid(), signal.SIGINT)
        extractor = Extractor(model="openai/fake", api_key="k", api_base=sys.argv[1], min_wait=5)
        def interrupt_the_retry():
            while not asked():
                time.sleep(0.005)
            interrupt()
        call["data"] = "retried"
        threading.Thread(target=interrupt_the_retry).start()
        for arguments in ({}, {"data": "a text", "model": Slow}):
            try:
                extractor.extract(**{**call, **arguments})
            except KeyboardInterrupt:
                print(time.monotonic() - begin < 1)
        """,
    )
    assert finish(process) == (0, "True\nTrue\n", "")
    assert provider.stats()["requests"] == 2
