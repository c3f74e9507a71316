"""Portable definitions: spellings, normal form, and conversion to a class and back."""

from __future__ import annotations

import json
import pickle
import re
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from structx.definitions import (
    ContainerTypeCapability,
    ExtractionRequest,
    ModelField,
    TypeCapabilities,
    get_type_capabilities,
    model_from_extraction_request,
    model_to_extraction_request,
)
from structx.exceptions import ModelGenerationError


def request(*fields: ModelField) -> ExtractionRequest:
    return ExtractionRequest(model_name="Bill", model_description="", fields=list(fields))


def field(kind: str = "str", **changes: Any) -> ModelField:
    return ModelField.model_validate(
        {"name": "a", "type": kind, "description": "", "required": True, "nullable": False}
        | changes
    )


def normal(given: ModelField) -> ModelField:
    """The field in normal form, taken from the class made of it."""
    return model_to_extraction_request(model_from_extraction_request(request(given))).fields[0]


# Definitions as a user could write them, which need each rule of the normal form.

CAPABILITIES = get_type_capabilities()
LITERALS = st.lists(st.text(max_size=5) | st.integers() | st.booleans(), min_size=1, max_size=3)
HASHABLE = st.sampled_from([scalar.id for scalar in CAPABILITIES.scalars])


def literal(values: list[str | int | bool]) -> str:
    texts = [json.dumps(value) if isinstance(value, str) else repr(value) for value in values]
    return f"Literal[{', '.join(texts)}]"


TYPES = st.recursive(
    HASHABLE | LITERALS.map(literal),
    lambda inner: st.one_of(
        inner.map("List[{}]".format),
        inner.map("Dict[str, {}]".format),
        inner.map("Optional[{}]".format),
        inner.map("Tuple[{}, ...]".format),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: f"Tuple[{', '.join(items)}]"),
        HASHABLE.map("Set[{}]".format),
        HASHABLE.map("FrozenSet[{}]".format),
    ),
    max_leaves=4,
)
NUMBER_RULES: dict[str, st.SearchStrategy[Any]] = {
    "ge": st.integers(-9, 0),
    "gt": st.integers(-9, 0),
    "lt": st.integers(1, 9),
    "multiple_of": st.integers(1, 9),
}
RULES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "int": NUMBER_RULES,
    "float": NUMBER_RULES,
    "Decimal": NUMBER_RULES,
    "date": {"ge": st.dates().map(str)},
    "str": {"pattern": st.just("^a+$"), "min_length": st.integers(0, 3)},
    "List[str]": {"min_length": st.integers(0, 3), "max_length": st.integers(3, 9)},
}
WORDS: dict[str, st.SearchStrategy[Any]] = {
    "title": st.text(min_size=1, max_size=9),
    "examples": st.lists(st.text(max_size=3), max_size=2),
    "strict": st.just(True),
    "frozen": st.just(True),
    "deprecated": st.just(True) | st.text(min_size=1, max_size=9),
    "exclude": st.just(True),
    "repr": st.just(False),
    "json_schema_extra": st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.integers()),
}
DEFAULTS: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(max_size=5),
    "int": st.integers(),
    "bool": st.booleans(),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "date": st.dates().map(str),
    "Decimal": st.just("1.50"),
    "List[str]": st.lists(st.text(max_size=3), max_size=2),
    "Set[int]": st.just([1]),
    "Optional[int]": st.none() | st.integers(),
}


