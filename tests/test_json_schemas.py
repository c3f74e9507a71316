"""`model=` as a JSON Schema: items are validated by it, and no number changes its value."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provider import FakeProvider, connect
from structx import ExtractionError, Extractor, _core

LINE: dict[str, Any] = {
    "title": "Line",
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1},
        "amount": {"type": "number", "multipleOf": 0.01},
        "count": {"type": "integer"},
        "day": {"type": "string", "format": "date"},
        "parts": {"type": "array", "items": {"$ref": "#"}},
    },
    "required": ["text"],
}
COUNTED = {"type": "object", "properties": {"count": {"type": "integer"}}}
LINES: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Lines",
    "type": "array",
    "minItems": 1,
    "items": {"$ref": "#/definitions/line"},
    "definitions": {"line": {"type": "object", "properties": {"text": {"type": "string"}}}},
}


def scripted(provider: FakeProvider, *items: str) -> None:
    """Replies with these items, as JSON."""
    provider.script(*({"content": f'{{"items": {them}}}'} for them in items))


def extract(extractor: Extractor, model: Any, **others: Any) -> Any:
    return extractor.extract(data="a text", query="q", model=model, **others)


@pytest.mark.parametrize(
    ("schema", "reply", "expected"),
    [
        (
            LINE,
            '[{"text": "a", "parts": [{"text": "b"}]}]',
            [{"text": "a", "parts": [{"text": "b"}]}],
        ),
        (LINE, '[{"text": "a", "else": [1]}]', [{"text": "a", "else": [1]}]),
        (LINES, '[{"text": "a"}]', [{"text": "a"}]),
        ({"$ref": "#/$defs/N", "$defs": {"N": {"type": "integer"}}}, "[1, 2]", [1, 2]),
        ({"enum": ["a", None]}, '["a", null]', ["a", None]),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
            '[["a", 1]]',
            [["a", 1]],
        ),
        (
            {"type": ["object", "null"], "additionalProperties": {"type": "integer"}},
            '[{"a": 1}]',
            [{"a": 1}],
        ),
        ({}, '[{"a": null}, true]', [{"a": None}, True]),
    ],
    ids=lambda it: str(it)[:40],
)
def test_items_are_what_the_schema_describes(
    provider: FakeProvider, subject: Extractor, schema: Any, reply: str, expected: list[Any]
) -> None:
    scripted(provider, reply)
    result = extract(subject, schema)
    assert result.rows[0].error is None
    assert result.data == expected
    assert result.rows[0].repairs == []
    assert pickle.loads(pickle.dumps(result)) == result
    assert "<table" in result._repr_html_()
    assert subject.explain_schema(schema).sent["required"] == ["items"]
    assert subject.estimate(data="a text", query="q", model=schema).requests == 1
    scripted(provider, reply)
    (row,) = subject.extract_stream(data="a text", query="q", model=schema)
    assert row.items == expected


def test_a_file_is_read_as_its_schema(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    path = tmp_path / "order line.json"
    path.write_text("\ufeff" + json.dumps({"type": "string"}), encoding="utf-8")
    for model in (path, str(path)):
        scripted(provider, '["a"]')
        result = extract(subject, model)
        assert result.data == ["a"]
        assert result.model == {"type": "string"}
        (request,) = provider.requests()
        assert request["body"]["response_format"]["json_schema"]["name"] == "order_line"
    path.write_text(json.dumps(LINE), encoding="utf-8")
    scripted(provider, '[{"text": "a"}]')
    assert repr(extract(subject, path)).startswith("ExtractionResult(model=Line, ")


def test_tables_have_the_properties_and_what_else_there_is(
    provider: FakeProvider, subject: Extractor
) -> None:
    data = [{"t": "a text"}]
    scripted(provider, '[{"else": 2, "text": "a"}]')
    table = subject.extract(data=data, query="q", model=LINE, return_df=True).data
    assert list(table.columns) == [
        "t", "text", "amount", "count", "day", "parts", "else", "extraction_status",
    ]  # fmt: skip
    composed = {"allOf": [{"$ref": "#/$defs/A"}], "properties": {"b": {}}, "$defs": {"A": LINES}}
    composed["$defs"]["A"] = {"type": "object", "properties": {"a": {}}}
    scripted(provider, '[{"a": 1, "b": 2}]')
    table = subject.extract(data=data, query="q", model=composed, return_df=True).data
    assert sorted(table.columns) == ["a", "b", "extraction_status", "t"]
    scripted(provider, "[1, 2]")
    table = subject.extract(data=data, query="q", model={"type": "integer"}, return_df=True).data
    assert list(table.columns) == ["t", "value", "extraction_status", "value_1"]


@pytest.mark.parametrize(
    ("schema", "reply", "problem"),
    [
        (LINE, '[{"text": ""}]', "items.0.text: value is shorter than 1 character"),
        (LINE, '[{"text": "a", "amount": 1.005}]', "items.0.amount: value is not a multiple of"),
        (LINE, '[{"text": "a", "day": "secret"}]', 'items.0.day: value is not a "date"'),
        (LINE, '[{"text": "a", "parts": [{}]}]', 'items.0.parts.0: "text" is a required'),
        (LINES, "[]", "items: value has less than 1 item"),
        ({"enum": ["a"]}, '["secret"]', "items.0: value is not"),
        ({"type": "integer", "maximum": 3}, "[1, 4]", "items.1: value is greater than the maximum"),
        (
            {"anyOf": [{"required": ["x"], "type": "object"}, COUNTED, {"type": "null"}]},
            '[{"text": "a", "count": "secret"}]',
            "items.0.count: value is not of type",
        ),
    ],
    ids=lambda it: str(it)[:40],
)
def test_problems_go_back_to_the_model_without_values(
    provider: FakeProvider, schema: Any, reply: str, problem: str
) -> None:
    scripted(provider, reply, "[]")
    (row,) = extract(connect(provider), schema).rows
    assert row.error is not None
    assert problem in row.error
    assert "secret" not in row.error


def test_an_invalid_reply_is_asked_for_again(provider: FakeProvider) -> None:
    extractor = Extractor(
        model="openai/fake", api_key="k", api_base=provider.base_url, max_retries=1
    )
    scripted(provider, '[{"text": "a", "count": 1.5}]', '[{"text": "a", "count": 1}]')
    result = extract(extractor, LINE)
    assert result.data == [{"text": "a", "count": 1}]
    told = json.dumps(provider.requests()[1]["body"]["messages"][-1])
    assert "items.0.count: value is not of type" in told


def test_a_journal_and_a_cache_give_back_the_same_items(
    provider: FakeProvider, tmp_path: Path
) -> None:
    extractor = Extractor(
        model="openai/fake", api_key="k", api_base=provider.base_url, cache=tmp_path / "cache.db"
    )
    reply = (
        '[{"text": "a", "amount": 0.1, "exact": 0.1000000000000000055511151231257827, "n": 1e2}]'
    )
    scripted(provider, reply)
    first = extract(extractor, LINE, journal=tmp_path / "journal.db")
    again = extract(extractor, LINE, journal=tmp_path / "journal.db")
    cached = extract(extractor, LINE)
    assert first.data == again.data == cached.data
    assert again.journaled_count == 1
    assert provider.stats()["requests"] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("-0", 0),
        ("12345678901234567890123", 12345678901234567890123),
        ("1.5", 1.5),
        ("1.0", 1.0),
        ("1e2", 100.0),
        ("0.1", 0.1),
        ("1.10", 1.1),
        ("0.10000000000000001", Decimal("0.10000000000000001")),
        ("9007199254740993.0", Decimal("9007199254740993.0")),
        ("1e400", Decimal("1e400")),
        ("1e-400", Decimal("1e-400")),
    ],
)
def test_numbers_keep_their_value(
    provider: FakeProvider, subject: Extractor, text: str, expected: Any
) -> None:
    scripted(provider, f"[{text}]")
    (item,) = extract(subject, {"type": "number"}).data
    assert item == expected
    assert type(item) is type(expected)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.integers().map(str),
            st.floats(allow_nan=False, allow_infinity=False).map(repr),
            st.decimals(allow_nan=False, allow_infinity=False).map(str),
        ),
        min_size=1,
    )
)
def test_any_number_keeps_its_value(running_provider: FakeProvider, texts: list[str]) -> None:
    scripted(running_provider, f"[{', '.join(texts)}]")
    items = extract(connect(running_provider), {"type": "number"}).data
    for text, item in zip(texts, items, strict=True):
        value = Decimal(repr(item)) if isinstance(item, float) else Decimal(item)
        assert value == Decimal(text)
        if isinstance(item, Decimal):
            assert Decimal(repr(float(text))) != Decimal(text)
        else:
            assert isinstance(item, int) == (not set(text) & set(".eE"))


def test_an_integer_of_any_length_is_an_integer(provider: FakeProvider, subject: Extractor) -> None:
    scripted(provider, f"[{'7' * 5_000}]")
    (item,) = extract(subject, {"type": "integer"}).data
    assert item % 10**9 == 777_777_777


def test_a_number_that_nothing_can_hold_is_a_problem(
    provider: FakeProvider, subject: Extractor
) -> None:
    scripted(provider, "[1e99999999999999999999]")
    (row,) = extract(subject, {}).rows
    assert row.error is not None
    assert "exponent" in row.error


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "bb"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=6,
)
RULES = st.recursive(
    st.sampled_from(
        [
            {"type": "string", "minLength": 1},
            {"type": "integer", "minimum": 0},
            {"type": ["boolean", "null"]},
            {"enum": ["a", 1, None]},
            {"const": {"a": 1}},
            {},
        ]
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner, "maxItems": st.just(2)}),
        st.builds(
            lambda properties, required: {
                "type": "object",
                "properties": properties,
                "required": sorted(required & properties.keys()),
            },
            st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            st.sets(st.sampled_from(["a", "b"])),
        ),
        st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner),
        st.builds(lambda one, other: {"allOf": [one, other]}, inner, inner),
        st.builds(lambda one: {"not": one}, inner),
    ),
    max_leaves=4,
)


def without_nulls(value: Any) -> Any:
    """The value without members that are null: a reply may have null for what it leaves out."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: without_nulls(it) for name, it in members.items() if it is not None}
    if isinstance(value, list):
        return [without_nulls(it) for it in cast("list[Any]", value)]
    return value


