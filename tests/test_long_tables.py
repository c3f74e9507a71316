"""Long tables: one line for each item, with a schema that the model alone decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, TypeAdapter

import structx
from long_tables import Color, Everything, Point, Ticket, items_of_everything, result, usage
from provider import FakeProvider, connect
from structx import ExtractionError, ExtractionResult, RowResult

OWN_FIRST = ["row_id", "source", "item"]
OWN_LAST = ["status", "error", "prompt_tokens", "completion_tokens", "cost", "model"]


def table(model: Any, *rows: Sequence[Any] | str) -> pa.Table:
    found = result(model, *rows).to_arrow()
    found.validate(full=True)
    assert found.schema.equals(structx.arrow_schema(model))
    return found


def column(name: str, model: Any, *items: Any) -> list[Any]:
    return table(model, items).column(name).to_pylist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(items_of_everything, max_size=3) | st.text(max_size=3), max_size=4))
def test_the_schema_is_that_of_the_model_whatever_the_data(rows: Any) -> None:
    found = table(Everything, *rows)
    lines = found.to_pylist()
    items: list[Any] = []
    for row in rows:
        items.extend([None] if isinstance(row, str) or not row else row)
    assert len(lines) == len(items)
    for line, item in zip(lines, items, strict=True):
        if item is None:
            assert line["number"] is None and line["item"] is None
            assert line["status"] in {"failed", "empty"}
            continue
        # A value is in the table, or the line says that it is not.
        for name, value in item:
            if line[name] is None and value is not None:
                assert line["status"] == "partial"
                assert f"column `{name}`: the value is not in this table: " in line["error"]
        assert line["number"] in {None, item.number}
        assert line["text"] == item.text
        assert line["amount"] in {None, item.amount}
        if line["aware"] is not None:
            assert line["aware"] == item.aware.astimezone(dt.timezone.utc)
        assert line["naive"] == item.naive
        assert line["when"] == item.when.isoformat()
        assert line["at"] in {None, item.at}
        assert line["huge"] == str(item.huge)
        assert sorted(line["tags"]) == sorted(item.tags)
        if line["lines"] is not None:
            assert [one["price"] for one in line["lines"]] == [one.price for one in item.lines]


def test_rows_without_items_and_with_errors_have_one_line() -> None:
    found = table(Ticket, [Ticket(problem="a"), Ticket(problem="b", count=2)], [], "refused")
    assert found.column_names == [*OWN_FIRST, "problem", "count", *OWN_LAST]
    assert [
        (line["row_id"], line["item"], line["problem"], line["count"], line["status"])
        for line in found.to_pylist()
    ] == [
        (0, 0, "a", 0, "success"),
        (0, 1, "b", 2, "success"),
        (1, None, None, None, "empty"),
        (2, None, None, None, "failed"),
    ]
    assert found.column("error").to_pylist() == [None, None, None, "refused"]
    assert found.column("source").to_pylist() == ["0"] * 4


def test_usage_is_in_the_first_line_of_a_row_so_that_sums_are_right() -> None:
    found = table(Ticket, [Ticket(problem="a"), Ticket(problem="b")], [], "refused")
    assert found.column("prompt_tokens").to_pylist() == [3, None, 3, 3]
    assert found.column("completion_tokens").to_pylist() == [2, None, 2, 2]
    assert found.column("model").to_pylist() == ["openai/fake"] * 3 + [None]


def test_a_value_that_does_not_fit_is_null_and_told_without_the_value() -> None:
    class Big(BaseModel):
        number: int
        amount: Decimal = Decimal(0)
        points: list[Point] = Field(default_factory=list[Point])

    found = table(
        Big,
        [Big(number=1), Big(number=2**63 + 987)],
        [Big(number=2, amount=Decimal("1E+30"), points=[Point(2**64)])],
    )
    assert found.column("number").to_pylist() == [1, None, 2]
    assert found.column("amount").to_pylist() == [0, 0, None]
    assert found.column("points").to_pylist() == [[], [], None]
    assert found.column("status").to_pylist() == ["success", "partial", "partial"]
    _, first, second = found.column("error").to_pylist()
    assert first == "column `number`: the value is not in this table: beyond int64"
    assert "column `amount`" in second and "column `points`" in second
    assert "987" not in first


def test_a_failed_row_keeps_its_error_beside_that_of_a_value() -> None:
    row = RowResult(0, 0, "", [Ticket.model_construct(problem=7)], usage(), "cut")
    found = ExtractionResult[Any]([], [row], Ticket, usage()).to_arrow()
    assert found.column("problem").to_pylist() == [None]
    assert found.column("error").to_pylist()[0].startswith("cut; column `problem`")


@pytest.mark.parametrize(
    ("kind", "value", "type_", "expected"),
    [
        (Color, Color.ONE, pa.string(), "1"),
        (Literal[1, 2], 2, pa.int64(), 2),
        (Literal[1, "a"], 1, pa.string(), "1"),
        (int | str, 5, pa.string(), "5"),
        (int | None, None, pa.int64(), None),
        (dict[str, int], {"a": 1}, pa.string(), '{"a":1}'),
        (set[int], {3, 1}, pa.list_(pa.int64()), [1, 3]),
        (tuple[int, ...], (1, 2), pa.list_(pa.int64()), [1, 2]),
        (tuple[int, str], (1, "x"), pa.string(), '[1,"x"]'),
        (RootModel[int], RootModel[int](4), pa.int64(), 4),
        (Annotated[Decimal, Field(decimal_places=3)], Decimal("1.5"), pa.decimal128(38, 3), None),
        (Decimal, Decimal("1.5"), pa.decimal128(38, 18), None),
        (dt.time, dt.time(1, 2), pa.time64("us"), dt.time(1, 2)),
        (Annotated[int, Field(lt=2**70)], 2**65, pa.string(), str(2**65)),
    ],
)
def test_types_of_fields(kind: Any, value: Any, type_: Any, expected: Any) -> None:
    class Holder(BaseModel):
        held: kind

    assert structx.arrow_schema(Holder).field("held").type == type_
    found = column("held", Holder, Holder(held=value))
    assert found == [value if expected is None and value is not None else expected]


def test_items_without_fields_are_in_one_column() -> None:
    assert column("value", int, 4, 5) == [4, 5]
    assert column("value", int | str, 4, "x") == ["4", '"x"']
    assert column("root", RootModel[list[int]], RootModel[list[int]]([1])) == [[1]]
    assert structx.arrow_schema(list[Ticket]).equals(structx.arrow_schema(Ticket))
    assert structx.arrow_schema(TypeAdapter(list[Ticket])).equals(structx.arrow_schema(Ticket))


def test_what_contains_itself_is_json_from_there_on() -> None:
    class Node(BaseModel):
        name: str
        parts: list[Node] = []

    leaf = Node(name="leaf")
    assert column("parts", Node, Node(name="root", parts=[leaf])) == [
        ['{"name":"leaf","parts":[]}']
    ]


def test_a_json_schema_decides_the_types() -> None:
    schema: dict[str, Any] = {
        "title": "Order",
        "type": "object",
        "properties": {
            "number": {"type": "integer"},
            "price": {"type": ["number", "null"]},
            "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "kind": {"enum": ["a", "b"]},
            "place": {"$ref": "#/$defs/Place"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "other": {},
        },
        "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
    item = {"number": 1, "price": 2, "name": "n", "place": {"city": "Bern"}, "other": [1]}
    assert column("other", schema, item) == ["[1]"]
    found = structx.arrow_schema(schema)
    assert [str(found.field(name).type) for name in schema["properties"]] == [
        *("int64", "double", "string", "string", "struct<city: string>"),
        *("list<item: string>", "string"),
    ]
    lines = table(schema, [{**item, "unknown": 1}]).to_pylist()
    assert lines[0]["place"] == {"city": "Bern"}
    assert lines[0]["status"] == "partial"


def test_a_field_gives_way_to_a_column_of_the_table() -> None:
    class Odd(BaseModel):
        status: str
        status_extracted: str
        row_id: int
        text: str
        text_page: str

    found = structx.arrow_schema(Odd, evidence=True)
    assert len(set(found.names)) == len(found.names)
    assert found.names[3:8] == [
        *("status_extracted", "status_extracted_extracted", "row_id_extracted"),
        *("text", "text_page"),
    ]
    assert "text_page_extracted" in found.names
    odd = Odd(status="open", status_extracted="x", row_id=9, text="t", text_page="p")
    (line,) = table(Odd, [odd]).to_pylist()
    assert (line["status"], line["status_extracted"], line["row_id"]) == ("success", "open", 0)


LIBRARIES: dict[str, Any] = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_call_gives_a_table_of_the_library_of_the_data(
    provider: FakeProvider, library: str
) -> None:
    provider.script(
        {
            "when": "two",
            "times": 1_000,
            "content": '{"items": [{"problem": "a"}, {"problem": "b", "count": 3}]}',
        },
        {"when": "none", "times": 1_000, "content": '{"items": []}'},
        {"when": "bad", "times": 1_000, "status": 400},
    )
    data = LIBRARIES[library]({"text": ["two", "none", "bad"]})
    made = connect(provider).extract(data=data, query="q", model=Ticket, return_df="long")
    assert type(made.data) is type(data)
    found = pa.table(made.data) if library == "pandas" else pl.DataFrame(made.data).to_arrow()
    assert found.column("problem").to_pylist() == ["a", "b", None, None]
    assert found.column("count").to_pylist() == [0, 3, None, None]
    assert found.column("status").to_pylist() == ["success", "success", "empty", "failed"]
    if library == "pandas":
        assert found.schema.remove_metadata().equals(structx.arrow_schema(Ticket))


def test_pandas_has_the_same_types_whatever_the_data() -> None:
    from structx._engine.tables.long import convert

    found = [convert(table(Ticket, *rows), None).dtypes for rows in (["x"], [[Ticket(problem="")]])]
    assert list(found[0]) == list(found[1])


def test_a_document_gives_pandas(provider: FakeProvider) -> None:
    provider.script({"times": 1_000, "content": '{"items": [{"problem": "a"}]}'})
    made = connect(provider).extract(data="a text", query="q", model=Ticket, return_df="long")
    assert isinstance(made.data, pd.DataFrame)
    assert made.data["prompt_tokens"].sum() == made.usage.prompt_tokens


def test_evidence_has_columns_for_fields_with_one_place(provider: FakeProvider) -> None:
    class Order(BaseModel):
        name: str = Field(alias="the/name")
        tags: list[str] = []

    provider.script({"times": 1_000, "content": '{"items": [{"the/name": "Zoe", "tags": ["x"]}]}'})
    made = connect(provider).extract(
        data="to Zoe", query="q", model=Order, return_df="long", evidence=True
    )
    schema = structx.arrow_schema(Order, evidence=True)
    assert list(made.data.columns) == schema.names
    assert schema.names[-4:] == ["name_status", "name_page", "name_start", "name_end"]
    (line,) = made.to_arrow(evidence=True).to_pylist()
    assert (line["name_status"], line["name_page"]) == ("exact", None)
    assert (line["name_start"], line["name_end"]) == (3, 6)


def test_evidence_of_a_table_must_have_been_kept(provider: FakeProvider) -> None:
    provider.script({"times": 1_000, "content": '{"items": [{"problem": "a"}]}'})
    made = connect(provider).extract(data=[{"t": "a"}], query="q", model=Ticket)
    with pytest.raises(ValueError, match="evidence=True"):
        made.to_arrow(evidence=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"return_df": "wide"}, 'return_df must be True, False or "long"'),
        ({"return_df": "long", "expand_nested": True}, "expand_nested is of no use"),
    ],
)
def test_wrong_options_are_refused_before_any_request(
    provider: FakeProvider, options: Any, message: str
) -> None:
    with pytest.raises(ExtractionError, match=message):
        connect(provider).extract(data="a text", query="q", model=Ticket, **options)
    assert provider.stats()["requests"] == 0
