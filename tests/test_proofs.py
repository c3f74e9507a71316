"""Proofs: evidence that anybody can check, without a model."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from provider import FakeProvider, connect
from structx import ExtractionResult, FileError, cli
from structx.proofs import verify

TEXT = "Invoice 2041\nTotal due: EUR 1.200,50 \U0001f600\nBuyer: Müller GmbH\n"


class Invoice(BaseModel):
    total: Decimal
    buyer: str
    city: str | None


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "invoice.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def extracted(provider: FakeProvider, data: Any) -> ExtractionResult[Invoice]:
    item = {"total": "1200.50", "buyer": "Müller GmbH", "city": "Paris"}
    provider.script({"content": json.dumps({"items": [item]})})
    return connect(provider).extract(data=data, query="the invoice", model=Invoice)


@pytest.fixture
def proof(provider: FakeProvider, document: Path) -> Path:
    path = document.with_suffix(".proof.json")
    extracted(provider, document).save_proof(path)
    return path


def test_a_proof_holds_for_its_document_and_its_copies(proof: Path, document: Path) -> None:
    assert verify(proof, document) == []
    copied = document.rename(document.with_name("another name.txt"))
    assert verify(proof, copied) == []
    content = json.loads(proof.read_text(encoding="utf-8"))
    statuses = {value["pointer"]: value["status"] for value in content["values"]}
    assert statuses == {"/0/total": "normalized", "/0/buyer": "exact", "/0/city": "missing"}


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ("1.200,50", "1.300,50", ["not the file", "/0/total: characters"]),
        ("2041", "2042", ["not the file"]),
        (TEXT, "another file", ["not the file", "/0/total", "/0/buyer"]),
    ],
    ids=["a digit", "another digit", "another file"],
)
def test_a_changed_document_is_refused(
    proof: Path, document: Path, old: str, new: str, problems: list[str]
) -> None:
    document.write_text(TEXT.replace(old, new), encoding="utf-8")
    found = verify(proof, document)
    assert len(found) == len(problems)
    assert all(part in problem for part, problem in zip(problems, found, strict=True))


def test_a_forged_value_is_refused(proof: Path, document: Path) -> None:
    content = proof.read_text(encoding="utf-8")
    proof.write_text(content.replace('"1200.50"', '"1300.50"'), encoding="utf-8")
    assert verify(proof, document) == ["/0/total: the recorded text does not say the value"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "structx-proof", "version": 9}'])
def test_what_is_no_proof(tmp_path: Path, document: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="is not a proof"):
        verify(path, document)


def test_what_has_no_proof(provider: FakeProvider, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    with pytest.raises(ValueError, match="read from a file"):
        extracted(provider, TEXT).save_proof(out)
    result = extracted(provider, document)
    with pytest.raises(ValueError, match="read from a file"):
        pickle.loads(pickle.dumps(result)).save_proof(out)
    document.write_text(TEXT.replace("1.200,50", "1.300,50"), encoding="utf-8")
    with pytest.raises(ValueError, match="no longer what was read"):
        result.save_proof(out)
    table = document.with_suffix(".csv")
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="rows of tables"):
        extracted(provider, table).save_proof(out)
    assert not out.exists()


def test_a_changed_document_costs_no_other_its_proof(
    provider: FakeProvider, tmp_path: Path
) -> None:
    files = [tmp_path / f"{name}.txt" for name in ("first", "second", "third")]
    for file in files:
        file.write_text(TEXT, encoding="utf-8")
    item = {"total": "1200.50", "buyer": "Müller GmbH", "city": "Paris"}
    provider.script(*[{"content": json.dumps({"items": [item]})}] * len(files))
    result = connect(provider).extract(data=files, query="the invoice", model=Invoice)
    files[1].write_text(TEXT.replace("1.200,50", "1.300,50"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"second\.txt is no longer what was read"):
        result.save_proof(tmp_path / "proofs")
    made = sorted(path.name for path in (tmp_path / "proofs").iterdir())
    assert made == ["first.txt.proof.json", "third.txt.proof.json"]


def test_a_missing_document_is_a_file_error(proof: Path, document: Path) -> None:
    document.unlink()
    with pytest.raises((FileError, OSError)):
        verify(proof, document)


def test_the_command_line(proof: Path, document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(proof), str(document)]) == 0
    output = capsys.readouterr()
    assert output.out == "" and "without a place: /0/city: missing" in output.err
    document.write_text(TEXT.replace("1.200,50", "1.300,50"), encoding="utf-8")
    assert cli.main(["verify", str(proof), str(document)]) == 1
    assert "/0/total" in capsys.readouterr().out
    assert cli.main(["verify", str(document), str(document)]) == 2
    assert cli.main(["verify", str(proof), str(document) + ".none"]) == 2
