"""Tables of items have a limited width, and no item is lost if they are too wide."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel, create_model

from provider import FakeProvider, connect
from structx import ExtractionError
from structx._engine import flatten

FIELDS = ("a", "b", "c", "d", "e")
MESSAGE = r"more than 1,600 columns: the row at position 1 has 1,000 items.*use return_df=False"


class Entry(BaseModel):
    a: int
    b: int
    c: int
    d: int
    e: int


def entries(count: int) -> list[dict[str, int]]:
    return [dict.fromkeys(FIELDS, number) for number in range(count)]


def test_a_row_with_many_items_is_refused_before_its_columns_are_built() -> None:
    many = [Entry(**entry) for entry in entries(1_000)]
    rows: list[tuple[str, list[Entry]]] = [
        ("Success", many if n == 1 else []) for n in range(20_000)
    ]
    tracemalloc.start()
    try:
        with pytest.raises(flatten.TooManyColumnsError, match=MESSAGE):
            flatten.columns_of(rows, Entry, [], expand_nested=False)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_the_limit_is_of_all_columns_of_items() -> None:
    count = flatten.MAX_COLUMNS // len(FIELDS)
    fits = [Entry(**entry) for entry in entries(count)]
    columns = flatten.columns_of([("Success", fits)], Entry, [], expand_nested=False)
    assert len(columns) == flatten.MAX_COLUMNS + 1  # and the status
    more = [*fits, fits[0]]
    with pytest.raises(flatten.TooManyColumnsError, match=f"has {count + 1} items"):
        flatten.columns_of([("Success", more)], Entry, [], expand_nested=False)


def test_fields_of_a_model_have_their_columns_however_many_they_are() -> None:
    fields: Any = {f"f{number}": (int, 0) for number in range(flatten.MAX_COLUMNS + 1)}
    wide = create_model("Wide", **fields)
    columns = flatten.columns_of([("Success", [wide()])], wide, [], expand_nested=False)
    assert len(columns) == flatten.MAX_COLUMNS + 2


def test_the_rows_that_were_paid_for_are_in_the_error(provider: FakeProvider) -> None:
    few, many = ({"content": json.dumps({"items": entries(count)})} for count in (1, 1_000))
    provider.script({"when": "first", **few}, {"when": "second", **many})
    data = pd.DataFrame({"text": ["first", "second"]})
    with pytest.raises(ExtractionError, match=MESSAGE) as raised:
        connect(provider).extract(data=data, query="the entries", model=Entry, return_df=True)
    result = raised.value.results["the entries"]
    assert [len(row.items) for row in result.rows] == [1, 1_000]
    assert len(result.data) == 1_001
    assert result.usage.total_tokens > 0
