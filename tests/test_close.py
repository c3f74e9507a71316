"""The end of an extractor: by `close`, by `with`, or by garbage collection, without leaks."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from loops import Run, Word
from provider import FakeProvider, connect
from structx import ExtractionError, Extractor
from waiting import eventually, until

CALL: dict[str, Any] = {"data": "a text", "query": "the word", "model": Word}

USES: dict[str, Callable[[Extractor], Any]] = {
    "extract": lambda it: it.extract(**CALL),
    "extract_queries": lambda it: it.extract_queries(data="a text", queries=["q"]),
    "get_schema": lambda it: it.get_schema(data="a text", query="q"),
    "refine_data_model": lambda it: it.refine_data_model(
        model=Word, refinement_instructions="add a number"
    ),
    "prepare_input": lambda it: it.prepare_input(data="a text").__enter__(),
    "extract_async": lambda it: asyncio.run(it.extract_async(**CALL)),
    "extract_queries_async": lambda it: asyncio.run(
        it.extract_queries_async(data="a text", queries=["q"])
    ),
    "get_schema_async": lambda it: asyncio.run(it.get_schema_async(data="a text", query="q")),
    "refine_data_model_async": lambda it: asyncio.run(
        it.refine_data_model_async(model=Word, refinement_instructions="add a number")
    ),
    "prepare_input_async": lambda it: asyncio.run(prepared(it)),
}


async def prepared(subject: Extractor) -> None:
    async with subject.prepare_input_async(data="a text"):
        pass


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_use_after_close_is_an_error_that_says_so(
    provider: FakeProvider, subject: Extractor, use: Callable[[Extractor], Any]
) -> None:
    subject.close()
    with pytest.raises(ExtractionError, match="closed"):
        use(subject)
    assert provider.stats()["requests"] == 0


def test_close_and_aclose_may_be_repeated(subject: Extractor, run: Run) -> None:
    subject.extract(**CALL)

    async def main() -> None:
        await subject.aclose()
        await subject.aclose()

    subject.close()
    subject.close()
    run(main())
    subject.close()
    with pytest.raises(ExtractionError, match="closed"):
        run(subject.extract_async(**CALL))


def test_an_extractor_that_was_never_used_closes(subject: Extractor, run: Run) -> None:
    subject.close()
    run(subject.aclose())
    assert "openai/fake" in repr(subject)


def test_with_closes(subject: Extractor) -> None:
    with subject as entered:
        assert entered is subject
        assert subject.extract(**CALL).success_count == 1
    with pytest.raises(ExtractionError, match="closed"):
        subject.extract(**CALL)
    with pytest.raises(ExtractionError, match="closed"):
        subject.__enter__()


def test_async_with_closes(subject: Extractor, run: Run) -> None:
    async def main() -> None:
        async with subject as entered:
            assert entered is subject
            assert (await subject.extract_async(**CALL)).success_count == 1
        with pytest.raises(ExtractionError, match="closed"):
            await subject.extract_async(**CALL)

    run(main())


def test_with_passes_exceptions_on(provider: FakeProvider, run: Run) -> None:
    async def main() -> None:
        async with connect(provider):
            raise LookupError("in async with")

    with pytest.raises(LookupError, match="in with"), connect(provider):
        raise LookupError("in with")
    with pytest.raises(LookupError, match="in async with"):
        run(main())


def test_close_lets_calls_finish_that_are_under_way(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script(latency_ms=200)

    async def main() -> int:
        task = asyncio.create_task(subject.extract_async(**CALL))
        await until(lambda: provider.stats()["in_flight"] == 1)
        subject.close()
        with pytest.raises(ExtractionError, match="closed"):
            await subject.extract_async(**CALL)
        return (await task).success_count

    assert run(main()) == 1
    assert provider.stats()["requests"] == 1


def test_close_from_another_thread_lets_a_sync_call_finish(
    provider: FakeProvider, subject: Extractor
) -> None:
    provider.script(latency_ms=200)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(lambda: subject.extract(**CALL))
        assert eventually(lambda: provider.stats()["in_flight"] == 1)
        subject.close()
        assert call.result(timeout=30).success_count == 1


def test_close_closes_the_connections(provider: FakeProvider) -> None:
    with connect(provider) as subject:
        before = provider.stats()["open"]
        subject.extract(**CALL)
        assert provider.stats()["open"] == before + 1
    assert eventually(lambda: provider.stats()["open"] <= before)


def test_a_copy_of_a_closed_extractor_is_open(
    subject: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", "k")
    subject.close()
    copy: Extractor = pickle.loads(pickle.dumps(subject))
    assert copy.extract(**CALL).success_count == 1


def use_and_drop(provider: FakeProvider, run: Run) -> None:
    assert connect(provider).extract(**CALL).success_count == 1
    assert run(connect(provider).extract_async(**CALL)).success_count == 1
    connect(provider)


def threads_and_files() -> tuple[int, int]:
    """Native threads, and open files, pipes and sockets, of this process; (0, 0) if unknown."""
    own = Path("/proc/self")
    if not (own / "task").is_dir():
        return (0, 0)
    return (len(list((own / "task").iterdir())), len(list((own / "fd").iterdir())))


def test_collected_extractors_leave_nothing_behind(provider: FakeProvider, run: Run) -> None:
    for _ in range(20):
        use_and_drop(provider, run)
    gc.collect()
    assert eventually(lambda: provider.stats()["open"] == 0, within=30)
    python_threads = threading.active_count()
    threads, files = threads_and_files()

    for _ in range(200):
        use_and_drop(provider, run)
    gc.collect()

    assert eventually(lambda: provider.stats()["open"] == 0, within=30)
    assert threading.active_count() == python_threads
    # The number of runtime threads varies a little, whatever the number of extractors.
    assert eventually(lambda: threads_and_files()[0] <= threads + 5, within=30)
    assert eventually(lambda: threads_and_files()[1] <= files + 5, within=30)


def test_calls_leave_no_task_behind(subject: Extractor, run: Run) -> None:
    async def main() -> set[Any]:
        for _ in range(200):
            await subject.extract_async(**CALL)
        with pytest.raises(ExtractionError):
            await subject.extract_async(data=Path("missing.txt"), query="q")
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert run(main()) == set()


@pytest.mark.parametrize("is_used", [False, True], ids=["unused", "used"])
def test_an_extractor_and_its_results_are_freed(
    provider: FakeProvider, run: Run, is_used: bool
) -> None:
    """Reference counts suffice: neither a cycle nor the core keeps a reference."""
    gc.disable()
    try:
        subject = connect(provider)
        kept = [weakref.ref(subject)]
        if is_used:
            for result in (subject.extract(**CALL), run(subject.extract_async(**CALL))):
                kept += [weakref.ref(item) for item in result.data]
            del result
        del subject
        assert eventually(lambda: [ref() for ref in kept] == [None] * len(kept))
    finally:
        gc.enable()


@pytest.mark.parametrize("step", [{}, {"status": 403}], ids=["success", "failure"])
def test_arguments_are_freed_after_a_call(
    provider: FakeProvider, subject: Extractor, run: Run, step: dict[str, Any]
) -> None:
    class Text(str):
        """Supports weak references, which str does not."""

    kept: list[weakref.ref[Text]] = []

    def arguments() -> dict[str, Any]:
        text = Text("a text of its own")
        kept.append(weakref.ref(text))
        return {**CALL, "data": text}

    provider.script({**step, "times": 2})
    subject.extract(**arguments())
    run(subject.extract_async(**arguments()))
    gc.collect()
    assert eventually(lambda: [ref() for ref in kept] == [None, None])
