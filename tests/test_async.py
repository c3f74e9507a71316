"""Async calls on many loops, in many tasks and threads, and with other frameworks."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from loops import Run, Word
from provider import FakeProvider
from structx import ExtractionError, Extractor

CALL: dict[str, Any] = {"data": "a text", "query": "the word", "model": Word}

TWINS = [
    ("extract", "extract_async"),
    ("extract_queries", "extract_queries_async"),
    ("get_schema", "get_schema_async"),
    ("refine_data_model", "refine_data_model_async"),
]

needs_task_groups = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.11 has them")


@pytest.mark.parametrize(("sync", "awaited"), TWINS)
def test_awaitable_twins_are_coroutine_functions_with_the_same_arguments(
    sync: str, awaited: str
) -> None:
    sync_form, async_form = getattr(Extractor, sync), getattr(Extractor, awaited)
    assert inspect.iscoroutinefunction(async_form)
    assert not inspect.iscoroutinefunction(sync_form)
    assert inspect.signature(sync_form).parameters == inspect.signature(async_form).parameters


def test_a_call_can_be_run_directly_and_gives_the_same(subject: Extractor, run: Run) -> None:
    assert run(subject.extract_async(**CALL)).data == subject.extract(**CALL).data


def test_one_extractor_serves_successive_loops(subject: Extractor, run: Run) -> None:
    assert [run(subject.extract_async(**CALL)).success_count for _ in range(5)] == [1] * 5


def test_a_call_is_a_task(subject: Extractor, run: Run) -> None:
    async def main() -> str | None:
        task = asyncio.create_task(subject.extract_async(**CALL), name="mine")
        assert (await task).success_count == 1
        return task.get_name()

    assert run(main()) == "mine"


@needs_task_groups
def test_calls_run_in_a_task_group(subject: Extractor, run: Run) -> None:
    async def main() -> list[int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(subject.extract_async(**CALL)) for _ in range(20)]
        return [task.result().success_count for task in tasks]

    assert run(main()) == [1] * 20


def test_hundreds_of_gathered_calls_keep_their_order_and_run_at_once(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script(latency_ms=200)

    async def main() -> list[str]:
        calls = [
            subject.extract_async(data=f"text {number}", query="q", model=Word)
            for number in range(200)
        ]
        return [result.rows[0].input_data for result in await asyncio.gather(*calls)]

    assert run(main()) == [f"text {number}" for number in range(200)]
    assert provider.stats()["max_in_flight"] > 100


def test_wait_for_passes_a_result_on(subject: Extractor, run: Run) -> None:
    async def main() -> int:
        return (await asyncio.wait_for(subject.extract_async(**CALL), 30)).success_count

    assert run(main()) == 1


@needs_task_groups
def test_a_timeout_that_is_not_reached_changes_nothing(subject: Extractor, run: Run) -> None:
    async def main() -> int:
        async with asyncio.timeout(30):
            return (await subject.extract_async(**CALL)).success_count

    assert run(main()) == 1


def test_a_shielded_call_outlives_its_waiter(
    provider: FakeProvider, subject: Extractor, run: Run
) -> None:
    provider.script(latency_ms=100)

    async def main() -> int:
        task = asyncio.ensure_future(subject.extract_async(**CALL))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), 0.02)
        return (await task).success_count

    assert run(main()) == 1
    assert provider.stats()["aborted"] == 0


def test_one_extractor_serves_loops_of_several_threads(subject: Extractor, run: Run) -> None:
    async def main() -> int:
        results = await asyncio.gather(*[subject.extract_async(**CALL) for _ in range(20)])
        return sum(result.success_count for result in results)

    with ThreadPoolExecutor(4) as pool:
        loops = [pool.submit(lambda: run(main())) for _ in range(4)]
        assert [loop.result(timeout=30) for loop in loops] == [20] * 4


def test_the_sync_form_works_inside_a_running_loop(subject: Extractor, run: Run) -> None:
    async def main() -> tuple[int, int]:
        beside = asyncio.create_task(subject.extract_async(**CALL))
        await asyncio.sleep(0)
        sync = subject.extract(**CALL)
        return sync.success_count, (await beside).success_count

    assert run(main()) == (1, 1)


def test_the_sync_form_lets_other_threads_run(provider: FakeProvider, subject: Extractor) -> None:
    provider.script(latency_ms=200)
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.01):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    subject.extract(**CALL)
    done.set()
    thread.join()
    assert ticks >= 3


def test_sync_calls_of_several_threads_run_at_once(
    provider: FakeProvider, subject: Extractor
) -> None:
    provider.script(latency_ms=300)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(lambda: subject.extract(**CALL)) for _ in range(8)]
        assert sum(call.result(timeout=30).success_count for call in calls) == 8
    assert provider.stats()["max_in_flight"] == 8


@pytest.mark.parametrize("use_uvloop", [False, True], ids=["asyncio", "uvloop"])
def test_anyio_runs_calls_on_its_asyncio_backend(subject: Extractor, use_uvloop: bool) -> None:
    anyio = pytest.importorskip("anyio")
    if use_uvloop:
        pytest.importorskip("uvloop")
    counts: list[int] = []

    async def call() -> None:
        counts.append((await subject.extract_async(**CALL)).success_count)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(call)

    anyio.run(main, backend="asyncio", backend_options={"use_uvloop": use_uvloop})
    assert counts == [1] * 5


def test_an_anyio_scope_that_times_out_aborts_the_call(
    provider: FakeProvider, subject: Extractor
) -> None:
    anyio = pytest.importorskip("anyio")
    provider.script({"fault": "stall"})

    async def main() -> bool:
        with anyio.move_on_after(0.1) as scope:
            await subject.extract_async(**CALL)
        return scope.cancelled_caught

    assert anyio.run(main, backend="asyncio")


def test_under_trio_a_call_says_that_it_needs_asyncio(
    provider: FakeProvider, subject: Extractor
) -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        await subject.extract_async(**CALL)

    with pytest.raises(ExtractionError, match="asyncio"):
        trio.run(main)

    async def large() -> None:
        await subject.extract_async(**CALL | {"data": [{"a": 1}] * 10_000})

    with pytest.raises(ExtractionError, match="asyncio"):
        trio.run(large)
    assert provider.stats()["requests"] == 0


NOTEBOOK = [
    """
    import asyncio, os
    from pydantic import BaseModel
    from structx import Extractor

    class Word(BaseModel):
        word: str

    extractor = Extractor(model="openai/fake", api_key="k", api_base=os.environ["FAKE_PROVIDER"])
    call = dict(data="a text", query="the word", model=Word)
    """,
    "print((await extractor.extract_async(**call)).success_count)",
    "print(extractor.extract(**call).success_count)",
    "print(len(await asyncio.gather(*[extractor.extract_async(**call) for _ in range(5)])))",
    "task = asyncio.create_task(extractor.extract_async(**call))",
    "print((await task).success_count)",
]


def test_a_notebook_awaits_in_its_cells_and_calls_the_sync_form(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("FAKE_PROVIDER", provider.base_url)
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(inspect.cleandoc(cell)) for cell in NOTEBOOK]
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute(
        cwd=os.fspath(tmp_path)
    )
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert [output.get("name") for output in outputs] == ["stdout"] * 4, outputs
    assert [output["text"] for output in outputs] == ["1\n", "1\n", "5\n", "1\n"]
