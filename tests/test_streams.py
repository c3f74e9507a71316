"""Streams of rows: complete, in any order, with bounded buffers, and ended early without leaks."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import Any

import pytest

from loops import Run, Word
from provider import FakeProvider
from structx import ExtractionError, Extractor, FileError
from waiting import eventually, stays, until

ROWS: dict[str, Any] = {
    "data": [{"t": f"row{number:03}"} for number in range(200)],
    "query": "the word",
    "model": Word,
}
PLAN = {
    "model_name": "Named",
    "model_description": "",
    "fields": [{"name": "word", "type": "string", "description": "a word"}],
    "instructions": "",
    "target_columns": ["t"],
}
STALLED = {"fault": "stall", "times": 1000}
ROOM = 40
"""The rows that may be in flight or buffered: four for each of ten threads."""


def reply(word: str) -> str:
    return json.dumps({"items": [{"word": word}]})


def test_every_row_comes_once_with_its_position(subject: Extractor) -> None:
    rows = list(subject.extract_stream(**ROWS))
    assert sorted(row.position for row in rows) == list(range(200))
    assert all(row.status == "success" and row.model == "openai/fake" for row in rows)
    whole = subject.extract(**ROWS)
    assert {row.input_data for row in rows} == {row.input_data for row in whole.rows}


def test_rows_come_as_they_end(provider: FakeProvider, subject: Extractor) -> None:
    provider.script({"when": "row000", "delay_ms": 300})
    rows = [row.position for row in subject.extract_stream(**ROWS)]
    assert rows[-1] == 0 or rows.index(0) > 50


def test_the_async_form_gives_the_same(subject: Extractor, run: Run) -> None:
    async def main() -> list[int]:
        return [row.position async for row in subject.extract_stream_async(**ROWS)]

    assert sorted(run(main())) == list(range(200))


def test_the_long_tables_of_both_forms_are_the_same(
    subject: Extractor, run: Run, tmp_path: Path
) -> None:
    subject.extract_stream(**ROWS).to_jsonl(tmp_path / "a.jsonl")

    async def write() -> None:
        await subject.extract_stream_async(**ROWS).to_jsonl(tmp_path / "b.jsonl")
        await subject.extract_stream_async(**ROWS).to_csv(tmp_path / "b.csv")
        await subject.extract_stream_async(**ROWS).to_parquet(tmp_path / "b.parquet")
        table = await subject.extract_stream_async(**ROWS).to_arrow()
        assert table.num_rows == 200

    run(write())
    lines = [(tmp_path / name).read_text().splitlines() for name in ("a.jsonl", "b.jsonl")]
    assert sorted(lines[0]) == sorted(lines[1]) and len(lines[0]) == 200
    assert len((tmp_path / "b.csv").read_text().splitlines()) == 201
    assert (tmp_path / "b.parquet").stat().st_size


def test_a_long_table_that_is_cancelled_ends_the_stream(
    provider: FakeProvider, subject: Extractor, run: Run, tmp_path: Path
) -> None:
    provider.script({"fault": "stall", "times": 1_000})

    async def main() -> None:
        stream = subject.extract_stream_async(**ROWS)
        task = asyncio.ensure_future(stream.to_jsonl(tmp_path / "a.jsonl"))
        while not provider.stats()["in_flight"]:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [row async for row in stream] == []

    run(main())
    assert eventually(lambda: provider.stats()["in_flight"] == 0)


def test_failed_rows_are_rows(provider: FakeProvider, subject: Extractor) -> None:
    provider.script({"when": "row007", "status": 400})
    failed = [row for row in subject.extract_stream(**ROWS) if row.error]
    assert [(row.position, row.source_index, row.status) for row in failed] == [(7, 7, "failed")]


def test_a_planned_stream_tells_its_model_and_what_planning_cost(
    provider: FakeProvider, subject: Extractor
) -> None:
    provider.script({"content": json.dumps(PLAN)})
    stream = subject.extract_stream(data=ROWS["data"][:3], query="the word")
    assert stream.model is None
    first = next(stream)
    assert stream.model is not None
    assert stream.model.__name__ == "Named"
    assert isinstance(first.items[0], stream.model)
    assert stream.planning_usage.total_tokens == 15
    assert len(list(stream)) == 2


def test_rows_that_nobody_takes_are_not_asked(provider: FakeProvider, subject: Extractor) -> None:
    with subject.extract_stream(**ROWS) as stream:
        next(stream)
        assert eventually(lambda: provider.stats()["requests"] >= ROOM)
        # The first rows, at most ROOM, have made room for as many others.
        assert stays(lambda: provider.stats()["requests"] <= 2 * ROOM, 0.3)
    assert list(stream) == []


def test_leaving_the_loop_early_aborts_what_is_under_way(
    provider: FakeProvider, subject: Extractor
) -> None:
    provider.script({"content": reply("one")}, STALLED)
    for row in subject.extract_stream(**ROWS):
        assert row.items
        break
    gc.collect()
    assert eventually(lambda: provider.stats()["in_flight"] == 0)


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_a_stream_that_is_ended_stays_so(
    provider: FakeProvider, subject: Extractor, run: Run, how: str
) -> None:
    provider.script(STALLED)

    async def main() -> None:
        stream = subject.extract_stream_async(**ROWS)
        waiting = asyncio.ensure_future(anext(stream))
        await until(lambda: provider.stats()["in_flight"] == 10)
        if how == "cancel":
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        else:
            await stream.aclose()
            with pytest.raises(StopAsyncIteration):
                await waiting
        assert [row async for row in stream] == []
        assert eventually(lambda: provider.stats()["in_flight"] == 0)

    run(main())


def test_what_is_wrong_is_raised_with_the_first_row(subject: Extractor, run: Run) -> None:
    stream = subject.extract_stream(data="./missing.pdf", query="q")
    with pytest.raises(ExtractionError) as raised:
        next(stream)
    assert isinstance(raised.value.__cause__, FileError)
    assert list(stream) == []
    with pytest.raises(ExtractionError, match="query"):
        next(subject.extract_stream(data="a text", query=" "))

    async def main() -> None:
        async with subject.extract_stream_async(data="a text", query=" ") as rows:
            await anext(rows)

    with pytest.raises(ExtractionError, match="query"):
        run(main())


def test_a_closed_extractor_makes_no_streams(subject: Extractor) -> None:
    subject.close()
    with pytest.raises(ExtractionError, match="closed"):
        next(subject.extract_stream(**ROWS))


def test_a_validator_that_interrupts_ends_the_stream(subject: Extractor) -> None:
    from pydantic import BaseModel, field_validator

    class Stubborn(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def stop(cls, value: str) -> str:
            raise KeyboardInterrupt

    stream = subject.extract_stream(data="a text", query="q", model=Stubborn)
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    assert list(stream) == []


def test_a_stream_has_one_consumer(provider: FakeProvider, subject: Extractor, run: Run) -> None:
    provider.script(STALLED)

    async def main() -> None:
        async with subject.extract_stream_async(**ROWS) as stream:
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="already waiting"):
                await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await waiting

    run(main())


def test_streams_run_beside_each_other(subject: Extractor, run: Run) -> None:
    async def count() -> int:
        return len([row async for row in subject.extract_stream_async(**ROWS)])

    async def main() -> list[int]:
        return await asyncio.gather(*(count() for _ in range(5)))

    assert run(main()) == [200] * 5
