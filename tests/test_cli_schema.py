"""`structx schema`, `refine` and `explain`, and what --schema takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commands import PLAN, SCHEMA, Commands, reply

REFINED = {
    "model_description": "A bill.",
    "fields": [
        {"name": "number", "description": "its number", "type": "str"},
        {"name": "currency", "description": "a code of three letters", "type": "str"},
    ],
}


@pytest.fixture
def planning(command: Commands) -> Commands:
    command.file("a.txt", "Bill B0 over 0.50 EUR")
    command.plan({"when": "refinement", "times": 9, "content": json.dumps(REFINED)})
    return command


def test_a_planned_definition_serves_extraction(planning: Commands) -> None:
    ran = planning("schema", "a.txt", "-q", "the bill", "-o", "bill.json")
    assert (ran.code, ran.out) == (0, "")
    assert "Bill: 2 fields, 15 tokens" in ran.err
    stored = json.loads((planning.folder / "bill.json").read_text(encoding="utf-8"))
    assert [field["name"] for field in stored["fields"]] == ["number", "total"]
    planning.provider.script({"content": reply({"number": "B0", "total": 0.5})})
    ran = planning("extract", "a.txt", "-q", "the bill", "--schema", "bill.json")
    assert [it["item"] for it in ran.records] == [{"number": "B0", "total": 0.5}]
    assert planning.provider.stats()["requests"] == 1


@pytest.mark.parametrize("form", ["definition", "json-schema", "python"])
def test_each_form_of_a_schema_is_read_again(planning: Commands, form: str) -> None:
    ran = planning("schema", "a.txt", "-q", "the bill", "--format", form)
    assert ran.code == 0
    suffix = "py" if form == "python" else "json"
    file = planning.file(f"made.{suffix}", ran.out)
    given = f"{file}:Bill" if form == "python" else file
    planning.provider.script({"content": reply({"number": "B0", "total": 0.5})})
    ran = planning("extract", "a.txt", "-q", "the bill", "--schema", given)
    assert [it["item"] for it in ran.records] == [{"number": "B0", "total": 0.5}], ran.err


def test_a_definition_is_refined(planning: Commands) -> None:
    planning("schema", "a.txt", "-q", "the bill", "-o", "bill.json")
    ran = planning("refine", "bill.json", "-q", "add the currency", "-o", "bill.json")
    assert ran.code == 0, ran.err
    stored = json.loads((planning.folder / "bill.json").read_text(encoding="utf-8"))
    assert stored["model_name"] == "RefinedBill"
    assert [field["name"] for field in stored["fields"]] == ["number", "currency"]
    named = planning("refine", "bill.json", "-q", "more", "--name", "Invoice")
    assert json.loads(named.out)["model_name"] == "Invoice"


def test_only_definitions_and_models_are_refined(planning: Commands) -> None:
    schema = planning.file("schema.json", json.dumps(SCHEMA))
    ran = planning("refine", schema, "-q", "more")
    assert (ran.code, "is a JSON Schema" in ran.err) == (2, True)
    planning.file("words.py", "Word = str")
    assert planning("refine", "words.py:Word", "-q", "more").code in (1, 2)
    assert planning.provider.stats()["requests"] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no JSON", "is not JSON"),
        ("[1]", "is no JSON Schema and no definition"),
        (json.dumps({**PLAN, "fields": [{"name": "a", "type": "no-type"}]}), "--schema: bad.json"),
    ],
)
def test_a_wrong_schema_is_an_error(planning: Commands, text: str, words: str) -> None:
    planning.file("bad.json", text)
    ran = planning("extract", "a.txt", "-q", "q", "--schema", "bad.json")
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_explain_says_what_is_not_enforced(planning: Commands) -> None:
    code = {"type": "string", "minLength": 3}
    model: dict[str, Any] = {**SCHEMA, "properties": {"number": code, "total": code}}
    planning.file("schema.json", json.dumps(model))
    ran = planning("explain", "--schema", "schema.json")
    assert ran.code == 0
    assert ran.out.startswith("openai/fake (provider openai, method ")
    assert "minLength" in ran.out
    report = json.loads(planning("explain", "--schema", "schema.json", "--format", "json").out)
    assert report["provider"] == "openai" and "properties" in report["sent"]
    assert planning.provider.stats()["requests"] == 0
    assert planning("explain").code == 2
