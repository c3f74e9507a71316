"""Items become columns: names, order, nested values; no value is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel, computed_field, create_model

from structx._engine import flatten


class Address(BaseModel):
    street: str
    city: str | None = None


class Line(BaseModel):
    text: str
    amount: Decimal = Decimal(1)


class Order(BaseModel):
    number: int
    address: Address | None = None
    lines: list[Line] = []
    tags: list[str] = []


class Nested(BaseModel):
    inner: dict[str, int]


class Parent(BaseModel):
    a: Nested | None = None
    b: int = 0
    a_inner_x: int = 0


class Root(RootModel[list[int]]):
    pass


class Colour(Enum):
    RED = "red"


class Odd(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, extra="allow")

    day: date = Field(default=date(2026, 1, 31), alias="the day")
    hidden: int = Field(default=1, exclude=True)
    counts: dict[Colour, int] = {}

    @computed_field
    @property
    def year(self) -> int:
        return self.day.year


def order(number: int, street: str | None = None, *lines: str, **fields: Any) -> Order:
    address = Address(street=street) if street else None
    return Order(number=number, address=address, lines=[Line(text=t) for t in lines], **fields)


def added(
    *rows: Sequence[BaseModel], taken: Sequence[str] = (), expand: bool = True
) -> dict[str, list[Any]]:
    """The columns of successful rows, without the status."""
    model = type(next(item for items in rows for item in items))
    columns = flatten.columns_of(
        [("Success", items) for items in rows], model, taken, expand_nested=expand
    )
    return {name: column for name, column in columns.items() if name != flatten.STATUS}


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        # Nested objects, objects in lists, scalars in lists.
        (
            [[order(1, "s", "x", "y", tags=["p", "ü"])]],
            {
                "number": [1],
                "address_street": ["s"],
                "address_city": [None],
                "lines_0_text": ["x"],
                "lines_0_amount": [Decimal(1)],
                "lines_1_text": ["y"],
                "lines_1_amount": [Decimal(1)],
                "tags": ['["p", "ü"]'],
            },
        ),
        # No row has the nested parts: one column for the whole value.
        ([[order(1)]], {"number": [1], "address": [None], "lines": ["[]"], "tags": ["[]"]}),
        # One row has them: no column for the whole value; the order is that of the fields.
        (
            [[order(1)], [order(2, "s", "x")]],
            {
                "number": [1, 2],
                "address_street": [None, "s"],
                "address_city": [None, None],
                "lines_0_text": [None, "x"],
                "lines_0_amount": [None, Decimal(1)],
                "tags": ["[]", "[]"],
            },
        ),
        # Second items come after all of the first.
        (
            [[order(1), order(2, "s")]],
            {
                "number": [1],
                "lines": ["[]"],
                "tags": ["[]"],
                "number_1": [2],
                "address_street_1": ["s"],
                "address_city_1": [None],
                "lines_1": ["[]"],
                "tags_1": ["[]"],
            },
        ),
        # Dicts are objects; a name that occurs twice gets a suffix.
        (
            [[Parent(a=Nested(inner={"x": 1}), a_inner_x=2)]],
            {"a_inner_x": [1], "b": [0], "a_inner_x_extracted": [2]},
        ),
        ([[Root([1, 2])]], {"root": ["[1, 2]"]}),
        # By field name; excluded fields have no column; computed and extra fields have one.
        (
            [[Odd.model_validate({"counts": {Colour.RED: 2}, "more": [[1], []]})]],
            {
                "day": [date(2026, 1, 31)],
                "counts_red": [2],
                "more": ["[[1], []]"],
                "year": [2026],
            },
        ),
    ],
    ids=["nested", "nobody", "some", "second", "dicts", "root", "odd"],
)
def test_nested_values_are_expanded(
    rows: list[list[BaseModel]], columns: dict[str, list[Any]]
) -> None:
    found = added(*rows)
    assert found == columns
    assert list(found) == list(columns)


def test_without_expansion_values_are_those_of_model_dump() -> None:
    item = order(1, "s", "x", tags=["p"])
    assert added([item], expand=False) == {
        name: [value] for name, value in item.model_dump().items()
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b", "a"}, '["a", "b"]'),
        ([date(2026, 1, 31), Decimal("1.50"), None], '["2026-01-31", "1.50", null]'),
        ((1, (2, "x")), '[1, [2, "x"]]'),
        ({}, "{}"),
        ([Colour.RED], '["red"]'),
    ],
    ids=str,
)
def test_lists_without_objects_are_json(value: Any, text: str) -> None:
    model = create_model("Model", value=(Any, ...))
    assert added([model(value=value)]) == {"value": [text]}


def test_a_value_of_its_own_stays_beside_the_parts() -> None:
    model = create_model("Model", value=(Any, ...))
    rows = [model(value="text"), model(value={"x": 1}), model(value=[{"x": 2}, 3])]
    assert added(*([item] for item in rows)) == {
        "value": ["text", None, None],
        "value_x": [None, 1, None],
        "value_0_x": [None, None, 2],
        "value_1": [None, None, 3],
    }


class Meeting(BaseModel):
    word: str = "w"
    word_1: str = "w1"
    extraction_status: str = "status"


@pytest.mark.parametrize(
    ("taken", "names"),
    [
        (
            [],
            "word word_1 extraction_status_extracted extraction_status"
            " word_1_extracted word_1_1 extraction_status_1",
        ),
        (
            ["word", "word_extracted", "extraction_status"],
            "word_extracted_2 word_1 extraction_status_extracted_2 extraction_status_extracted"
            " word_1_extracted word_1_1 extraction_status_1",
        ),
    ],
    ids=["by one another", "by the source"],
)
def test_a_name_that_is_taken_is_never_overwritten(taken: list[str], names: str) -> None:
    columns = flatten.columns_of(
        [("Success", [Meeting(), Meeting()])], Meeting, taken, expand_nested=False
    )
    assert " ".join(columns) == names
    item = ["w", "w1", "status"]
    assert [value for [value] in columns.values()] == [*item, "Success", *item]


NAMES = st.sampled_from(["a", "b", "a_b", "b_0", "0", "1", "extraction_status", ""])
SHAPES = st.recursive(
    st.sampled_from([None, 0]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3), st.just({1})
    ),
    max_leaves=8,
)


def numbered(shape: Any, counter: list[int]) -> Any:
    """The shape with a different number for each scalar."""
    if isinstance(shape, dict):
        return {name: numbered(part, counter) for name, part in shape.items()}
    if isinstance(shape, (list, set)):
        return type(shape)(numbered(part, counter) for part in shape)
    if shape is None:
        return None
    counter.append(len(counter))
    return counter[-1]


def scalars(value: Any) -> list[int]:
    """All numbers in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, set)):
        return [number for part in value for number in scalars(part)]
    return [] if value is None else [value]


