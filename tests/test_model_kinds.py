"""`model=` of every kind but JSON Schema, in results, tables, streams and journals."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ForwardRef, Generic, Literal, NamedTuple, Optional, TypeVar

import pydantic
import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    TypeAdapter,
    ValidationInfo,
    condecimal,
    field_validator,
)
from typing_extensions import TypeAliasType, TypedDict

from provider import FakeProvider
from structx import ExtractionError, Extractor
from structx._engine import items
from structx._engine.item_types import of_type
from structx._engine.response_models import of_model

T = TypeVar("T")
CAN_NAME = tuple(int(part) for part in pydantic.VERSION.split(".")[:2]) >= (2, 11)
needs_names = pytest.mark.skipif(not CAN_NAME, reason="pydantic 2.11 reads fields by name")


class Tree(BaseModel):
    name: str
    parts: list[Tree] = []


@dataclass
class Line:
    """A dataclass that refers to itself."""

    text: str
    amount: float = 0.5
    next: Optional[Line] = None  # noqa: UP045


@pydantic.dataclasses.dataclass
class Priced:
    text: str
    price: Decimal = Field(gt=0)
    secret: str = Field(default="s", exclude=True)


@dataclass
class Box(Generic[T]):
    inner: T


class Entry(TypedDict, total=False):
    text: str
    parts: list[Entry]


class Pair(NamedTuple):
    text: str
    count: int = 1


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


Rows = TypeAliasType("Rows", list[Pair])
# The model, a reply, and the items of it.
KINDS: list[tuple[Any, list[Any], list[Any]]] = [
    (
        Tree,
        [{"name": "a", "parts": [{"name": "b"}]}],
        [Tree(name="a", parts=[Tree(name="b")])],
    ),
    (Line, [{"text": "a", "next": {"text": "b"}}], [Line("a", 0.5, Line("b"))]),
    (Priced, [{"text": "a", "price": "1.50"}], [Priced("a", Decimal("1.50"))]),
    (Box[int], [{"inner": 3}], [Box(3)]),
    (Entry, [{"text": "a", "parts": [{"text": "b"}]}], [{"text": "a", "parts": [{"text": "b"}]}]),
    (Pair, [{"text": "a"}, {"text": "b", "count": 2}], [Pair("a"), Pair("b", 2)]),
    (Colour, ["red", "blue"], [Colour.RED, Colour.BLUE]),
    (int, [1, 2], [1, 2]),
    (str, ["a"], ["a"]),
    (Decimal, ["1.50"], [Decimal("1.50")]),
    (int | str, [1, "a"], [1, "a"]),
    (Optional[int], [1, None], [1, None]),  # noqa: UP045
    (Tree | Line, [{"name": "a"}, {"text": "a"}], [Tree(name="a"), Line("a")]),
    (Literal["a", 1], ["a", 1], ["a", 1]),
    (Annotated[int, Field(gt=0)], [1], [1]),
    (dict[str, int], [{"a": 1}], [{"a": 1}]),
    (tuple[int, str], [[1, "a"]], [(1, "a")]),
    (RootModel[list[int]], [[1, 2]], [RootModel[list[int]]([1, 2])]),
    (TypeAdapter(Tree), [{"name": "a"}], [Tree(name="a")]),
    (TypeAdapter(Annotated[int, Field(gt=0)]), [1], [1]),
    # Lists are the items of a row.
    (list[Tree], [{"name": "a"}], [Tree(name="a")]),
    (list[Line], [{"text": "a"}], [Line("a")]),
    (Sequence[int], [1, 2], [1, 2]),
    (Iterable[int], [1, 2], [1, 2]),
    (list, [1, "a"], [1, "a"]),
    (list[list[int]], [[1, 2], [3]], [[1, 2], [3]]),
    (TypeAdapter(list[Pair]), [{"text": "a", "count": 1}], [Pair("a")]),
    (Annotated[list[int], Field(min_length=1)], [1], [1]),
    (Rows, [["a", 1]], [Pair("a")]),
]


def scripted(provider: FakeProvider, *replies: list[Any]) -> None:
    provider.script(*({"content": json.dumps({"items": reply})} for reply in replies))


def extract(extractor: Extractor, model: Any, **others: Any) -> Any:
    return extractor.extract(data="a text", query="q", model=model, **others)


@pytest.mark.parametrize(("model", "reply", "expected"), KINDS, ids=lambda it: repr(it)[:30])
def test_items_are_of_the_type(
    provider: FakeProvider, subject: Extractor, model: Any, reply: list[Any], expected: list[Any]
) -> None:
    scripted(provider, reply)
    result = extract(subject, model)
    assert result.rows[0].error is None
    assert result.data == expected
    assert [type(item) for item in result.data] == [type(item) for item in expected]
    assert result.rows[0].repairs == []
    assert pickle.loads(pickle.dumps(result)).data == expected
    assert items.name_of(result.model) in repr(result)
    assert "<table" in result._repr_html_()
    scripted(provider, reply)
    rows = list(subject.extract_stream(data="a text", query="q", model=model))
    assert [row.items for row in rows] == [expected]


@pytest.mark.parametrize("model", [kind[0] for kind in KINDS], ids=lambda it: repr(it)[:30])
def test_schemas_are_explained_and_costs_estimated(
    provider: FakeProvider, subject: Extractor, model: Any
) -> None:
    report = subject.explain_schema(model)
    assert report.sent["required"] == ["items"]
    assert subject.estimate(data="a text", query="q", model=model).requests == 1
    assert provider.stats()["requests"] == 0


def test_a_list_of_models_is_asked_for_as_the_model_is(
    provider: FakeProvider, subject: Extractor
) -> None:
    for model in (Tree, list[Tree]):
        extract(subject, model)
    first, second = (request["body"] for request in provider.requests())
    assert first == second
    assert of_model(list[Tree]) is of_model(Tree)


@pytest.mark.parametrize(
    ("model", "reply", "columns"),
    [
        (Line, [{"text": "a"}], {"text": "a", "amount": 0.5, "next": None}),
        (Priced, [{"text": "a", "price": 2}], {"text": "a", "price": Decimal(2)}),
        (Box[int], [{"inner": 1}], {"inner": 1}),
        (Entry, [{"text": "a"}], {"text": "a", "parts": None}),
        (
            Pair,
            [{"text": "a"}, {"text": "b"}],
            {"text": "a", "count": 1, "text_1": "b", "count_1": 1},
        ),
        (Colour, ["red"], {"value": Colour.RED}),
        (int | str, [1, "a"], {"value": 1, "value_1": "a"}),
        (Tree | Line, [{"text": "a"}], {"value": {"text": "a", "amount": 0.5, "next": None}}),
        (dict[str, int], [{"a": 1}], {"value": {"a": 1}}),
        (RootModel[int], [1], {"root": 1}),
    ],
    ids=lambda it: repr(it)[:30],
)
def test_tables_have_a_column_for_each_field_or_one(
    provider: FakeProvider,
    subject: Extractor,
    model: Any,
    reply: list[Any],
    columns: dict[str, Any],
) -> None:
    scripted(provider, reply)
    data = [{"t": "a text"}]
    result = subject.extract(data=data, query="q", model=model, return_df=True)
    (row,) = result.data.to_dict("records")
    assert row == {"t": "a text", **columns, "extraction_status": "Success"}


def test_nested_parts_of_a_union_are_expanded(provider: FakeProvider, subject: Extractor) -> None:
    scripted(provider, [{"text": "a", "next": {"text": "b"}}])
    result = subject.extract(
        data=[{"t": "x"}], query="q", model=Tree | Line, return_df=True, expand_nested=True
    )
    assert result.data["value_next_text"].tolist() == ["b"]


def test_failed_rows_of_any_kind(provider: FakeProvider, subject: Extractor) -> None:
    scripted(provider, ["green"])
    result = subject.extract(data=[{"t": "x"}], query="q", model=Colour, return_df=True)
    assert result.failed["index"].tolist() == [0]
    assert result.data["extraction_status"][0].startswith("Failed: no valid answer: items.0")


@pytest.mark.parametrize(
    ("model", "reply", "problem"),
    [
        (Line, [{"text": "a", "next": {"amount": 1}}], "items.0.next.text: Field required"),
        (Entry, [{"text": "a", "parts": [{"text": {}}]}], "items.0.parts.0.text: "),
        (Pair, [{"text": "a", "count": "x"}], "items.0.count: "),
        (Tree | int, [1, {"name": {}}], "items.1.Tree.name: "),
        (list[list[int]], [[1], ["x"]], "items.1.0: "),
        (Annotated[list[int], Field(min_length=2)], [1], "items: List should have at least 2"),
    ],
    ids=lambda it: repr(it)[:30],
)
def test_problems_have_the_place_in_the_reply(
    provider: FakeProvider, subject: Extractor, model: Any, reply: list[Any], problem: str
) -> None:
    scripted(provider, reply)
    (row,) = extract(subject, model).rows
    assert row.error is not None
    assert problem in row.error


def test_rules_for_the_whole_list_hold_beside_those_of_items(
    provider: FakeProvider, subject: Extractor
) -> None:
    def sort(numbers: list[int]) -> list[int]:
        return sorted(numbers)

    scripted(provider, [3, 1, 2])
    model = Annotated[list[Annotated[int, Field(gt=0)]], AfterValidator(sort)]
    assert extract(subject, model).data == [1, 2, 3]


def test_the_config_of_an_adapter_holds(provider: FakeProvider, subject: Extractor) -> None:
    strict = TypeAdapter(list[float], config=ConfigDict(strict=True, allow_inf_nan=False))
    assert of_model(strict).validate('{"items": [1.5]}') == [1.5]  # type: ignore[operator]
    with pytest.raises(pydantic.ValidationError):
        of_model(strict).validate('{"items": ["1.5"]}')  # type: ignore[operator]
    late = TypeAdapter(int | None, config=ConfigDict(defer_build=True))
    scripted(provider, [1])
    assert extract(subject, late).data == [1]


def test_models_are_prepared_once(provider: FakeProvider, subject: Extractor) -> None:
    forms: list[Any] = [Line, int | str, list[Line], Annotated[int, Field(gt=0)], Literal["a"]]
    for model in forms:
        assert of_model(model) is of_model(model)
    assert of_model(int | str) is not of_model(str | int)
    assert of_model(Literal[1]) is not of_model(Literal[True])
    assert of_model(list[list[int]]).model == list[int]
    assert of_model(TypeAdapter(list[int])).model is int
    made: list[object] = []

    class Counted(BaseModel):
        word: str

        @classmethod
        def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> Any:
            made.append(core)
            return handler(core)

    async def all_at_once() -> None:
        calls = (
            subject.extract_async(data="a text", query="q", model=Counted | int)
            for _ in range(1_000)
        )
        await asyncio.gather(*calls)

    asyncio.run(all_at_once())
    assert len(made) == 1
    assert provider.stats()["requests"] == 1_000


def test_a_journal_gives_back_items_of_any_kind(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    for number, (model, reply, expected) in enumerate(KINDS):
        scripted(provider, reply)
        call: dict[str, Any] = {
            "data": "a text",
            "query": "q",
            "model": model,
            "journal": tmp_path / f"{number}.db",
        }
        first, second = subject.extract(**call), subject.extract(**call)
        assert first.data == second.data == expected
        assert second.journaled_count == 1
        assert provider.stats()["requests"] == 1


class Checked(BaseModel):
    word: str

    @field_validator("word")
    @classmethod
    def is_allowed(cls, word: str, info: ValidationInfo) -> str:
        if info.context is not None and word not in info.context:
            raise ValueError("not an allowed word")
        return word


@pytest.mark.parametrize("model", [Checked, Checked | int, TypeAdapter(list[Checked])], ids=repr)
def test_validators_find_the_context_of_the_call(
    provider: FakeProvider, subject: Extractor, model: Any, tmp_path: Path
) -> None:
    reply = [{"word": "a"}]
    scripted(provider, reply, reply, reply)
    call: dict[str, Any] = {"data": "a text", "query": "q", "model": model}
    assert subject.extract(**call).failure_count == 0
    allowed = {"words": ["a"]}["words"]
    journal = tmp_path / "journal.db"
    whole = subject.extract(**call, validation_context=allowed, journal=journal)
    assert whole.failure_count == 0
    (row,) = subject.extract_stream(**call, validation_context=["b"])
    assert row.error is not None and "not an allowed word" in row.error

    async def other() -> bool:
        result = await subject.extract_async(**call, validation_context={"b"})
        return result.failure_count == 1

    scripted(provider, reply)
    assert asyncio.run(other())


class Plain:
    pass


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (3, "an instance of int"),
        (Line("a"), "an instance of Line"),
        (Checked(word="a"), "an instance of Checked"),
        (Colour.RED, "an instance of Colour"),
        ([Line], "an instance of list"),
        (len, "a function"),
        (lambda: None, "a function"),
        (Plain, "Plain"),
        (list[Plain], "Plain"),
        ("Line", "no path"),
        (ForwardRef("Line"), "only the name of a type"),
        (list["Line"], "only the name of a type"),
    ],
    ids=repr,
)
def test_what_is_no_model_is_an_error_before_any_request(
    provider: FakeProvider, subject: Extractor, model: Any, words: str
) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: extract(subject, model),
        lambda: subject.estimate(data="a text", query="q", model=model),
        lambda: next(subject.extract_stream(data="a text", query="q", model=model)),
        lambda: subject.explain_schema(model),
    ]
    for call in calls:
        with pytest.raises(ExtractionError, match=r"model must be a pydantic model") as raised:
            call()
        assert words in str(raised.value)
        assert isinstance(raised.value.__cause__, TypeError)
    assert provider.stats()["requests"] == 0


def test_types_of_a_function_are_known_where_they_are_made(
    provider: FakeProvider, subject: Extractor
) -> None:
    class Inner(BaseModel):
        word: str

    class Outer(TypedDict):
        inner: Inner

    with pytest.raises(ExtractionError, match="at the level of the module, or give a TypeAdapter"):
        extract(subject, Outer)
    scripted(provider, [{"inner": {"word": "a"}}])
    assert extract(subject, TypeAdapter(Outer)).data == [{"inner": Inner(word="a")}]


def test_only_pydantic_models_are_refined(provider: FakeProvider, subject: Extractor) -> None:
    for model in (Line, list[Checked], {"type": "object"}):
        with pytest.raises(ExtractionError, match=r"must be a class derived from pydantic"):
            subject.refine_data_model(model=model, refinement_instructions="x")  # type: ignore[arg-type]
    assert provider.stats()["requests"] == 0


class ByPath(BaseModel):
    total: int = Field(validation_alias=AliasPath("sums", "total"))


class ByPaths(TypedDict):
    inner: ByPath


@pydantic.dataclasses.dataclass
class Chosen:
    total: int = Field(validation_alias=AliasChoices(AliasPath("a", 0), AliasPath("b", 1)))


@needs_names
@pytest.mark.parametrize("model", [ByPaths, Chosen, ByPath | None, TypeAdapter(list[ByPath])])
def test_a_field_with_an_alias_path_is_read_by_its_name(
    provider: FakeProvider, subject: Extractor, model: Any
) -> None:
    total = {"total": 3}
    scripted(provider, [{"inner": total} if model is ByPaths else total])
    (item,) = extract(subject, model).data
    assert (item["inner"] if model is ByPaths else item).total == 3


@pytest.mark.skipif(CAN_NAME, reason="pydantic 2.11 and newer read fields by name")
def test_a_field_with_an_alias_path_may_be_an_error(subject: Extractor) -> None:
    with pytest.raises(ExtractionError, match=r"needs pydantic 2\.11"):
        extract(subject, ByPath | None)


def test_aliases_with_a_name_work(provider: FakeProvider, subject: Extractor) -> None:
    class Named(BaseModel):
        cls: int = Field(default=1, alias="class")
        total: int = Field(validation_alias=AliasChoices(AliasPath("a", "b"), "sum"))

    scripted(provider, [{"class": 2, "sum": 3}])
    (item,) = extract(subject, Named).data
    assert (item.cls, item.total) == (2, 3)


def test_names_of_types() -> None:
    for model, name in [
        (Tree, "Tree"),
        (int | None, "int | None"),
        (Annotated[Tree | Line, "x"], "Tree | Line"),
        (dict[str, int], "dict"),
        (Literal["a"], "Literal"),
        ({"title": "Invoice"}, "Invoice"),
        ({}, "Item"),
        (Any, "Any" if sys.version_info >= (3, 11) else items.name_of(Any)),
    ]:
        assert items.name_of(model) == name


@pytest.mark.parametrize("kind", [Decimal, Decimal | None, condecimal(max_digits=8)])
def test_a_text_for_a_decimal_has_to_be_a_number_with_each_pydantic(kind: Any) -> None:
    branches = of_type(kind, is_item=True).schema["anyOf"]
    (pattern,) = (branch["pattern"] for branch in branches if branch["type"] == "string")
    assert re.match(pattern, "-1982.50")
    assert not re.match(pattern, "1.982,50 EUR")
