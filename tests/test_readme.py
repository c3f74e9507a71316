"""The Python blocks of the README run unchanged, one after another, with a scripted provider."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from provider import ROOT, FakeProvider
from structx import ExtractionResult

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)

TICKETS = len((ROOT / "scripts/example_input/tickets.csv").read_text("utf-8").splitlines()) - 1

PLAN = {
    "model_name": "Invoice",
    "model_description": "An invoice.",
    "fields": [
        {"name": "invoice_number", "description": "its number", "type": "str"},
        {"name": "due_date", "description": "when it is due", "type": "date"},
        {"name": "total_amount", "description": "what is due", "type": "float"},
    ],
    "instructions": "",
}
INVOICE = {"number": "none", "due": "2017-01-31", "total": "2685.60"}
REFINED = {
    "model_description": "An invoice.",
    "fields": [
        {"name": "invoice_number", "description": "its number", "type": "str"},
        {"name": "currency", "description": "a code of three letters", "type": "str"},
    ],
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, provider: FakeProvider) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("STRUCTX_MODEL", "openai/fake")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("GROQ_API_KEY", "none")
    monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
    provider.script(
        {"when": "extraction_plan", "times": 100, "content": json.dumps(PLAN)},
        {"when": "refinement", "content": json.dumps(REFINED)},
        {
            "when": "the number, the due date and the total due",
            "content": json.dumps({"items": [INVOICE]}),
        },
    )


def run() -> tuple[dict[str, Any], list[ExtractionResult[Any]]]:
    """Runs the blocks; returns their names, and each value of `result`."""
    space: dict[str, Any] = {"__name__": "readme"}
    results: list[ExtractionResult[Any]] = []
    for block in BLOCK.finditer(README):
        # Keeps line numbers, so that a traceback has those of the README.
        above = README.count("\n", 0, block.start(1))
        code = compile("\n" * above + block[1], "README.md", "exec", dont_inherit=True)
        exec(code, space)
        if not results or space["result"] is not results[-1]:
            results.append(space["result"])
    return space, results


def test_every_block_runs(provider: FakeProvider, capsys: pytest.CaptureFixture[str]) -> None:
    space, results = run()
    results += [*space["answers"].values(), *space["results"]]
    assert [result.attempted_count for result in results] == [1, 1, TICKETS, 1, 1, 1, 1]
    assert [result.failure_count for result in results] == [0] * 7
    assert all(result.data for result in results)
    assert isinstance(space["invoice"], space["Invoice"])
    assert list(space["table"].index) == list(space["tickets"].index[:3])
    assert list(space["table"]["extraction_status"]) == ["Success"] * 3
    assert space["prepared"].closed
    assert space["counted"].usage.cost == pytest.approx(4 * 70e-6)
    plans, refinements = 1 + 2 + 1 + 1 + 2 + 1, 1
    rows = 1 + 1 + TICKETS + 3 + 3 + 2 + 2 + 3 + 1 + 2
    assert provider.stats()["requests"] == plans + refinements + rows
    printed = capsys.readouterr().out
    assert '"invoice_number": "text"' in printed
    assert space["marked"].exists() and "1 2,685.60 [{'x': " in printed
    assert "100 % of" in printed
    assert "missing.pdf" in printed
    assert "FileError" in printed


def test_the_models_of_the_readme() -> None:
    space, _ = run()
    assert list(space["Planned"].model_fields) == ["invoice_number", "due_date", "total_amount"]
    assert list(space["Refined"].model_fields) == ["invoice_number", "currency"]
    assert space["Again"].model_json_schema() == space["Refined"].model_json_schema()
    assert space["Order"](number="1", articles=["a", "b"]).model_dump() == {
        "number": "1",
        "articles": ["a", "b"],
    }
