"""A call preserves its caller's context variables and exceptions, and does not block the loop."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from loops import Run, Word
from programs import finish, start
from provider import FakeProvider
from structx import ExtractionError, Extractor, FileError, ProviderError
from waiting import eventually, until

language: contextvars.ContextVar[str] = contextvars.ContextVar("language", default="none")


class Spoken(BaseModel):
    word: str

    @field_validator("word")
    @classmethod
    def in_the_callers_language(cls, word: str) -> str:
        return language.get()


def test_validators_see_the_context_of_a_sync_call(subject: Extractor) -> None:
    def extract(spoken: str) -> str:
        language.set(spoken)
        return subject.extract(data="a text", query="q", model=Spoken).data[0].word

    for spoken in ("French", "Welsh"):
        assert contextvars.copy_context().run(extract, spoken) == spoken
    assert subject.extract(data="a text", query="q", model=Spoken).data[0].word == "none"


def test_validators_see_the_context_of_their_own_call(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script(latency_ms=20)

    async def extract(spoken: str) -> list[str]:
        language.set(spoken)
        call = subject.extract_async(data=[{"t": 1}, {"t": 2}], query="q", model=Spoken)
        return [item.word for item in (await call).data]

    async def main() -> list[list[str]]:
        return await asyncio.gather(*[extract(str(number)) for number in range(50)])

    assert run(main()) == [[str(number)] * 2 for number in range(50)]


def test_validators_see_the_context_of_their_thread(subject: Extractor) -> None:
    def extract(spoken: str) -> str:
        language.set(spoken)
        return subject.extract(data="a text", query="q", model=Spoken).data[0].word

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(extract, map(str, range(20)))) == list(map(str, range(20)))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.11 has such tasks")
def test_a_context_that_is_in_use_is_no_obstacle(subject: Extractor, run: Run) -> None:
    """Only one thread at a time can enter a context: structx never enters the caller's own."""
    context = contextvars.copy_context()
    context.run(language.set, "Latin")

    async def extract() -> str:
        call = subject.extract_async(data="a text", query="q", model=Spoken)
        return (await call).data[0].word

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(extract(), context=context) for _ in range(20)]
        return await asyncio.gather(*tasks)

    assert run(main()) == ["Latin"] * 20
    sync = context.run(lambda: subject.extract(data="a text", query="q", model=Spoken))
    assert sync.data[0].word == "Latin"


class OwnError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"no schema, code {code}")
        self.code = code


class Unusable(BaseModel):
    word: str

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        raise OwnError(7)


def awaited(call: Callable[[], Any], run: Run) -> BaseException:
    """The error that `call` raises when awaited."""

    async def main() -> None:
        await call()

    with pytest.raises(ExtractionError) as raised:
        run(main())
    return raised.value


