"""The programs of documented.md run unchanged, in a directory with the files that they name."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from provider import ROOT, FakeProvider
from structx import ExtractionResult, Extractor

DOCUMENT = (ROOT / "tests/documented.md").read_text(encoding="utf-8")
PROGRAMS = dict(
    re.findall(r"^## (.*?)\n\n```python\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
)

PLAN = {
    "model_name": "Contract",
    "model_description": "A contract.",
    "fields": [
        {"name": "client", "description": "who asks for the work", "type": "str"},
        {"name": "total", "description": "what is due", "type": "float"},
    ],
    "instructions": "",
}


@pytest.fixture(autouse=True)
def _files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    samples = "scripts/example_input"
    shutil.copytree(ROOT / samples, tmp_path / samples)
    text = tmp_path / "path/to/your/document.txt"
    text.parent.mkdir(parents=True)
    shutil.copy(ROOT / samples / "meeting-notes.txt", text)
    monkeypatch.chdir(tmp_path)


def run(provider: FakeProvider, subject: Extractor, program: str) -> dict[str, Any]:
    """Runs the program and returns its names."""
    provider.script({"when": "extraction_plan", "times": 100, "content": json.dumps(PLAN)})
    names: dict[str, Any] = {"extractor": subject}
    exec(compile(PROGRAMS[program], program, "exec", dont_inherit=True), names)
    return names


def asked(provider: FakeProvider) -> str:
    """The messages of all requests."""
    return json.dumps([request["body"]["messages"] for request in provider.requests()])


def assert_extracted(result: ExtractionResult[Any]) -> None:
    assert (result.attempted_count, result.success_count) == (1, 1)
    assert result.model.__name__ == "Contract"
    assert [step for step, calls in result.usage.steps.items() if calls] == [
        "schema_generation",
        "extraction",
    ]


def test_basic(provider: FakeProvider, subject: Extractor) -> None:
    names = run(provider, subject, "Basic async extraction")
    assert_extracted(names["result"])
    assert names["result"].data[0].client == "text"
    assert provider.stats()["requests"] == 2
    assert "Consultan" in asked(provider)


def test_parallel(provider: FakeProvider, subject: Extractor) -> None:
    names = run(provider, subject, "Several documents in parallel")
    contract, invoice = names["results"]
    assert_extracted(contract)
    assert_extracted(invoice)
    assert contract.rows[0].input_data != invoice.rows[0].input_data
    assert "nvoice" in invoice.rows[0].input_data


def test_beside_other_work(provider: FakeProvider, subject: Extractor) -> None:
    pytest.importorskip("aiofiles")
    result = run(provider, subject, "Beside other asynchronous work")["result"]
    assert_extracted(result)
    notes = Path("path/to/your/document.txt").read_text(encoding="utf-8")
    assert result.rows[0].input_data.split() == notes.split()


def test_several_queries(provider: FakeProvider, subject: Extractor) -> None:
    results = run(provider, subject, "Several queries")["results"]
    assert list(results) == [
        "extract all clauses related to payment",
        "extract termination conditions",
        "summarize the scope of services",
    ]
    for result in results.values():
        assert_extracted(result)
    assert provider.stats()["requests"] == 6
    first, *others = (result.rows[0].input_data for result in results.values())
    assert others == [first, first]
    tables = [result.data for result in results.values()]
    assert all(list(table["extraction_status"]) == ["Success"] for table in tables)
    assert all("client" in table.columns for table in tables)


def test_measuring(provider: FakeProvider, subject: Extractor) -> None:
    names = run(provider, subject, "Measuring before an extraction")
    [line] = names["lines"]
    assert line == (1, "native", names["measurement"].character_count, "complete", None)
    assert isinstance(names["measurement"], names["DocumentMeasurement"])
    assert isinstance(names["measurement"].pages[0], names["PageMeasurement"])
    assert provider.stats()["requests"] == 0


def test_own_text_recognition(provider: FakeProvider, subject: Extractor) -> None:
    measurement = run(provider, subject, "An own text recognition")["measurement"]
    # 8.3 inches of A4 at 100 dots per inch.
    assert (measurement.status, measurement.character_count) == ("complete", 8)
    assert [page.method for page in measurement.pages] == ["ocr"]


def test_options_for_each_step(provider: FakeProvider, subject: Extractor) -> None:
    Path("secrets").mkdir()
    Path("secrets/STRUCTX_EXTRACTION").write_text('{"seed": 7}', encoding="utf-8")
    names = run(provider, subject, "Options for each step")
    assert names["planning"] == {"reasoning_effort": "low"}
    assert names["extraction"] == {"max_completion_tokens": 16000, "seed": 7}
    assert "there is no step 'refinement'" in names["problem"]
    assert names["SameConfig"] is names["ExtractionConfig"]
    assert names["SameStep"] is names["StepConfig"]


def test_tokens_of_each_request(provider: FakeProvider, subject: Extractor) -> None:
    names = run(provider, subject, "The tokens of each request")
    assert names["thinking"] == [("schema_generation", 2), ("extraction", 2)]
    assert names["total"] == names["result"].usage


def test_a_form_for_definitions(provider: FakeProvider, subject: Extractor) -> None:
    names = run(provider, subject, "A form for definitions")
    assert names["payload"]["scalars"][0]["id"] == names["text"].id == "str"
    assert "pattern" in names["text"].constraints
    assert (names["several"].id, names["several"].ordered) == ("List", True)
    assert names["presence"].required and names["presence"].nullable
    for made in (names["Again"], names["Same"]):
        assert made(number="1", lines=["a"]).model_dump() == {"number": "1", "lines": ["a"]}


def test_files_and_rows(provider: FakeProvider, subject: Extractor) -> None:
    names = run(provider, subject, "Files and rows before an extraction")
    assert names["types"] == ["structured", "document", "unknown"]
    assert 0 < len(names["sample"]) <= 100
    assert isinstance(names["file"], names["PdfRow"])
    assert names["file"].pdf_path.name == "S0305SampleInvoice.pdf"
    assert names["payload"] == "name: Bob"


def test_all_programs_are_run() -> None:
    assert len(PROGRAMS) == DOCUMENT.count("```python") == 10