@given(
    rows=st.lists(
        st.lists(st.fixed_dictionaries({"a": SHAPES, "b": SHAPES, "a_b": SHAPES}), max_size=3),
        max_size=4,
    ),
    taken=st.sets(NAMES),
    expand=st.booleans(),
)
def test_every_value_is_in_exactly_one_column(
    rows: list[list[dict[str, Any]]], taken: set[str], expand: bool
) -> None:
    model = create_model("Model", a=(Any, ...), b=(Any, ...), a_b=(Any, ...))
    counter: list[int] = []
    items = [[model(**numbered(shape, counter)) for shape in row] for row in rows]
    columns = flatten.columns_of(
        [("Success", row) for row in items], model, taken, expand_nested=expand
    )
    assert not taken & columns.keys()
    statuses = [column for column in columns.values() if "Success" in column]
    assert statuses == ([["Success"] * len(rows)] if rows else [])
    values = [column for column in columns.values() if "Success" not in column]
    found: list[list[int]] = [[] for _ in rows]
    for column in values:
        for row, cell in enumerate(column):
            found[row] += scalars(json.loads(cell) if isinstance(cell, str) else cell)
    assert [sorted(row) for row in found] == [
        sorted(scalars([item.model_dump() for item in row])) for row in items
    ]


@given(rows=st.lists(st.lists(SHAPES, max_size=2), max_size=4))
def test_expanded_cells_are_scalars(rows: list[list[Any]]) -> None:
    model = create_model("Model", a=(Any, ...))
    columns = flatten.columns_of(
        [("Success", [model(a=shape) for shape in row]) for row in rows],
        model,
        [],
        expand_nested=True,
    )
    for column in columns.values():
        assert all(cell is None or isinstance(cell, (int, str)) for cell in column)
