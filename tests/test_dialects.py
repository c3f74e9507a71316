"""Schemas of real pydantic models in each dialect, as `explain_schema` reports them."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pydantic
import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field

from provider import FakeProvider
from structx import ExtractionError, Extractor, SchemaLoss, SchemaReport
from structx._engine.item_types import of_class

MODELS = [
    "openai/gpt-4o",
    "anthropic/claude-sonnet-4-5",
    "gemini/gemini-2.5-flash",
    "gemini/gemini-1.5-pro",
    "ollama/llama3.2",
]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] | None = None


class Party(BaseModel):
    name: str
    country: str | None = Field(None, pattern="^[A-Z]{2}$")


class Everything(BaseModel):
    mode: Literal["a", "b"]
    colour: Colour
    seller: Party = Field(description="Who sells")
    buyer: Party | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    either: int | str
    scores: dict[str, int]
    code: str = Field(min_length=1, max_length=8)
    rating: float = Field(ge=0, lt=5)
    names: list[str] = Field(min_length=2, max_length=4)
    day: date
    at: datetime
    total: Decimal
    key: UUID
    pair: tuple[str, int]
    tags: set[str]


class Node(BaseModel):
    name: str
    children: list[Node] = []


class Anything(BaseModel):
    value: Any


def explain(model: str, target: type[BaseModel]) -> SchemaReport:
    with Extractor(model=model, api_key="none") as extractor:
        return extractor.explain_schema(target)


@pytest.mark.parametrize("model", MODELS)
def test_models_of_many_kinds_are_enforced_and_told_what_is_not(model: str) -> None:
    report = explain(model, Everything)
    assert report.model == model
    assert report.provider == model.partition("/")[0]
    assert (report.method, report.is_enforced) == ("strict", True), str(report)
    # Each loss refers to the model's own schema.
    schema = of_class(Everything).schema
    for loss in report.losses:
        part: Any = schema
        for token in loss.pointer.split("/")[1:]:
            part = part[int(token) if isinstance(part, list) else token]
        assert loss.keyword in part, loss
    assert SchemaLoss in {type(loss) for loss in report.losses}
    assert "/properties/tags uniqueItems: " in str(report)


def items(report: SchemaReport) -> Any:
    return report.sent["properties"]["items"]["items"]


def test_openai() -> None:
    report = explain("openai/gpt-4o", Everything)
    properties = items(report)["properties"]
    assert items(report)["required"] == list(properties)
    assert items(report)["additionalProperties"] is False
    assert properties["pet"]["anyOf"] == [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
    assert properties["scores"]["items"]["required"] == ["key", "value"]
    assert properties["rating"]["exclusiveMaximum"] == 5
    assert properties["code"]["description"] == "at least 1 character, at most 8 characters"
    assert (
        SchemaLoss(
            "/properties/code",
            "minLength",
            "not enforced; the description says: at least 1 character",
        )
        in report.losses
    )


def test_anthropic() -> None:
    properties = items(explain("anthropic/claude-sonnet-4-5", Everything))["properties"]
    assert properties["rating"]["description"] == "at least 0, less than 5"
    assert properties["seller"]["description"] == "Who sells"
    assert properties["names"]["description"] == "at least 2 items, at most 4 items"
    assert properties["day"] == {"type": "string", "title": "Day", "format": "date"}


def test_gemini() -> None:
    report = explain("gemini/gemini-2.5-flash", Everything)
    assert "$ref" not in str(report.sent)
    properties = items(report)["properties"]
    assert properties["colour"] == {"enum": ["red", "blue"], "title": "Colour", "type": "string"}
    assert properties["scores"]["additionalProperties"] == {"type": "integer"}
    assert items(report)["propertyOrdering"] == list(properties)


def test_older_gemini() -> None:
    report = explain("gemini/gemini-1.5-pro", Everything)
    properties = items(report)["properties"]
    assert properties["colour"]["format"] == "enum"
    assert properties["buyer"]["nullable"] is True
    assert properties["rating"]["type"] == "NUMBER"
    assert "additionalProperties" not in str(report.sent)


def test_ollama() -> None:
    properties = items(explain("ollama/llama3.2", Everything))["properties"]
    assert properties["code"]["maxLength"] == 8
    assert properties["scores"]["additionalProperties"] == {"type": "integer"}
    assert len(properties["pair"]["prefixItems"]) == 2


@pytest.mark.parametrize(
    ("model", "target", "method", "keyword"),
    [
        ("openai/gpt-4o", Node, "strict", None),
        ("ollama/llama3.2", Node, "strict", None),
        ("anthropic/claude-sonnet-4-5", Node, "tool", "$ref"),
        ("gemini/gemini-2.5-flash", Node, "strict", None),
        ("gemini/gemini-1.5-pro", Node, "json", "$ref"),
        ("openai/gpt-4o", Anything, "schema", "type"),
        ("anthropic/claude-sonnet-4-5", Anything, "tool", "type"),
        ("openai/gpt-3.5-turbo", Party, "tool", None),
    ],
)
def test_the_next_method_is_taken_and_said(
    model: str, target: type[BaseModel], method: str, keyword: str | None
) -> None:
    report = explain(model, target)
    assert (report.method, report.is_enforced) == (method, method == "strict")
    if not report.is_enforced:
        whole = report.losses[0]
        assert (whole.pointer, whole.keyword) == ("", "")
        assert str(whole).startswith("the whole schema: not enforced")
    if keyword:
        assert report.losses[1].keyword == keyword


class Grade(IntEnum):
    GOOD = 1
    BAD = 2


class Graded(BaseModel):
    by_grade: dict[Grade, float]
    by_colour: dict[Colour, int] = {}


class Nested(BaseModel):
    total: int = Field(validation_alias=AliasPath("bill", "total"))
    first: str = Field(validation_alias=AliasChoices(AliasPath("names", 0)))
    plain: int = Field(alias="Plain")


def extracted(provider: FakeProvider, model: str, target: type[BaseModel], item: object) -> Any:
    """The item that a reply in this dialect becomes."""
    base = "/v1" if model.startswith("openai/") else ""
    provider.script({"content": json.dumps({"items": [item]})})
    extractor = Extractor(
        model=model, api_key="none", api_base=provider.origin + base, max_retries=0
    )
    [row] = extractor.extract(data="a text", query="q", model=target).rows
    assert row.status == "success", row.error
    return row.items[0]


@pytest.mark.parametrize("model", MODELS)
def test_keys_may_be_numbers(model: str, provider: FakeProvider) -> None:
    properties = items(explain(model, Graded))["properties"]
    is_listed = "items" in str(properties["by_grade"])
    if is_listed:
        keys = properties["by_grade"]["items"]["properties"]["key"]
        assert keys["enum"] == ["1", "2"]
    by_grade = [{"key": "1", "value": 1.5}] if is_listed else {"1": 1.5}
    item = extracted(provider, model, Graded, {"by_grade": by_grade})
    assert item == Graded(by_grade={Grade.GOOD: 1.5})


@pytest.mark.skipif(
    pydantic.VERSION < "2.11", reason="pydantic reads names beside aliases from 2.11"
)
def test_fields_with_a_path_are_read_by_their_names(provider: FakeProvider) -> None:
    item = extracted(provider, MODELS[0], Nested, {"total": 3, "first": "a", "Plain": 1})
    assert (item.total, item.first, item.plain) == (3, "a", 1)


def test_what_no_method_can_carry_is_an_error() -> None:
    extractor = Extractor(model="openai/gpt-4o", api_key="none", output_mode="strict")
    with pytest.raises(ExtractionError, match="/properties/value: a value of any kind"):
        extractor.explain_schema(Anything)
    no_model: Any = 3
    with pytest.raises(ExtractionError, match="model must be a pydantic model"):
        extractor.explain_schema(no_model)
    extractor.close()
    with pytest.raises(ExtractionError, match="closed"):
        extractor.explain_schema(Party)


def test_a_report_reads_as_text() -> None:
    lines = str(explain("openai/gpt-4o", Party)).splitlines()
    assert lines == ["openai/gpt-4o (provider openai, method strict): enforced"]


def test_models_that_are_asked_in_turn_are_all_told() -> None:
    models = ["openai/gpt-4o", "openai/gpt-3.5-turbo"]
    extractor = Extractor(model=models, api_key="none")
    report = extractor.explain_schema(Party)
    assert (report.model, [other.model for other in report.fallbacks]) == (models[0], models[1:])
    told = [line.split()[0] for line in str(report).splitlines() if line.startswith("openai/")]
    assert told == models