def test_exceptions_are_the_same_whole_in_both_forms(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    def functions(error: BaseException) -> list[str]:
        return [frame.name for frame in traceback.extract_tb(error.__traceback__)]

    missing = {"data": Path("missing.txt"), "query": "q", "model": Word}
    with pytest.raises(ExtractionError) as raised:
        subject.extract(**missing)
    in_await = awaited(lambda: subject.extract_async(**missing), run)
    for error, form in ((raised.value, "extract"), (in_await, "extract_async")):
        assert "missing.txt" in str(error)
        assert isinstance(error.__cause__, FileError)
        assert error.__cause__.path == "missing.txt"
        assert form in functions(error)
    assert "main" in functions(in_await)

    refused = {"data": "a text", "query": "q"}
    provider.script({"status": 403, "times": 2})
    with pytest.raises(ExtractionError) as raised:
        subject.extract(**refused)
    in_await = awaited(lambda: subject.extract_async(**refused), run)
    for error in (raised.value, in_await):
        cause = error.__cause__
        assert isinstance(cause, ProviderError)
        assert (cause.provider, cause.status) == ("openai", 403)
        assert (cause.request_id or "").startswith("fake-")


def test_an_exception_of_the_callers_own_code_is_the_cause_itself(
    subject: Extractor, run: Run
) -> None:
    arguments = {"data": "a text", "query": "q", "model": Unusable}
    with pytest.raises(ExtractionError, match="code 7") as raised:
        subject.extract(**arguments)
    for error in (raised.value, awaited(lambda: subject.extract_async(**arguments), run)):
        assert isinstance(error.__cause__, OwnError)
        assert error.__cause__.code == 7
        assert error.__cause__.__traceback__ is not None


@pytest.mark.parametrize("error", [OwnError(7), StopIteration(), GeneratorExit()], ids=repr)
def test_whatever_a_validator_raises_fails_its_row_alone(
    subject: Extractor, error: BaseException, run: Run
) -> None:
    class Raising(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def raise_it(cls, word: str) -> str:
            raise error

    arguments: dict[str, Any] = {"data": "a text", "query": "q", "model": Raising}

    async def main() -> tuple[Any, Any]:
        other = subject.extract_async(data="a text", query="q", model=Word)
        return await asyncio.gather(subject.extract_async(**arguments), other)

    in_await, other = run(main())
    assert other.failure_count == 0
    for result in (in_await, subject.extract(**arguments)):
        [row] = result.rows
        assert row.status == "failed"
        assert type(error).__name__ in (row.error or "")


INTERRUPTS = [KeyboardInterrupt, SystemExit, asyncio.CancelledError]


@pytest.mark.parametrize("kind", INTERRUPTS)
def test_what_interrupts_a_program_passes_unchanged_and_ends_the_call(
    provider: FakeProvider, subject: Extractor, kind: type[BaseException], run: Run
) -> None:
    # Made here: the traceback of an exception of the module would keep the extractor.
    error = kind(3)

    class Interrupting(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def raise_it(cls, word: str) -> str:
            raise error

    provider.script({"delay_ms": 20_000, "times": 1, "when": "the last"})
    rows = [{"t": "the first"}, {"t": "the last"}]
    with pytest.raises(type(error)):
        subject.extract(data=rows, query="q", model=Interrupting)
    assert eventually(lambda: provider.stats()["in_flight"] == 0)

    async def main() -> None:
        await subject.extract_async(data="a text", query="q", model=Interrupting)

    with pytest.raises(type(error)):
        run(main())


def test_a_panic_of_the_core_is_an_error_with_its_text(provider: FakeProvider) -> None:
    """A PanicException raised in Python becomes a panic again in the core."""
    process = start(
        provider,
        """
        from pydantic import field_validator
        class Panicking(BaseModel):
            word: str
            @field_validator("word")
            @classmethod
            def panic(cls, word):
                raise next(panics)("on purpose")
        extractor.extract(**call)
        found = [it for it in BaseException.__subclasses__() if it.__name__ == "PanicException"]
        assert found
        for form in (lambda: extractor.extract(**call),
                     lambda: run(extractor.extract_async(**call))):
            call["model"] = Panicking
            for panics in map(iter, zip(found)):
                print("on purpose" in form().rows[0].error)
            call["model"] = Word
            print(form().success_count)
        """,
    )
    ended = finish(process)
    assert ended.code == 0, ended.err
    lines = ended.out.split()
    assert set(lines) == {"True", "1"} and lines.count("1") == 2
    # A panic prints its place on stderr, which shows that there was one.
    assert "resuming a panic" in ended.err or "panicked" in ended.err


def busy() -> None:
    end = time.thread_time() + 0.05
    while time.thread_time() < end:
        pass


def asleep() -> None:
    time.sleep(0.05)


def slow(pause: Callable[[], None]) -> type[BaseModel]:
    class Slow(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def look_up(cls, word: str) -> str:
            pause()
            return word

    return Slow


async def ticks(gaps: list[float]) -> None:
    last = time.monotonic()
    while True:
        await asyncio.sleep(0.005)
        now = time.monotonic()
        gaps.append(now - last)
        last = now


@pytest.mark.parametrize("pause", [busy, asleep])
def test_a_slow_validator_does_not_stall_the_loop(
    subject: Extractor, run: Run, pause: Callable[[], None]
) -> None:
    rows = [{"t": number} for number in range(10)]
    gaps: list[float] = []

    async def main() -> None:
        ticker = asyncio.create_task(ticks(gaps))
        result = await subject.extract_async(data=rows, query="q", model=slow(pause))
        assert result.success_count == 10
        ticker.cancel()

    run(main())
    # The loop waits for the GIL, and on a busy machine for the CPU, but not for a validator.
    assert sum(gap >= 0.045 for gap in gaps) <= 2, sorted(gaps)[-10:]


@pytest.mark.parametrize("pause", [busy, asleep])
def test_a_slow_validator_does_not_stall_other_calls(
    subject: Extractor, run: Run, pause: Callable[[], None]
) -> None:
    rows = [{"t": number} for number in range(10)]
    started = threading.Event()

    def started_pause() -> None:
        started.set()
        pause()

    arguments: dict[str, Any] = {"data": rows, "query": "q", "model": slow(started_pause)}

    async def timed(call: Coroutine[Any, Any, Any]) -> float:
        begin = time.monotonic()
        assert (await call).failure_count == 0
        return time.monotonic() - begin

    async def main() -> tuple[float, float]:
        whole = asyncio.create_task(timed(subject.extract_async(**arguments)))
        await until(started.is_set)
        fast = [subject.extract_async(data="a text", query="q", model=Word) for _ in range(5)]
        return max(await asyncio.gather(*map(timed, fast))), await whole

    slowest, whole = run(main())
    assert slowest < whole / 2


def test_requests_of_other_rows_go_out_while_a_validator_runs(
    provider: FakeProvider, subject: Extractor
) -> None:
    """The validator of the first reply runs until all other requests have arrived."""
    seen: list[int] = []

    class Slow(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def look_up(cls, word: str) -> str:
            if not seen:
                eventually(lambda: provider.stats()["requests"] == 10)
            seen.append(provider.stats()["requests"])
            return word

    provider.script({"delay_ms": 0}, {"delay_ms": 100, "times": 100})
    result = subject.extract(data=[{"t": n} for n in range(10)], query="q", model=Slow)
    assert result.success_count == 10
    assert seen[0] == 10
