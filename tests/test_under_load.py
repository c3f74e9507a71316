"""Cancellation, close, fork and exit during runs with a journal, a cache, limits, progress and
logs."""

from __future__ import annotations

import asyncio
import logging
import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from loops import Run, Word
from programs import Ended, run_all
from provider import FakeProvider
from structx import Extractor, Limits, Progress
from waiting import until

# A run of 600 rows that takes more than a second, with all options.
BEFORE = """
import logging, os, sys, tempfile, threading, time
# Not to a file: if another thread holds its lock during a fork, the child never gets it.
logging.getLogger("structx").setLevel(logging.DEBUG)
folder = tempfile.mkdtemp()
"""
LOADED = """
from structx import Limits
loaded = Extractor(model="openai/fake", api_key="k", api_base=sys.argv[1], max_threads=30,
                   limits=Limits(max_concurrency=20), cache=folder + "/replies")
heard = []
large = dict(data=[{"row": n} for n in range(600)], query="the word", model=Word,
             journal=folder + "/run.db", progress=heard.append)

def done():
    "How many rows have ended."
    return heard[-1].done if heard else 0
"""

PROGRAMS = {
    "exit in the middle": """
        async def main():
            asyncio.create_task(loaded.extract_async(**large))
            while not done():
                await asyncio.sleep(0.005)
            print("left")
        run(main())
    """,
    "cancelled, and all of it again": """
        async def main():
            task = asyncio.create_task(loaded.extract_async(**large))
            while done() < 100:
                await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            result = await loaded.extract_async(**large)
            assert result.success_count == 600 and result.journaled_count > 0
            print("left")
        run(main())
    """,
    "exit beside a daemon thread": """
        threading.Thread(target=loaded.extract, kwargs=large, daemon=True).start()
        while not done():
            time.sleep(0.005)
        print("left")
    """,
    "a stream that is left": """
        for number, row in enumerate(loaded.extract_stream(**large)):
            if number == 100:
                break
        print("left")
    """,
    "closed in the middle": """
        async def main():
            task = asyncio.create_task(loaded.extract_async(**large))
            while not done():
                await asyncio.sleep(0.005)
            loaded.close()
            assert (await task).success_count == 600
            print("left")
        run(main())
    """,
    "gathered and cancelled": """
        async def main():
            calls = [loaded.extract_async(**{**large, "journal": None}) for _ in range(10)]
            gathered = asyncio.gather(*calls)
            while not done():
                await asyncio.sleep(0.005)
            gathered.cancel()
            try:
                await gathered
            except asyncio.CancelledError:
                print("left")
        run(main())
    """,
}


@pytest.mark.parametrize("body", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_programs_end_cleanly_in_the_middle_of_a_run(provider: FakeProvider, body: str) -> None:
    provider.script(latency_ms=5)
    ended = run_all(provider, [LOADED + textwrap.dedent(body)] * 4, before=BEFORE)
    assert set(ended) == {Ended(0, "left\n", "")}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_children_that_are_forked_in_the_middle_of_a_run_work(provider: FakeProvider) -> None:
    """Children use their own files; files that are open in the parent are an error, not damaged."""
    provider.script(latency_ms=5)
    body = """
        thread = threading.Thread(target=loaded.extract, kwargs=large)
        thread.start()
        while not done():
            time.sleep(0.005)
        child = os.fork()
        if not child:
            small = {**large, "data": large["data"][:50]}
            try:
                loaded.extract(**small)
            except Exception as error:
                assert "when this process was forked" in str(error), error
            own = Extractor(model="openai/fake", api_key="k", api_base=sys.argv[1])
            result = own.extract(**{**small, "journal": folder + "/child.db"})
            os._exit(0 if result.success_count == 50 else 1)
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
        again = Extractor(model="openai/fake", api_key="k", api_base=sys.argv[1])
        result = again.extract(**large)
        assert result.journaled_count == result.success_count == 600, result
        print("left")
    """
    ended = run_all(provider, [LOADED + textwrap.dedent(body)] * 4, before=BEFORE)
    assert set(ended) == {Ended(0, "left\n", "")}


def test_one_set_of_limits_is_for_all_gathered_calls(provider: FakeProvider, run: Run) -> None:
    provider.script(latency_ms=20)
    limits = Limits(max_concurrency=7)
    settings: dict[str, Any] = {
        "model": "openai/fake",
        "api_key": "k",
        "api_base": provider.base_url,
        "limits": limits,
    }
    extractors = [Extractor(**settings) for _ in range(2)]

    async def main() -> None:
        calls = [
            subject.extract_async(data="a text", query=f"query {number}", model=Word)
            for subject in extractors
            for number in range(30)
        ]
        results = await asyncio.gather(*calls)
        assert sum(result.success_count for result in results) == 60

    run(main())
    stats = provider.stats()
    assert (stats["requests"], stats["max_in_flight"]) == (60, 7)


def test_cancelled_calls_leave_room_for_others(provider: FakeProvider, run: Run) -> None:
    """Cancelled requests that waited for a permit take none from later ones."""
    subject = Extractor(
        model="openai/fake",
        api_key="k",
        api_base=provider.base_url,
        limits=Limits(max_concurrency=2, requests_per_minute=600),
        max_threads=500,
    )

    async def main() -> None:
        rows = [{"row": number} for number in range(500)]
        task = asyncio.create_task(subject.extract_async(data=rows, query="q", model=Word))
        await until(lambda: provider.stats()["requests"] >= 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        before = provider.stats()["requests"]
        await asyncio.wait_for(subject.extract_async(data="a text", query="q", model=Word), 20)
        assert provider.stats()["requests"] == before + 1

    run(main())


def test_progress_and_logs_tell_all_of_a_run(
    provider: FakeProvider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Progress] = []
    caplog.set_level(logging.DEBUG, "structx")
    subject = Extractor(
        model="openai/fake", api_key="secret-key", api_base=provider.base_url, max_retries=0
    )
    provider.script({"when": "row: 3\\n", "status": 500, "times": 2})
    ends: list[tuple[int, int, int, int]] = []
    for _ in range(2):
        subject.extract(
            data=[{"row": number} for number in range(50)],
            query="the confidential query",
            model=Word,
            journal=tmp_path / "run.db",
            progress=heard.append,
        )
        last = heard[-1]
        assert last.done == last.rows == 50
        ends.append((last.failed, last.journaled, last.requests, last.tokens))
    assert ends == [(1, 0, 50, 49 * 15), (1, 49, 1, 0)]
    assert len([one for one in caplog.records if one.levelno == logging.INFO]) == 2
    # 51 requests, and the row that failed twice.
    assert len([one for one in caplog.records if one.levelno == logging.DEBUG]) == 51 + 2
    for word in ("secret-key", "confidential", "row: "):
        assert word not in caplog.text