def words(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """The attributes of a field other than its constraints."""
    has_no_strict = kind.replace("Optional[", "").startswith(("Any", "Literal"))
    given = {name: value for name, value in WORDS.items() if name != "strict" or not has_no_strict}
    return st.fixed_dictionaries({}, optional=given)


@st.composite
def fields(draw: st.DrawFn, depth: int = 0) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for index in range(draw(st.integers(1, 3))):
        name = draw(st.from_regex(r"[a-zA-Z][\w ]{0,7}", fullmatch=True) | st.just("copy"))
        given: dict[str, Any] = {
            "name": f"{name}{index}",
            "description": draw(st.text(max_size=9)),
            "required": draw(st.booleans()),
            "nullable": draw(st.booleans()),
        }
        form = draw(st.sampled_from(["nested", "rules", "default", "any"]))
        rules: dict[str, Any] = {}
        if form == "nested" and depth < 2:
            kinds = ["object", "List[object]", "Optional[Dict[str, Line]]", "line[]"]
            given["type"] = draw(st.sampled_from(kinds))
            given["nested_fields"] = draw(fields(depth + 1))
        elif form == "rules":
            given["type"] = draw(st.sampled_from(sorted(RULES)))
            rules |= draw(st.fixed_dictionaries({}, optional=RULES[given["type"]]))
        elif form == "default":
            given["type"] = draw(st.sampled_from(sorted(DEFAULTS)))
            given["default"] = draw(DEFAULTS[given["type"]])
        else:
            given["type"] = draw(TYPES)
        if draw(st.booleans()):
            rules["alias"] = f"Alias {index}"
        given["validation"] = rules | draw(words(given["type"]))
        made.append(given)
    return made


DEFINITIONS = st.builds(
    lambda name, description, made: {
        "model_name": f"M{name}",
        "model_description": description,
        "fields": made,
    },
    st.text(max_size=9),
    st.text(max_size=9),
    fields(),
)


THOROUGH = settings(deadline=None, max_examples=50)


@THOROUGH
@given(DEFINITIONS)
@example({"model_name": "M", "model_description": "\x1f", "fields": [{"name": "a", "type": "str"}]})
def test_definitions_survive_classes_json_and_pickle(definition: dict[str, Any]) -> None:
    made = model_from_extraction_request(definition)
    known = model_to_extraction_request(made)
    again = model_from_extraction_request(known)
    assert model_to_extraction_request(again) == known
    assert again.model_json_schema() == made.model_json_schema()
    assert ExtractionRequest.model_validate_json(known.model_dump_json()) == known
    assert pickle.loads(pickle.dumps(known)) == known
    assert model_to_extraction_request(pickle.loads(pickle.dumps(made))) == known


@THOROUGH
@given(DEFINITIONS)
def test_classes_read_field_by_field_give_the_same_definition(definition: dict[str, Any]) -> None:
    made = model_from_extraction_request(definition)
    known = model_to_extraction_request(made)
    # A hand-written class has no stored definition.
    own: type[BaseModel] = type(made.__name__, (made,), {"__doc__": made.__doc__})
    read = model_to_extraction_request(own)
    for kept, before in zip(read.fields, known.fields, strict=True):
        # An optional field has the default None in a class, even if the definition has none.
        assert kept.required or kept.has_default
        kept.has_default = before.has_default
    assert read == known


@THOROUGH
@given(DEFINITIONS)
def test_required_fields_have_no_default_and_others_have_one(definition: dict[str, Any]) -> None:
    made = model_from_extraction_request(definition)
    for kept in model_to_extraction_request(made).fields:
        if kept.required:
            assert not kept.has_default and kept.default is None
        elif not kept.nullable:
            assert kept.has_default and kept.default is not None
        assert made.model_fields[kept.name].is_required() == kept.required


@pytest.mark.parametrize(
    ("spelling", "canonical", "python"),
    [
        ("string", "str", str),
        ("integer", "int", int),
        ("number", "float", float),
        ("boolean", "bool", bool),
        ("array<number>", "List[float]", list[float]),
        ("object", "Dict[str, Any]", dict[str, Any]),
        ("string[]", "List[str]", list[str]),
        ("Array<string | null>", "List[Optional[str]]", list[str | None]),
        ("Record<string, number>", "Dict[str, float]", dict[str, float]),
        ("'a' | 'b'", 'Literal["a", "b"]', Literal["a", "b"]),
        ("list of strings", "List[str]", list[str]),
        ("`datetime.date`", "date", date),
        ("typing.List[typing.Optional[decimal.Decimal]]", "List[Optional[Decimal]]", None),
        ("FrozenSet[int]", "FrozenSet[int]", frozenset[int]),
        ("set[str]", "Set[str]", set[str]),
        ("Tuple[int, ...]", "Tuple[int, ...]", tuple[int, ...]),
    ],
)
def test_spellings_of_types(spelling: str, canonical: str, python: Any) -> None:
    given = request(field(spelling))
    for definition in (given, given.model_dump()):
        made = model_from_extraction_request(definition)
        assert model_to_extraction_request(made).fields[0].type == canonical
        assert made.model_fields["a"].annotation == (python or list[Decimal | None])


@pytest.mark.parametrize("spelling", ["string | null", "Optional[str]", "str?", "Union[str, None]"])
def test_spellings_of_null(spelling: str) -> None:
    kept = normal(field(spelling))
    assert (kept.type, kept.nullable, kept.required) == ("str", True, True)


@pytest.mark.parametrize(
    ("kind", "rules", "kept_type", "kept"),
    [
        ("PositiveInt", {}, "int", {"gt": 0}),
        (
            "conlist(str, min_items=1, max_items=3)",
            {},
            "List[str]",
            {"min_length": 1, "max_length": 3},
        ),
        ("constr(regex='^a$')", {}, "str", {"pattern": "^a$"}),
        ("str", {"regex": "^a$"}, "str", {"pattern": "^a$"}),
        ("List[int]", {"min_items": 1}, "List[int]", {"min_length": 1}),
        ("List[int]", {"max_items": 1}, "List[int]", {"max_length": 1}),
        ("str", {"allow_mutation": False}, "str", {"frozen": True}),
        ("str", {"pattern": "(", "min_length": 1}, "str", {"min_length": 1}),
        ("date", {"ge": date(2020, 1, 1)}, "date", {"ge": "2020-01-01"}),
        ("int", {"gt": None}, "int", {}),
    ],
)
def test_constraints_are_translated(
    kind: str, rules: dict[str, Any], kept_type: str, kept: dict[str, Any]
) -> None:
    made = normal(field(kind, validation=rules))
    assert (made.type, made.validation) == (kept_type, kept)


@pytest.mark.parametrize(
    "kind",
    [
        "int | str",
        "Union[date, str]",
        "Foo",
        "List[Foo]",
        "Dict[int, str]",
        "os.PathLike",
        "",
        "str str",
    ],
)
def test_other_types_are_refused(kind: str) -> None:
    with pytest.raises(ModelGenerationError, match=r"^a: type `"):
        model_from_extraction_request(request(field(kind)))


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        (3, "an ExtractionRequest or a dict of one is needed, not int"),
        ({}, "missing field `model_name`"),
        ({"model_name": "M", "fields": [{"name": "a"}]}, "missing field `type`"),
        ({"model_name": "M", "fields": []}, "fields: at least one field is needed"),
        ({"model_name": object()}, "the definition is not valid JSON"),
        (request(field(validation={"ge": 1})), "a: `ge` does not apply to str"),
        (request(field(validation={"unique": 1})), "a: `unique` is no known constraint"),
        (request(field("date", validation={"ge": "soon"})), "a: ge is not a valid date"),
        (request(field("date", required=False, default="x")), "a: default is not a valid date"),
        (request(field("int", required=False, default="x")), "a: the default is no int"),
        (
            request(field("int", required=False, default=1, validation={"gt": 1})),
            "a: default is not a valid int",
        ),
    ],
)
def test_definitions_that_can_not_be_used(definition: Any, problem: str) -> None:
    with pytest.raises(ModelGenerationError, match=re.escape(problem)):
        model_from_extraction_request(definition)


