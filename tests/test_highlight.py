"""Marks in the PDF of a result, from the call to the file; their boxes are tested in the core."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import samples
import structx
from provider import FakeProvider
from structx import Extractor

PDF = Path(__file__).parent.parent / "scripts/example_input/S0305SampleInvoice.pdf"


class Invoice(BaseModel):
    total: str
    number: str = ""


def result_of(provider: FakeProvider, data: Any, total: str = "2685.60", **options: Any) -> Any:
    provider.script({"content": json.dumps({"items": [{"total": total, "number": ""}]})})
    extractor = Extractor(model="openai/fake", api_key="k", api_base=provider.base_url)
    return extractor.extract(data=data, query="the invoice", model=Invoice, **options)


def rectangles(file: bytes) -> list[tuple[float, ...]]:
    """Those of the marks, which are appended as plain objects."""
    marks = re.findall(rb"<<[^>]*?/Subtype/Highlight.*?/Rect\[([^\]]*)\]", file, re.DOTALL)
    return [tuple(map(float, mark.split())) for mark in marks]


def test_the_pdf_has_a_mark_where_the_value_stands(provider: FakeProvider, tmp_path: Path) -> None:
    result = result_of(provider, PDF)
    marked = result.highlight(tmp_path / "marked.pdf")
    file = marked.read_bytes()
    assert file.startswith(PDF.read_bytes())
    assert b"/0/total: 2685.60 (normalized)" in file
    document = structx.read(marked)
    assert document.text == structx.read(PDF).text
    ((left, bottom, right, top),) = rectangles(file)
    ((a, b, c, d),) = result.rows[0].evidence["/0/total"].spans[0].boxes
    height = document.pages[0].height
    assert height is not None
    assert (left, right) == pytest.approx((a, c), abs=0.1)
    assert (height - top, height - bottom) == pytest.approx((b, d), abs=0.1)


def test_several_pdfs_are_marked_in_a_folder(provider: FakeProvider, tmp_path: Path) -> None:
    item = {"content": json.dumps({"items": [{"total": "2685.60", "number": ""}]}), "times": 9}
    provider.script(item)
    extractor = Extractor(model="openai/fake", api_key="k", api_base=provider.base_url)
    data = [PDF, ("other/S0305SampleInvoice.pdf", PDF.read_bytes()), "total 2685.60", tmp_path]
    call: Any = {"query": "the invoice", "model": Invoice}
    result = extractor.extract(data=data, file_options={"mode": "vision"}, **call)
    folder = result.highlight(tmp_path / "marked")
    assert sorted(path.name for path in folder.iterdir()) == [
        "S0305SampleInvoice-2.pdf",
        "S0305SampleInvoice.pdf",
    ]
    assert all(len(rectangles(path.read_bytes())) == 1 for path in folder.iterdir())
    result = extractor.extract(data=["total 2685.60"] * 2, **call)
    with pytest.raises(ValueError, match="no PDF says a value"):
        result.highlight(tmp_path / "none")


def test_without_evidence_no_document_is_kept(provider: FakeProvider, tmp_path: Path) -> None:
    result = result_of(provider, PDF, evidence=False)
    with pytest.raises(ValueError, match="the result has no document"):
        result.highlight(tmp_path / "marked.pdf")
    table = result_of(provider, PDF, evidence=False, return_df=True)
    assert table.data["total"].tolist() == ["2685.60"]


def test_a_loop_is_not_held(provider: FakeProvider, tmp_path: Path) -> None:
    result = result_of(provider, ("a.pdf", PDF.read_bytes()), file_options={"mode": "vision"})
    path = asyncio.run(result.highlight_async(tmp_path / "marked.pdf"))
    assert len(rectangles(path.read_bytes())) == 1


def test_a_result_without_its_document_says_so(provider: FakeProvider, tmp_path: Path) -> None:
    copied = pickle.loads(pickle.dumps(result_of(provider, PDF)))
    with pytest.raises(ValueError, match="give the PDF as `source`"):
        copied.highlight(tmp_path / "marked.pdf")
    for source in (PDF, ("a.pdf", PDF.read_bytes()), structx.read(PDF)):
        assert copied.highlight(tmp_path / "marked.pdf", source=source).exists()
    with pytest.raises(ValueError, match="not that of the result"):
        copied.highlight(tmp_path / "other.pdf", source=("a.txt", b"another"))
    assert not (tmp_path / "other.pdf").exists()


def test_what_is_no_pdf_is_told_what_to_do(provider: FakeProvider, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"only a PDF.*`result\.review`"):
        result_of(provider, "Total: 2685.60").highlight(tmp_path / "marked.pdf")
    with pytest.raises(ValueError, match="says no value"):
        result_of(provider, PDF, total="nowhere").highlight(tmp_path / "marked.pdf")


def test_a_file_that_changed_is_not_marked(provider: FakeProvider, tmp_path: Path) -> None:
    path = tmp_path / "invoice.pdf"
    path.write_bytes(PDF.read_bytes())
    result = result_of(provider, path)
    path.write_bytes(samples.samples()["report.pdf"])
    with pytest.raises(ValueError, match="the document itself"):
        result.highlight(path)
    with pytest.raises(structx.FileError, match="changed since"):
        result.highlight(tmp_path / "marked.pdf")
