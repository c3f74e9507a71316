"""Progress: the reported figures, and a bar that is shown when visible and always closed."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest

from loops import Run, Word
from provider import FakeProvider, connect
from structx import ExtractionError, Extractor, Progress
from structx._engine import progress_bar, run_context
from waiting import eventually, stays, until

ROWS: dict[str, Any] = {
    "data": [{"t": f"row{number:03}"} for number in range(50)],
    "query": "the word",
    "model": Word,
}


def test_a_callable_is_told_how_far_it_is(provider: FakeProvider, subject: Extractor) -> None:
    provider.script({"when": "row007", "status": 400}, latency_ms=50)
    told: list[Progress] = []
    result = subject.extract(**ROWS, progress=told.append)
    last = told[-1]
    assert (last.rows, last.done, last.failed, last.journaled) == (50, 50, 1, 0)
    assert (last.requests, last.tokens) == (50, result.usage.total_tokens)
    assert (last.cost, last.fraction) == (None, 1.0)
    assert [it.done for it in told] == sorted(it.done for it in told)
    assert 2 <= len(told) < 50
    assert Progress(0, 0, 0, 0, 0, 0, None, 0.0).fraction == 0.0


def test_costs_are_told_where_they_are_known(provider: FakeProvider) -> None:
    told: list[Progress] = []
    subject = Extractor(
        model="openai/fake",
        api_key="k",
        api_base=provider.base_url,
        prices={"openai/fake": {"input": 1, "output": 1}},
    )
    cost = subject.extract(**ROWS, progress=told.append).usage.cost
    assert told[-1].cost == pytest.approx(cost)


def test_all_queries_are_told_together(subject: Extractor, provider: FakeProvider) -> None:
    provider.script({"content": "no plan", "times": 10})
    told: list[Progress] = []
    queries = ["one", "other"]
    with pytest.raises(ExtractionError):  # neither is planned
        subject.extract_queries(data=ROWS["data"], queries=queries, progress=told.append)
    assert told[-1].requests >= 2


@pytest.mark.parametrize("early", [False, True])
def test_streams_tell_too(subject: Extractor, early: bool) -> None:
    told: list[Progress] = []
    with subject.extract_stream(**ROWS, progress=told.append) as stream:
        taken = 0
        for _ in stream:
            taken += 1
            if early:
                break
    count = len(told)
    assert stays(lambda: len(told) == count, 0.15)  # longer than the time between two reports
    assert early or (taken, told[-1].done) == (50, 50)


def test_the_async_form_tells_too(subject: Extractor, run: Run) -> None:
    told: list[Progress] = []
    run(subject.extract_async(**ROWS, progress=told.append))
    assert told[-1].done == 50


def test_the_waiting_thread_is_told(subject: Extractor, provider: FakeProvider) -> None:
    provider.script(latency_ms=50)
    threads: list[int] = []
    note = lambda _: threads.append(threading.get_ident())  # noqa: E731
    subject.extract(**ROWS, progress=note)
    assert len(threads) >= 2 and set(threads) == {threading.get_ident()}


def test_one_may_ask_another_extraction(subject: Extractor) -> None:
    told: list[int] = []

    def ask(_: Progress) -> None:
        told.append(subject.extract(**ROWS).success_count)

    assert subject.extract(**ROWS, progress=ask).success_count == 50
    assert set(told) == {50}


def test_a_stream_tells_between_its_rows(subject: Extractor, provider: FakeProvider) -> None:
    provider.script(latency_ms=20)
    told: list[Progress] = []
    with subject.extract_stream(**ROWS, progress=told.append) as stream:
        next(stream)
        assert eventually(lambda: told[-1].done > 1)
        rest = len(list(stream))
    assert (rest, told[-1].done) == (49, 50)


@pytest.mark.parametrize("way", ["extract", "stream"])
def test_the_async_forms_tell_on_the_loop_of_the_caller(
    provider: FakeProvider, subject: Extractor, run: Run, way: str
) -> None:
    provider.script(latency_ms=50)
    variable: ContextVar[str] = ContextVar("variable", default="")
    told: list[tuple[int, object, str]] = []

    def tell(progress: Progress) -> None:
        told.append((progress.done, asyncio.get_running_loop(), variable.get()))

    async def main() -> tuple[object, int]:
        variable.set("of the caller")
        if way == "extract":
            await subject.extract_async(**ROWS, progress=tell)
        else:
            stream = subject.extract_stream_async(**ROWS, progress=tell)
            assert len([row async for row in stream]) == 50
        return asyncio.get_running_loop(), len(told)

    loop, count = run(main())
    assert count == len(told) and told[-1] == (50, loop, "of the caller")
    assert {it[1:] for it in told} == {(loop, "of the caller")}


def test_a_stream_without_a_plan_tells_what_it_cost(
    subject: Extractor, provider: FakeProvider
) -> None:
    provider.script({"content": "no plan", "times": 10})
    told: list[Progress] = []
    with pytest.raises(ExtractionError) as raised:
        list(subject.extract_stream(data="a text", query="q", progress=told.append))
    assert told[-1].tokens == raised.value.usage.total_tokens > 0


def test_one_that_fails_is_called_no_more(
    provider: FakeProvider, subject: Extractor, caplog: pytest.LogCaptureFixture
) -> None:
    provider.script(latency_ms=60)
    calls: list[Progress] = []

    def fail(progress: Progress) -> None:
        calls.append(progress)
        raise ValueError("not shown")

    with caplog.at_level(logging.ERROR, "structx"):
        result = subject.extract(**ROWS, progress=fail)
    assert (len(calls), result.failure_count) == (1, 0)
    [record] = caplog.records
    assert record.exc_info is not None and record.exc_info[0] is ValueError


@pytest.mark.parametrize("wrong", [1, "yes", [print]])
def test_what_is_no_callable_is_a_wrong_argument(subject: Extractor, wrong: Any) -> None:
    with pytest.raises(ExtractionError, match="progress must be True, False or a function"):
        subject.extract(**ROWS, progress=wrong)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    shown = Terminal()
    stderr_is(shown, monkeypatch)
    return shown


def stderr_is(file: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stderr for bars only, since pytest replaces that of the process."""
    names = SimpleNamespace(stderr=file, modules=sys.modules)
    monkeypatch.setattr(progress_bar, "sys", names)


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Records the bars of tqdm."""
    auto = pytest.importorskip("tqdm.auto")
    made: list[Any] = []

    class Bar(auto.tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.is_closed = False
            made.append(self)

        def close(self) -> None:
            super().close()
            self.is_closed = True

    monkeypatch.setattr(auto, "tqdm", Bar)
    return made


def test_a_terminal_gets_a_bar(provider: FakeProvider, terminal: Terminal, bars: list[Any]) -> None:
    provider.script({"when": "row007", "status": 400}, latency_ms=50)
    connect(provider).extract(**ROWS, progress=True)
    [bar] = bars
    assert (bar.n, bar.total, bar.is_closed) == (50, 50, True)
    last = terminal.getvalue().rstrip().rsplit("\r", 1)[-1]
    assert last.startswith("extract: 100%") and "1 failed, 735 tokens" in last


def test_costs_are_on_the_bar(terminal: Terminal, bars: list[Any]) -> None:
    shown = progress_bar.Bar("extract")
    shown.show(Progress(2, 1, 0, 0, 1, 1500, 0.25, 1.0))
    shown.close()
    assert "0 failed, 1,500 tokens, $0.2500" in terminal.getvalue()
    assert bars[0].is_closed


@pytest.mark.parametrize("rows", [0, 1])
def test_one_row_needs_no_bar(terminal: Terminal, bars: list[Any], rows: int) -> None:
    shown = progress_bar.Bar("extract")
    shown.show(Progress(rows, rows, 0, 0, 1, 15, None, 1.0))
    shown.close()
    assert (bars, terminal.getvalue()) == ([], "")


@pytest.mark.parametrize("options", [{}, {"progress": False}, {"progress": None}])
def test_nothing_is_shown_by_default(
    subject: Extractor, terminal: Terminal, bars: list[Any], options: dict[str, Any]
) -> None:
    subject.extract(**ROWS, **options)
    assert (bars, terminal.getvalue()) == ([], "")


@pytest.mark.parametrize("stderr", [io.StringIO(), None])
def test_nothing_is_shown_where_nobody_sees_it(
    subject: Extractor, monkeypatch: pytest.MonkeyPatch, bars: list[Any], stderr: Any
) -> None:
    stderr_is(stderr, monkeypatch)
    subject.extract(**ROWS, progress=True)
    assert bars == []


class ZMQInteractiveShell:
    """The class that IPython has in a notebook; its name counts."""


class TerminalInteractiveShell:
    """The class that IPython has in a terminal."""


@pytest.mark.parametrize(
    ("shell", "seen"),
    [(ZMQInteractiveShell(), True), (TerminalInteractiveShell(), False), (None, False)],
)
def test_a_notebook_is_seen(monkeypatch: pytest.MonkeyPatch, shell: object, seen: bool) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    stderr_is(io.StringIO(), monkeypatch)
    assert progress_bar.is_seen() is seen


def test_without_tqdm_a_line_says_so(
    subject: Extractor,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(run_context, "find_spec", lambda _: None)
    with caplog.at_level(logging.INFO, "structx"):
        subject.extract(**ROWS, progress=True)
    first, _ = [record.getMessage() for record in caplog.records]
    assert first == "progress=True shows nothing without tqdm: pip install tqdm"


def closed(stream: Any) -> None:
    next(stream)
    stream.close()


def dropped(stream: Any) -> None:
    next(stream)


@pytest.mark.parametrize("end", [closed, dropped, list])
def test_the_bar_of_a_stream_is_closed_with_it(
    provider: FakeProvider, terminal: Terminal, bars: list[Any], end: Callable[[Any], object]
) -> None:
    provider.script(latency_ms=150)
    end(connect(provider).extract_stream(**ROWS, progress=True))
    assert [bar.is_closed for bar in bars] == [True] * len(bars)


def test_the_bar_of_a_cancelled_call_is_closed(
    provider: FakeProvider, terminal: Terminal, bars: list[Any], run: Run
) -> None:
    provider.script(latency_ms=150)

    async def main() -> None:
        subject = connect(provider)
        call = asyncio.create_task(subject.extract_async(**ROWS, progress=True))
        await until(lambda: bool(bars) or call.done())
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    run(main())
    assert [bar.is_closed for bar in bars] == [True]
