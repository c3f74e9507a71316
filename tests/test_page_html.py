"""The pages of a PDF in notebooks: drawn small, with marks, within limits."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import samples
import structx
from provider import FakeProvider
from structx import Extractor
from structx._engine import page_html

PDF = Path(__file__).parent.parent / "scripts/example_input/S0305SampleInvoice.pdf"


class Invoice(BaseModel):
    total: str


def row_of(provider: FakeProvider, data: Any, total: str = "2685.60") -> Any:
    provider.script({"content": json.dumps({"items": [{"total": total}]})})
    extractor = Extractor(model="openai/fake", api_key="k", api_base=provider.base_url)
    return extractor.extract(data=data, query="the total", model=Invoice).rows[0]


def pages_of(html: str) -> list[int]:
    return [int(number) for number in re.findall(r"<svg [^>]*aria-label='page (\d+)'", html)]


def test_a_row_shows_its_page_with_marks(provider: FakeProvider) -> None:
    row = row_of(provider, PDF)
    html = row._repr_html_()
    assert pages_of(html) == [1]
    (image,) = re.findall(r"href='data:image/png;base64,([^']+)'", html)
    data = b64decode(image)
    assert max(int.from_bytes(data[at : at + 4], "big") for at in (16, 20)) <= 800
    ((left, top, *_),) = row.evidence["/0/total"].spans[0].boxes
    assert f"<rect x='{left}' y='{top}' " in html
    assert "<title>/0/total: normalized</title>" in html


def test_a_document_shows_its_first_pages(tmp_path: Path) -> None:
    lines = ["A line of text"]
    path = tmp_path / "five.pdf"
    path.write_bytes(samples.pdf([samples.page_of(lines)] * 5))
    html = structx.read(path)._repr_html_()
    assert pages_of(html) == [1, 2, 3] and "<rect" not in html


def test_what_is_not_drawn_is_shown_as_before(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pages_of(row_of(provider, "Total: 2685.60")._repr_html_()) == []
    assert pages_of(row_of(provider, PDF, total="nowhere")._repr_html_()) == []
    path = tmp_path / "invoice.pdf"
    path.write_bytes(PDF.read_bytes())
    document = structx.read(path)
    assert pages_of(document._repr_html_()) == [1]
    path.unlink()
    assert "<pre" in document._repr_html_() and pages_of(document._repr_html_()) == []
    path.write_bytes(PDF.read_bytes())
    for limit in ("_MOST_PAGES", "_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(page_html, limit, 0)
            assert pages_of(document._repr_html_()) == []