def is_possible(kind: str, **changes: Any) -> bool:
    try:
        normal(field(kind, **changes))
    except ModelGenerationError:
        return False
    return True


def test_the_catalogue_of_types_has_canonical_names() -> None:
    assert CAPABILITIES.schema_version == "1"
    scalars = "str int float bool date datetime time Decimal UUID Any"
    assert [scalar.id for scalar in CAPABILITIES.scalars] == scalars.split()
    containers = ["List", "Dict", "Set", "FrozenSet", "Tuple"]
    assert [container.id for container in CAPABILITIES.containers] == containers
    assert all(CAPABILITIES.modifiers.model_dump().values())
    labels = [kind.label for kind in (*CAPABILITIES.scalars, *CAPABILITIES.containers)]
    assert len(set(labels)) == len(labels) and all(labels)
    assert TypeCapabilities.model_validate(CAPABILITIES.model_dump(mode="json")) == CAPABILITIES
    with pytest.raises(ValidationError, match="frozen"):
        CAPABILITIES.scalars = []  # pyright: ignore


RULE_VALUES = {
    "gt": [0, "2026-01-01", "12:00:00", "2026-01-01T00:00:00"],
    "multiple_of": [2],
    "max_length": [3],
    "pattern": ["^a"],
    "strict": [True],
}
"""Values of each rule for the types that have it; `ge`, `lt` and `le` are as `gt`."""


@pytest.mark.parametrize(
    ("kind", "constraints"),
    [(scalar.id, scalar.constraints) for scalar in CAPABILITIES.scalars]
    + [
        ("Dict[str, str]" if it.id == "Dict" else f"{it.id}[str, ...]", it.constraints)
        if it.id in {"Dict", "Tuple"}
        else (f"{it.id}[str]", it.constraints)
        for it in CAPABILITIES.containers
    ],
)
def test_the_catalogue_has_the_rules_of_a_type(kind: str, constraints: list[str]) -> None:
    for rule, values in RULE_VALUES.items():
        accepted = any(is_possible(kind, validation={rule: value}) for value in values)
        assert accepted == (rule in constraints), rule
    assert {"ge", "lt", "le"} & {*constraints} == (
        {"ge", "lt", "le"} if "gt" in constraints else set()
    )
    assert ("min_length" in constraints) == ("max_length" in constraints)


@pytest.mark.parametrize("container", CAPABILITIES.containers, ids=lambda it: it.id)
def test_the_catalogue_has_what_a_container_can_hold(container: ContainerTypeCapability) -> None:
    pattern = {"Dict": "Dict[str, {}]", "Tuple": "Tuple[{}, ...]"}
    kind = pattern.get(container.id, container.id + "[{}]")
    nested = [field(name="b").model_dump()]
    possible = {
        "scalar": is_possible(kind.format("str")),
        "object": is_possible(kind.format("object"), nested_fields=nested),
        "container": is_possible(kind.format("List[str]")),
        "hashable_container": is_possible(kind.format("FrozenSet[str]")),
    }
    allowed = {*container.allowed_item_kinds}
    if "hashable_scalar" in allowed:
        assert allowed == {"hashable_scalar", "hashable_container"}
        assert possible["scalar"] and possible["hashable_container"]
        assert not possible["container"] and not possible["object"]
    else:
        assert {kind for kind, is_so in possible.items() if is_so} == {
            *allowed,
            "hashable_container",
        }
