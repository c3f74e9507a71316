"""What notebooks show of results, tables of documents and planned models."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, field_serializer

import structx
from provider import ROOT, FakeProvider
from structx import Extractor
from structx._engine import html, html_table

PDF = ROOT / "scripts/example_input/S0305SampleInvoice.pdf"


class Line(BaseModel):
    description: str
    amount: float


class Invoice(BaseModel):
    number: str
    tags: list[str]
    seller: dict[str, Any] | None
    lines: list[Line]


ITEM = {
    "number": "HPB-20417",
    "tags": ["print", "paper"],
    "seller": {"name": "Hollybrook", "address": {"city": "Leeds", "codes": [1, 2], "state": None}},
    "lines": [{"description": "Bookmark, laminated", "amount": 90.0}] * 7,
}


def cells(shown: str) -> list[str]:
    return re.findall(r"<td [^>]*>(.*?)</td>", shown)


def invoice(provider: FakeProvider, data: Any, **settings: Any) -> Any:
    provider.script({"content": json.dumps({"items": [ITEM]})})
    extractor = Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, **settings)
    return extractor.extract(data=data, query="the invoice", model=Invoice)


def test_a_result_has_its_cost_if_it_is_known(provider: FakeProvider) -> None:
    prices = {"openai/fake": {"input": 2.5, "output": 10}}
    priced = invoice(provider, PDF, prices=prices)
    assert f"1 item · 1 row · 0 empty · 0 failed · {priced.usage.total_tokens} tokens · $0.0" in (
        priced._repr_html_()
    )
    assert "$" not in invoice(provider, PDF)._repr_html_().split("</p>")[0]


def test_several_sources_have_their_names(provider: FakeProvider) -> None:
    shown = invoice(provider, [PDF, PDF.with_name("lost.pdf"), "a text"])._repr_html_()
    assert re.findall(r"<th [^>]*>(.*?)</th>", shown)[:3] == ["source", "row", "number"]
    lines = [cells(line) for line in shown.split("<tr>")[2:]]
    assert [line[0] for line in lines] == ["S0305SampleInvoice.pdf", "lost.pdf", "2"]


def test_values_with_parts_are_readable_and_have_the_status_that_needs_a_look(
    provider: FakeProvider,
) -> None:
    _, number, tags, seller, lines = cells(invoice(provider, PDF)._repr_html_())
    assert re.sub("<.*?>", "", number) == "HPB-20417 exact"
    assert tags.startswith("print, paper <small>") and ">missing<" in tags
    assert seller.startswith("name: Hollybrook, address: {city: Leeds, codes: [1, 2]}")
    one = "description: Bookmark, laminated, amount: 90.0"
    assert lines.startswith("<br>".join([one] * 5) + "<br>… 2 more")
    assert "missing" not in lines


def test_rows_of_tables_show_no_status_unless_their_evidence_is_kept(
    provider: FakeProvider,
) -> None:
    shown = invoice(provider, [{"text": "HPB-20417"}])._repr_html_()
    assert cells(shown)[1] == "HPB-20417"


def test_a_value_that_can_not_be_dumped_is_shown_by_its_str() -> None:
    class Broken(BaseModel):
        word: str = "a"

        def __str__(self) -> str:
            return "a broken <value>"

        @field_serializer("word")
        def serialized(self, word: str) -> str:
            raise ValueError(word)

    assert "a broken &lt;value&gt;" in html._cell(Broken())


def test_a_table_of_a_document_is_a_table() -> None:
    table = structx.read(PDF).tables[1]
    shown = table._repr_html_()
    assert re.findall(r"<th [^>]*>(.*?)</th>", shown) == table.rows[0]
    assert cells(shown) == [cell for row in table.rows[1:] for cell in row]
    wide = html_table.of_table([["a"] * 13] * 22)
    assert len(cells(wide)) == 12 * 20
    assert wide.endswith("<p>… 1 more line and 1 more column</p></div>")
    assert html_table.of_table([]) == ""


def test_one_page_is_no_pages() -> None:
    document = structx.read(PDF)
    assert ", 1 page, " in repr(document)
    assert "</b>: 1 page · 2 tables · " in document._repr_html_()


def test_a_planned_model_shows_its_fields() -> None:
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    amount = {"name": "amount", "type": "float", "description": "what\nit costs"}
    lines = {"name": "lines", "type": "list", "description": "", "nested_fields": [amount]}
    definition = {"model_name": "Bill", "model_description": "", "fields": [lines]}
    model = structx.model_from_extraction_request(definition)
    assert pretty(model) == ("Bill\n    lines: List[Lines]\n        amount: float  # what it costs")
    assert pretty(model(lines=None)) == "Bill(lines=None)"