@settings(deadline=None, max_examples=300)
@given(RULES, VALUES)
def test_what_is_accepted_is_valid_by_another_library(
    running_provider: FakeProvider, schema: dict[str, Any], value: Any
) -> None:
    """An accepted item is valid; one that is valid and was not changed is accepted."""
    item = {"type": "object", "properties": {"value": schema}, "required": ["value"]}
    scripted(running_provider, json.dumps([{"value": value}]))
    (row,) = extract(connect(running_provider), item).rows
    validator = jsonschema.Draft202012Validator(schema)
    if row.error is None:
        (found,) = row.items
        assert validator.is_valid(found["value"])
        assert without_nulls(found) == without_nulls({"value": value}) or row.repairs
    else:
        assert not validator.is_valid(value)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "strin"}, "at /type"),
        ({"properties": {"a": {"pattern": "("}}}, "/properties/a/pattern"),
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, "drafts 4, 6, 7"),
        ({"properties": {"a": {"$ref": "https://example.com/x.json"}}}, "another document"),
        ({"properties": {"a": {"$ref": "#/$defs/A"}}}, "nothing at"),
        ({"properties": {"a": {"type": "string", "nullable": True}}}, "OpenAPI"),
        ({"$ref": "#"}, "itself"),
        ({"a": {1, 2}}, "no JSON"),
        ({"a": float("nan")}, "no JSON"),
    ],
    ids=str,
)
def test_an_unusable_schema_is_an_error_before_any_request(
    provider: FakeProvider, subject: Extractor, schema: Any, words: str
) -> None:
    for call in (lambda: extract(subject, schema), lambda: subject.explain_schema(schema)):
        with pytest.raises(ExtractionError, match=words):
            call()
    assert provider.stats()["requests"] == 0


def test_an_unusable_file_is_an_error_before_any_request(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(ExtractionError, match=r"there is no file .*x\.json"):
        extract(subject, path)
    for text, words in [("{", "not valid JSON"), ("[]", "must be a JSON object")]:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ExtractionError, match=words):
            extract(subject, path)
    assert provider.stats()["requests"] == 0


def test_a_schema_is_read_once() -> None:
    from structx._engine.response_models import of_model

    assert of_model(LINE) is of_model(dict(LINE))
    assert of_model(LINE) is not of_model(LINES)
    assert isinstance(of_model(LINE).validate, _core.ItemSchema)
