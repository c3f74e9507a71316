"""Replies as models write them: what is read, what the model is told."""

from __future__ import annotations

import json
import unicodedata
from datetime import date
from typing import Literal

import pytest
from pydantic import BaseModel

from provider import FakeProvider
from structx import Extractor


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Owner(BaseModel):
    name: str
    pet: Cat | Dog | None = None
    born: date | None = None


class Basket(BaseModel):
    items: list[str]


def patient(provider: FakeProvider) -> Extractor:
    """An extractor that asks once more."""
    return Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, max_retries=1)


def told(provider: FakeProvider) -> str:
    """The last message of the request that asks again."""
    return provider.requests()[1]["body"]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("pet", "problem", "other"),
    [
        ({"kind": "dog", "tricks": "sit, roll"}, "Dog.tricks", "Cat"),
        ({"kind": "cat", "lives": "many"}, "Cat.lives", "Dog"),
    ],
)
def test_of_a_union_only_the_nearest_branch_is_told(
    provider: FakeProvider, pet: object, problem: str, other: str
) -> None:
    wrong = {"items": [{"name": "A", "pet": pet}]}
    provider.script({"content": json.dumps(wrong)}, {"content": '{"items": [{"name": "A"}]}'})
    result = patient(provider).extract(data="a text", query="q", model=Owner)
    assert result.rows[0].status == "success"
    assert problem in told(provider)
    assert other not in told(provider)


def test_branches_that_are_equally_near_are_all_told(provider: FakeProvider) -> None:
    wrong = {"items": [{"name": "A", "pet": {"kind": "cow"}}]}
    provider.script({"content": json.dumps(wrong)}, {"content": '{"items": [{"name": "A"}]}'})
    patient(provider).extract(data="a text", query="q", model=Owner)
    assert "Cat" in told(provider)
    assert "Dog" in told(provider)


@pytest.mark.parametrize(
    "content",
    [
        '{"items": [{"name": "A"}, {"name": "B"',
        '{"name": "A, "city": "York"}',
        '{"name": ""A"}',
        '{"name": "A"}["B"]',
    ],
)
def test_a_reply_with_several_readings_is_asked_for_again(
    provider: FakeProvider, content: str
) -> None:
    provider.script({"content": content}, {"content": '{"items": [{"name": "Z"}]}'})
    row = patient(provider).extract(data="a text", query="q", model=Owner).rows[0]
    assert [item.name for item in row.items] == ["Z"]
    assert [error.kind for error in row.errors] == ["invalid"]
    assert len(provider.requests()) == 2


@pytest.mark.parametrize(
    "content",
    [
        '{"Owner": {"name": "A"}}',
        '{"owners": [{"name": "A"}]}',
        '{"name": "A", "born": "n/a"}',
        '{"name": "A", "name": "A"}',
        "{`name`: `A`}",
        '{"name": ["A"]}',
    ],
)
def test_a_reply_with_one_reading_is_read(
    provider: FakeProvider, subject: Extractor, content: str
) -> None:
    provider.script({"content": content})
    row = subject.extract(data="a text", query="q", model=Owner).rows[0]
    assert row.items == [Owner(name="A")]
    assert row.repairs


@pytest.mark.parametrize("content", ["{}", "null", '{"items": null}'])
def test_an_empty_reply_is_an_empty_row(
    provider: FakeProvider, subject: Extractor, content: str
) -> None:
    provider.script({"content": content})
    row = subject.extract(data="a text", query="q", model=Owner).rows[0]
    assert (row.status, row.items) == ("empty", [])


def test_an_item_on_each_line(provider: FakeProvider, subject: Extractor) -> None:
    provider.script({"content": '{"name": "A"}\n{"name": "B"}\n'})
    row = subject.extract(data="a text", query="q", model=Owner).rows[0]
    assert [item.name for item in row.items] == ["A", "B"]


def test_a_model_with_a_field_items(provider: FakeProvider, subject: Extractor) -> None:
    provider.script({"content": '{"items": ["pear", "fig"]}'})
    row = subject.extract(data="a text", query="q", model=Basket).rows[0]
    assert row.items == [Basket(items=["pear", "fig"])]


def test_names_in_another_unicode_form(provider: FakeProvider, subject: Extractor) -> None:
    class Année(BaseModel):
        année: int

    decomposed = unicodedata.normalize("NFD", '{"items": [{"année": 2024}]}')
    provider.script({"content": decomposed})
    row = subject.extract(data="a text", query="q", model=Année).rows[0]
    assert [item.année for item in row.items] == [2024]
