"""Classes from definitions: types, rules, defaults, pickling."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from structx.definitions import (
    ExtractionPlan,
    ExtractionRequest,
    ModelField,
)
from structx.definitions.generated import create_model
from structx.exceptions import ModelGenerationError


def field(name: str, tree: Any, **changes: Any) -> dict[str, Any]:
    """A field in normal form, as the core writes it."""
    normal: dict[str, Any] = {
        "name": name,
        "type": str(tree),
        "description": "",
        "validation": {},
        "nested_fields": None,
        "required": False,
        "nullable": True,
        "has_default": False,
        "default": None,
        "tree": tree,
    }
    return normal | changes


def definition(*fields: dict[str, Any], name: str = "Invoice") -> dict[str, Any]:
    return {"model_name": name, "model_description": "A bill.", "fields": list(fields)}


def value(item: BaseModel, name: str) -> Any:
    """A field that only exists at run time."""
    return getattr(item, name)


def invoice() -> dict[str, Any]:
    lines = field("lines", ["List", ["Model", "Line"]], nested_fields=[field("sum", "Decimal")])
    return definition(field("number", "str", required=True, nullable=False), lines)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ("str", str),
        ("int", int),
        ("float", float),
        ("bool", bool),
        ("date", date),
        ("datetime", datetime),
        ("time", time),
        ("Decimal", Decimal),
        ("UUID", UUID),
        ("Any", Any),
        (["List", "str"], list[str]),
        (["Set", "int"], set[int]),
        (["FrozenSet", "int"], frozenset[int]),
        (["Dict", ["List", "float"]], dict[str, list[float]]),
        (["Tuple", "int", "str"], tuple[int, str]),
        (["Tuple", "int", "..."], tuple[int, ...]),
        (["List", ["Optional", "date"]], list[date | None]),
        (["Literal", "a", 1, True], Literal["a", 1, True]),
    ],
)
def test_types(tree: Any, expected: Any) -> None:
    made = create_model(definition(field("a", tree, required=True, nullable=False)))
    assert made.model_fields["a"].annotation == expected


@pytest.mark.parametrize(
    ("changes", "required", "null", "missing"),
    [
        ({}, False, True, None),
        ({"required": True}, True, True, None),
        ({"required": True, "nullable": False}, True, False, None),
        ({"nullable": False, "has_default": True, "default": 7}, False, False, 7),
        ({"has_default": True, "default": 7}, False, True, 7),
    ],
)
def test_required_nullable_and_defaults(
    changes: dict[str, Any], required: bool, null: bool, missing: Any
) -> None:
    made = create_model(definition(field("a", "int", **changes)))
    if required:
        with pytest.raises(ValidationError):
            made.model_validate({})
    else:
        assert made.model_validate({}).model_dump() == {"a": missing}
    if null:
        assert made.model_validate({"a": None}).model_dump() == {"a": None}
    else:
        with pytest.raises(ValidationError):
            made.model_validate({"a": None})


@pytest.mark.parametrize(
    ("tree", "rules", "good", "bad"),
    [
        ("int", {"gt": 0, "multiple_of": 2}, 2, 3),
        ("str", {"pattern": "^a", "max_length": 3}, "abc", "abcd"),
        (["List", "int"], {"min_length": 1}, [1], []),
        ("Decimal", {"ge": 0.5}, "0.5", "0.4"),
        ("date", {"ge": "2020-01-01"}, "2020-01-01", "2019-12-31"),
        ("int", {"strict": True}, 1, "1"),
    ],
)
@pytest.mark.parametrize("nullable", [True, False])
def test_rules(tree: Any, rules: dict[str, Any], good: Any, bad: Any, nullable: bool) -> None:
    required = field("a", tree, validation=rules, required=True, nullable=nullable)
    made = create_model(definition(required))
    made.model_validate({"a": good})
    with pytest.raises(ValidationError):
        made.model_validate({"a": bad})


def test_the_normal_form_of_the_core() -> None:
    file = Path(__file__).parent / "data" / "definition.json"
    made = create_model(json.loads(file.read_text(encoding="utf-8"))["normal"])
    item = made.model_validate(
        {
            "order_number": "PO-7",
            "placed": "2024-02-29",
            "state": "open",
            "items": [{"sku": "a", "price": "1.50", "size": [1, 2]}],
            "totals": {"net": 1},
        }
    )
    assert item.model_dump() == {
        "order_number": "PO-7",
        "placed": date(2024, 2, 29),
        "tags": [],
        "state": "open",
        "items": [{"sku": "a", "price": Decimal("1.50"), "size": (1, 2)}],
        "totals": {"net": 1.0},
    }
    assert type(value(item, "items")[0]).__name__ == "Items"
    wrongs: list[dict[str, Any]] = [
        {"order_number": "7"},
        {"placed": "1999-12-31"},
        {"items": []},
        {"state": "?"},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            made.model_validate(item.model_dump() | wrong)


def test_words_are_kept() -> None:
    titled = field("a", "str", description="Its name", validation={"title": "T", "alias": "A"})
    made = create_model(definition(titled))
    assert made.__name__ == "Invoice"
    schema = made.model_json_schema()
    assert schema["description"] == "A bill."
    assert schema["properties"]["A"]["description"] == "Its name"
    assert schema["properties"]["A"]["title"] == "T"
    assert made.model_validate({"A": "x"}) == made.model_validate({"a": "x"})


def test_defaults_are_of_the_fields_type() -> None:
    made = create_model(
        definition(
            field("day", "date", nullable=False, has_default=True, default="2020-01-31"),
            field("tags", ["Set", "str"], nullable=False, has_default=True, default=["a"]),
        )
    )
    first, second = made.model_validate({}), made.model_validate({})
    assert first.model_dump() == {"day": date(2020, 1, 31), "tags": {"a"}}
    assert value(first, "tags") is not value(second, "tags")
    wrong = field("day", "date", nullable=False, has_default=True, default="soon")
    with pytest.raises(ModelGenerationError, match="day: default is not a valid date"):
        create_model(definition(wrong))


def test_names_that_begin_like_methods_give_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    create_model(definition(field("model_number", "str"), field("date", "date")))
    assert not recwarn.list


def test_classes_remember_their_definition() -> None:
    made = create_model(invoice())
    request = ExtractionRequest.model_validate(made.__structx_definition__)
    assert request.model_name == "Invoice"
    nested = (request.fields[1].nested_fields or [])[0]
    assert (nested.name, nested.type) == ("sum", "Decimal")


def test_classes_and_instances_copy_and_pickle_as_themselves() -> None:
    made, twin = create_model(invoice()), create_model(invoice())
    item = made.model_validate({"number": "1", "lines": [{"sum": "1.50"}]})
    classes: list[type[BaseModel]] = [made, twin, type(value(item, "lines")[0])]
    for cls in classes:
        assert pickle.loads(pickle.dumps(cls)) is cls
        assert copy.deepcopy(cls) is cls
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(item, protocol))
        assert again == item
        assert type(again) is made
    assert copy.deepcopy(item) == item


OTHER_PROCESS = """
import pickle, sys
first, line, cls, second = pickle.load(sys.stdin.buffer)
assert type(first) is type(second) is cls
assert type(first.lines[0]) is type(line), "nested classes are shared too"
assert cls.__structx_definition__["model_name"] == "Invoice"
assert cls.model_validate(first.model_dump()) == first
sys.stdout.buffer.write(pickle.dumps(first))
"""


def test_another_process_makes_the_classes_again() -> None:
    made = create_model(invoice())
    first, second = (
        made.model_validate({"number": number, "lines": [{"sum": "1.50"}]}) for number in "12"
    )
    data = pickle.dumps((first, value(first, "lines")[0], made, second))
    path = str(Path(sys.modules["structx.definitions.generated"].__file__ or "").parents[2])
    program = f"import sys; sys.path.insert(0, {path!r})\n{OTHER_PROCESS}"
    result = subprocess.run(
        [sys.executable, "-c", program], input=data, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr.decode()
    assert pickle.loads(result.stdout) == first


def test_fields_have_the_documented_defaults() -> None:
    plain = ModelField(name="a", type="str", description="")
    assert plain.model_dump() == {
        "name": "a",
        "type": "str",
        "description": "",
        "validation": {},
        "nested_fields": None,
        "required": False,
        "nullable": True,
        "has_default": False,
        "default": None,
    }


def test_the_schema_of_a_plan_goes_by_both_names() -> None:
    request = ExtractionRequest(model_name="M", model_description="", fields=[])
    given: dict[str, Any] = {"instructions": "", "target_columns": []}
    by_alias = ExtractionPlan.model_validate(given | {"schema": request})
    by_name = ExtractionPlan.model_validate(given | {"extraction_schema": request})
    assert by_alias == by_name
    assert by_alias.extraction_schema is request
    assert isinstance(by_alias, BaseModel)
