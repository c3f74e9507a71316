"""Long tables as files and Arrow streams, and Arrow streams as data."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import structx
from long_tables import Everything, Line, Ticket, items_of_everything, result
from provider import FakeProvider, connect
from structx import ExtractionError


def test_files_have_the_same_lines(tmp_path: Path) -> None:
    made = result(
        Line, [Line(name="a", price=Decimal("1.50")), Line(name='b "', price=None)], [], "refused"
    )
    made.to_parquet(tmp_path / "out.parquet")
    made.to_csv(tmp_path / "out.csv")
    made.to_jsonl(tmp_path / "out.jsonl")
    names = structx.arrow_schema(Line).names
    assert pq.read_table(tmp_path / "out.parquet").equals(made.to_arrow())
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == names
    assert [(line["name"], line["price"]) for line in read] == [
        *(("a", "1.50"), ('b "', ""), ("", ""), ("", "")),
    ]
    text = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [list(line) for line in lines] == [names] * 4
    assert lines[0] == {
        **dict.fromkeys(names),
        "row_id": 0,
        "source": "0",
        "item": 0,
        "name": "a",
        "price": "1.50",
        "status": "success",
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "model": "openai/fake",
    }


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(items_of_everything, max_size=2), max_size=3))
def test_text_files_hold_any_value(rows: Any) -> None:
    from tempfile import TemporaryDirectory

    made = result(Everything, *rows)
    names = structx.arrow_schema(Everything).names
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        made.to_jsonl(path)
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        numbers = [item.number for row in rows for item in row or [None] if item]
        assert [line["number"] for line in lines if line["item"] is not None] == numbers
        assert all(list(line) == names for line in lines)
        made.to_csv(path)
        with path.open(encoding="utf-8", newline="") as file:
            read = list(csv.reader(file))
        assert len(read) == len(lines) + 1 and {len(one) for one in read} == {len(names)}


def test_any_arrow_reader_takes_a_result() -> None:
    made = result(Ticket, [Ticket(problem="a")], "refused")
    reader = pa.RecordBatchReader.from_stream(made)
    assert reader.schema.equals(structx.arrow_schema(Ticket))
    assert reader.read_all().equals(made.to_arrow())
    assert pl.DataFrame(made)["problem"].to_list() == ["a", None]


def test_a_stream_is_written_as_its_rows_end(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script({"times": 1_000, "content": '{"items": [{"problem": "a"}]}'})
    data = [{"t": str(number)} for number in range(50)]
    with connect(provider).extract_stream(data=data, query="q", model=Ticket) as stream:
        stream.to_parquet(tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.equals(structx.arrow_schema(Ticket))
    assert sorted(found.column("row_id").to_pylist()) == list(range(50))


def streams(data: pa.Table) -> dict[str, Any]:
    class Duck:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> object:
            return data.__arrow_c_stream__(requested_schema)

    class Array:
        def __arrow_c_array__(self, requested_schema: Any = None) -> object:
            return data.to_batches()[0].__arrow_c_array__(requested_schema)

    return {
        "reader": data.to_reader(),
        "batch": data.to_batches()[0],
        "lazy": pl.LazyFrame(data),
        "any stream": Duck(),
        "any array": Array(),
    }


@pytest.mark.parametrize("kind", ["reader", "batch", "lazy", "any stream", "any array"])
def test_any_arrow_stream_is_data(provider: FakeProvider, kind: str) -> None:
    provider.script(
        {"when": "first", "content": '{"items": [{"problem": "a"}]}'},
        {"when": "second", "content": '{"items": [{"problem": "b"}]}'},
    )
    data = streams(pa.table({"text": ["first", "second"]}))[kind]
    made = connect(provider).extract(data=data, query="q", model=Ticket, return_df="long")
    assert isinstance(made.data, pl.DataFrame if kind == "lazy" else pa.Table)
    assert list(map(str, made.data["problem"])) == ["a", "b"]


@pytest.mark.parametrize("data", [pl.Series([1]), pa.chunked_array([[1]])], ids=["polars", "arrow"])
def test_a_single_column_is_no_data(provider: FakeProvider, data: Any) -> None:
    with pytest.raises(ExtractionError, match=r"to_frame|no columns with names"):
        connect(provider).extract(data=data, query="q", model=Ticket)


def test_second_items_move_no_column_of_a_wide_table(provider: FakeProvider) -> None:
    provider.script(
        {
            "when": "two",
            "times": 1_000,
            "content": '{"items": [{"problem": "a"}, {"problem": "b"}]}',
        },
        {"times": 1_000, "content": '{"items": [{"problem": "c"}]}'},
    )
    tables = [
        connect(provider).extract(
            data=pd.DataFrame({"text": texts}), query="q", model=Ticket, return_df=True
        )
        for texts in (["one"], ["two", "one"])
    ]
    first, second = (list(one.data.columns) for one in tables)
    assert first == ["text", "problem", "count", "extraction_status"]
    assert second == [*first, "problem_1", "count_1"]
