"""Definitions of hand-written models: preserved parts, and unsupported ones."""

# Both spellings of types are supported.
# ruff: noqa: UP006, UP007, UP035, UP045

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Dict, FrozenSet, List, Literal, Optional, Set, Tuple, Union

import pydantic
import pytest
from annotated_types import Interval, Len, Predicate
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    RootModel,
    computed_field,
    conlist,
    constr,
    field_serializer,
    field_validator,
    model_validator,
)

from provider import FakeProvider
from structx import Extractor
from structx.definitions import (
    GeneratedModel,
    model_from_extraction_request,
    model_to_extraction_request,
)
from structx.exceptions import ModelGenerationError


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Date(BaseModel):
    """A day."""

    year: int


class Line(BaseModel):
    sum: Annotated[Decimal, Field(gt=Decimal("0.1"))]
    day: Date


class Invoice(BaseModel):
    """An
    invoice."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    number: str = Field(description="As printed", pattern="^A", alias="No", examples=["A1"])
    lines: List[Line] = []
    by_name: Dict[str, Line]
    color: Optional[Color] = Color.RED
    state: Literal["a", "b\n", 3, True] = "a"
    count: Optional[PositiveInt] = None
    size: Optional[Annotated[int, Field(gt=3)]] = 5
    rate: Annotated[float, Interval(ge=0, lt=1)] = 0.5
    when: date = Field(default=date(2020, 1, 1), ge=date(2019, 1, 1), deprecated="old", repr=False)
    pair: Tuple[int, str] = (1, "x")
    many: tuple[int, ...] | None = None
    tags: FrozenSet[str] = frozenset({"x"})
    ids: Set[int] = Field(title="Ids", exclude=True, json_schema_extra={"x-a": 1})
    code: constr(min_length=2, pattern="a") | None = None  # type: ignore[valid-type]
    names: conlist(str, min_length=1)  # type: ignore[valid-type]
    words: Annotated[List[Optional[str]], Len(1, 3)]
    strict: int = Field(strict=True)
    plain: dict  # type: ignore[type-arg]
    rest: Any = None


def simplified(schema: Any) -> Any:
    """A JSON Schema with resolved references, and without names of nested models and enums."""
    definitions = schema.get("$defs", {})

    def walk(part: Any) -> Any:
        if isinstance(part, list):
            return [walk(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            rest = {key: value for key, value in part.items() if key != "$ref"}
            return walk(definitions[part["$ref"].removeprefix("#/$defs/")] | rest)
        # References are resolved; a dictionary of any values has two spellings.
        left_out = ("title", "$defs", "additionalProperties", "description")
        return {key: walk(value) for key, value in part.items() if key not in left_out}

    return walk(schema)


@pytest.mark.parametrize("model", [Invoice, Line, Date])
def test_a_model_and_its_twin_have_the_same_schema(model: type[BaseModel]) -> None:
    twin = model_from_extraction_request(model_to_extraction_request(model))
    assert issubclass(twin, GeneratedModel)
    assert simplified(twin.model_json_schema()) == simplified(model.model_json_schema())
    assert twin.__doc__ == (model.__doc__ and re.sub(r"\n +", "\n", model.__doc__))


def test_a_model_and_its_twin_give_the_same_values() -> None:
    twin = model_from_extraction_request(model_to_extraction_request(Invoice))
    values = {
        "No": "A1",
        "by_name": {"x": {"sum": "1.50", "day": {"year": 2020}}},
        "ids": [1, 1],
        "names": ["x"],
        "words": [None],
        "strict": 3,
        "plain": {"x": 1},
    }
    one, other = Invoice.model_validate(values), twin.model_validate(values)
    assert other.model_dump(mode="json") == one.model_dump(mode="json")
    for wrong in ({"No": "B"}, {"rate": 1}, {"color": "green"}, {"size": 3}, {"strict": "3"}):
        with pytest.raises(ValueError, match="1 validation error"):
            twin.model_validate(values | wrong)


def test_definitions_of_models_say_all_there_is() -> None:
    made = model_to_extraction_request(Invoice)
    assert (made.model_name, made.model_description) == ("Invoice", "An\ninvoice.")
    fields = {field.name: field for field in made.fields}
    rules = {"pattern": "^A", "alias": "No", "examples": ["A1"], "frozen": True}
    assert fields["number"].validation == rules
    assert (fields["number"].description, fields["number"].required) == ("As printed", True)
    assert fields["when"].validation == {
        "ge": "2019-01-01",
        "deprecated": "old",
        "repr": False,
        "frozen": True,
    }
    assert fields["lines"].type == "List[Line]"
    day = (fields["lines"].nested_fields or [])[1]
    assert (day.type, day.description) == ("DateModel", "A day.")


def test_names_can_be_given() -> None:
    for model in (Date, model_from_extraction_request(model_to_extraction_request(Date))):
        made = model_to_extraction_request(model, model_name="the day", model_description="Then.")
        assert (made.model_name, made.model_description) == ("TheDay", "Then.")


# Not supported by definitions.


class Validated(BaseModel):
    a: int

    @field_validator("a")
    @classmethod
    def check(cls, value: int) -> int:
        return value


class Checked(BaseModel):
    a: int

    @model_validator(mode="after")
    def check(self) -> Checked:
        return self


class Serialized(BaseModel):
    a: int

    @field_serializer("a")
    def write(self, value: int) -> str:
        return str(value)


class Computed(BaseModel):
    a: int

    @computed_field
    def b(self) -> int:
        return self.a


class Recursive(BaseModel):
    parts: List[Recursive] = []


class Configured(BaseModel):
    model_config = ConfigDict(extra="forbid")

    a: int


class Initialised(BaseModel):
    a: int

    def model_post_init(self, context: Any, /) -> None:
        self.a += 1


class Mixed(Enum):
    HALF = 0.5


class Root(RootModel[List[int]]):
    pass


CODE = Annotated[int, AfterValidator(abs)]
FLAGGED = Annotated[str, Field(pattern=re.compile("a", re.IGNORECASE))]
LOOKING_AHEAD = Annotated[str, Field(pattern=re.compile("(?!a)"))]


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (Validated, "Validated: validators are code (check)"),
        (Checked, "Checked: validators are code (check)"),
        (Serialized, "Serialized: serializers are code (write)"),
        (Computed, "Computed: computed fields are code (b)"),
        (Recursive, "Recursive: contains itself"),
        (Configured, "Configured: the setting extra='forbid' has no portable form: remove it"),
        (Initialised, "Initialised: `model_post_init` is code"),
        (Root, "Root: a RootModel has no fields"),
        (Union[int, str], "Outer.a: typing.Union[int, str] is a union of several types"),
        (int | date | None, "is a union of several types: choose one, or Any"),
        (bytes, "Outer.a: <class 'bytes'> is not supported"),
        (Mixed, "Outer.a: the choice 0.5 is not a string, an integer or a boolean"),
        (Dict[int, str], "Outer.a: the keys of typing.Dict[int, str] are not str"),
        (List[PositiveInt], "Outer.a: constraints (gt) inside a type"),
        (Tuple[Line, int], "Outer.a: a model in a tuple"),
        (
            Set[Annotated[str, Field(title="T")]],
            "Outer.a: an inner Field(...) has more than constraints",
        ),
        (CODE, "has no portable form: remove it"),
        (Annotated[int, Predicate(bool)], "has no portable form: remove it"),
        (FLAGGED, "Outer.a: the flags of the pattern"),
        (LOOKING_AHEAD, "Outer.a: its pattern is not valid for Rust's regex"),
        (
            Annotated[int, Field(default_factory=int)],
            "Outer.a: default_factory has no portable form: use a default",
        ),
        (Annotated[list[int], Field(default_factory=list)], "Outer.a: default_factory"),
        (Annotated[int, Field(validation_alias="b")], "Outer.a: aliases that differ"),
        (
            Annotated[int, Field(json_schema_extra=lambda schema: None)],
            "Outer.a: json_schema_extra is code",
        ),
        (Annotated[Decimal, Field(max_digits=3)], "Outer.a: max_digits=3 has no portable form"),
        (Annotated[float, Field(allow_inf_nan=False)], "has no portable form: remove it"),
        (Annotated[Any, Field(default={1: object()})], "Outer.a: JSON can't express its default"),
        (Annotated[Any, Field(default={1})], "Outer.a: JSON can't express the default"),
        (Annotated[int, Field(default=0, gt=0)], "Outer.a: the default is not of the field's type"),
        (Annotated[int, Field(default=float("inf"))], "Outer.a: JSON can't express its default"),
    ],
)
def test_what_would_be_lost_is_refused(kind: Any, problem: str) -> None:
    outer = type("Outer", (BaseModel,), {"__annotations__": {"a": kind}, "__module__": __name__})
    with pytest.raises(ModelGenerationError) as caught:
        model_to_extraction_request(outer)
    assert problem in str(caught.value)


def test_names_that_definitions_can_not_have_are_refused() -> None:
    class Shadowing(BaseModel):
        copy_: int
        Übergröße: str
        x: int = Field(alias="copy")

    made = model_to_extraction_request(Shadowing)
    assert [field.name for field in made.fields] == ["copy_", "Übergröße", "x"]
    long = pydantic.create_model("Long", **{"n" * 65: (int, ...)})  # type: ignore[call-overload]
    with pytest.raises(ModelGenerationError, match=r"a definition has to call it `n+`: rename"):
        model_to_extraction_request(long)


@pytest.mark.parametrize("wrong", [int, Date(year=1), "Date"])
def test_only_models_have_definitions(wrong: Any) -> None:
    with pytest.raises(ModelGenerationError, match=r"derived from pydantic\.BaseModel is needed"):
        model_to_extraction_request(wrong)


def test_a_name_without_letters_is_refused() -> None:
    with pytest.raises(ModelGenerationError, match="model_name: has no letter"):
        model_to_extraction_request(Date, model_name="?")


def test_a_refinement_that_no_model_can_be_made_of_is_asked_again(provider: FakeProvider) -> None:
    def reply(rules: dict[str, Any]) -> dict[str, Any]:
        day = {"name": "day", "description": "", "type": "date", "validation": rules}
        fields = [{"name": "year", "description": "", "type": "int"}, day]
        return {"content": json.dumps({"model_description": "", "fields": fields})}

    provider.script(reply({"ge": "soon"}), reply({"ge": "2020-01-01"}))
    extractor = Extractor(model="openai/fake", api_key="sk-test", api_base=provider.base_url)
    refined = extractor.refine_data_model(model=Date, refinement_instructions="add the day")
    second = provider.requests()[1]["body"]["messages"]
    assert "day: ge is not a valid date" in second[-1]["content"]
    made = model_to_extraction_request(refined)
    assert (made.model_name, made.model_description) == ("RefinedDate", "A day.")
    year, day = made.fields
    assert year == model_to_extraction_request(Date).fields[0]
    assert (day.type, day.validation, day.required) == ("date", {"ge": "2020-01-01"}, False)
