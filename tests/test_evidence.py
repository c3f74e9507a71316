"""Evidence: where values stand, and replies that are held to the source."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from pydantic import BaseModel, Field

from provider import FakeProvider
from structx import Extractor, RunOptions
from structx.evidence import Evidence, RowEvidence, Span

TEXT = (
    "Invoice 2041\nTeppich 2 x EUR 600,25\nTotal due: EUR 1.200,50\n\U0001f600 Buyer: Müller GmbH"
)


class Line(BaseModel):
    name: str
    price: Decimal | None = Field(validation_alias="unit_price")


class Invoice(BaseModel):
    number: str
    total: Decimal | None
    buyer: str
    lines: list[Line] = []
    kind: Literal["paid", "open"] = "open"


ITEM: dict[str, Any] = {
    "number": "2041",
    "total": "1200.50",
    "buyer": "Müller GmbH",
    "lines": [{"name": "Teppich", "unit_price": "600.25"}],
    "kind": "open",
}


def extractor(provider: FakeProvider, retries: int = 3) -> Extractor:
    return Extractor(
        model="openai/fake",
        api_key="k",
        api_base=provider.base_url,
        max_retries=retries,
        min_wait=0,
        max_wait=0,
    )


def reply(**changes: Any) -> dict[str, Any]:
    return {"content": json.dumps({"items": [{**ITEM, **changes}]})}


def row_of(provider: FakeProvider, data: Any = TEXT, **options: Any) -> Any:
    subject = extractor(provider, options.pop("retries", 3))
    return subject.extract(data=data, query="the invoice", model=Invoice, **options).rows[0]


def test_each_value_says_where_it_stands(provider: FakeProvider) -> None:
    provider.script(reply())
    row = row_of(provider)
    found = row.evidence
    assert {pointer: one.status for pointer, one in found.items()} == {
        "/0/number": "exact",
        "/0/total": "normalized",
        "/0/buyer": "exact",
        "/0/lines/0/name": "exact",
        "/0/lines/0/unit_price": "normalized",
        "/0/kind": "inferred",
    }
    total = found["/0/total"]
    assert (total.value, total.text, total.occurrences) == ("1200.50", "1.200,50", 1)
    for one in found.values():
        assert all(TEXT[span.start : span.end] == span.text for span in one.spans)
    assert found["/0/buyer"].spans[0].start == TEXT.index("Müller")
    assert found is row.evidence and repr(found).count("Müller") == 0


def test_a_part_is_found_by_its_attributes(provider: FakeProvider) -> None:
    provider.script(reply())
    row = row_of(provider)
    price = row.evidence_of(row.items[0], "lines", 0, "price")
    assert price is row.evidence["/0/lines/0/unit_price"]
    assert row.evidence_of(0, "lines", 0, "price") is price
    with pytest.raises(ValueError, match="not one of"):
        row.evidence_of(row.items[0].model_copy(), "total")


def test_rows_of_tables_keep_evidence_if_asked(provider: FakeProvider) -> None:
    orders = [{"id": 7, "note": "two\n1,200.50 EUR"}, {"id": 8, "note": "nothing"}]
    subject = extractor(provider)
    call: dict[str, Any] = {"data": orders, "query": "the invoice", "model": Invoice}
    provider.script({**reply(lines=[], buyer=""), "times": 9})
    with pytest.raises(ValueError, match="evidence=True"):
        print(subject.extract(**call).rows[0].evidence)
    result = subject.extract(**call, evidence=True)
    (span,) = result.rows[0].evidence["/0/total"].spans
    assert span.cell == ("data", 0, "note") and span.text == "1,200.50"
    assert result.rows[1].evidence["/0/total"].status == "missing"


def test_failed_and_empty_rows_have_no_evidence(provider: FakeProvider) -> None:
    provider.script({"content": '{"items": []}'}, {"status": 400, "times": 9})
    assert len(row_of(provider).evidence) == 0
    assert len(row_of(provider).evidence) == 0


def test_evidence_pickles_streams_and_comes_from_the_journal(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script({**reply(), "times": 2})
    journal = tmp_path / "run.db"
    first = row_of(provider, journal=journal)
    again = row_of(provider, journal=journal)
    assert again.from_journal and dict(again.evidence) == dict(first.evidence)
    copied = pickle.loads(pickle.dumps(first))
    assert copied == first and dict(copied.evidence) == dict(first.evidence)
    subject = extractor(provider)
    with subject.extract_stream(data=TEXT, query="the invoice", model=Invoice) as rows:
        assert dict(next(iter(rows)).evidence) == dict(first.evidence)


def test_the_long_form_has_a_record_for_each_place(provider: FakeProvider) -> None:
    provider.script(reply(buyer="Nobody"))
    result = extractor(provider).extract(data=TEXT, query="the invoice", model=Invoice)
    records = result.evidence()
    assert [record["pointer"] for record in records] == list(result.rows[0].evidence)
    buyer = next(record for record in records if record["pointer"] == "/0/buyer")
    assert (buyer["status"], buyer["text"], buyer["page"]) == ("missing", None, None)
    frame = result.evidence(return_df=True)
    assert isinstance(frame, pd.DataFrame) and len(frame) == len(records)


def test_what_no_value_cites_is_told(provider: FakeProvider) -> None:
    provider.script(reply(lines=[]))
    result = extractor(provider).extract(data=TEXT, query="the invoice", model=Invoice)
    (left,) = result.rows[0].uncited
    assert (left.omission, left.span.text) == ("amount", "EUR 600,25")
    assert TEXT[left.span.start : left.span.end] == "EUR 600,25"
    assert result.coverage == 0.5


def test_a_table_may_have_the_evidence_beside_the_values(provider: FakeProvider) -> None:
    orders = [{"note": "two for 1,200.50 EUR"}, {"note": "nothing"}]
    provider.script({**reply(lines=[{"name": "two", "unit_price": "2"}], buyer=""), "times": 2})
    table: Any = (
        extractor(provider)
        .extract(
            data=orders,
            query="the invoice",
            model=Invoice,
            evidence=True,
            return_df=True,
            expand_nested=True,
        )
        .data
    )
    assert list(table["total_status"]) == ["normalized", "missing"]
    assert (table["total_start"][0], table["total_end"][0]) == (14, 22)
    assert table["lines_0_name_status"][0] == "exact" and "buyer_status" not in table
    assert "extraction_status" in table and pd.isna(table["total_page"][0])


def test_values_of_a_page_have_boxes(provider: FakeProvider) -> None:
    pdf = Path(__file__).parent.parent / "scripts/example_input/S0305SampleInvoice.pdf"
    provider.script(reply(lines=[], buyer="", number="", total="2685.60"))
    total = row_of(provider, data=pdf).evidence["/0/total"]
    assert (total.status, total.text, total.spans[0].page) == ("normalized", "2,685.60", 1)
    ((left, top, right, bottom),) = total.spans[0].boxes
    assert 0 < left < right < 700 and 0 < top < bottom < 900


@pytest.mark.parametrize("rule", [True, "normalized", {"total": "normalized", "number": "exact"}])
def test_what_is_not_there_goes_back_to_the_model(provider: FakeProvider, rule: Any) -> None:
    provider.script(reply(total="99.99"), reply())
    row = row_of(provider, require_grounding=rule)
    assert row.items[0].total == Decimal("1200.50")
    correction = provider.requests()[1]["body"]["messages"][-1]["content"]
    assert 'items/0/total: "99.99" does not stand in the document' in correction


def test_the_rule_of_a_field_is_for_that_field(provider: FakeProvider) -> None:
    provider.script({**reply(total="99.99"), "times": 9})
    assert row_of(provider, require_grounding={"buyer": "exact"}).status == "success"
    assert row_of(provider, require_grounding={"lines.unit_price": "exact"}).status == "failed"


@pytest.mark.parametrize(
    ("on_ungrounded", "requests", "status", "total"),
    [
        ("reask", 4, "failed", None),
        ("fail", 2, "failed", None),
        ("null", 2, "success", None),
        ("keep", 2, "success", Decimal("99.99")),
    ],
)
def test_what_stays_missing(
    provider: FakeProvider, on_ungrounded: Any, requests: int, status: str, total: Decimal | None
) -> None:
    provider.script({**reply(total="99.99"), "times": 9})
    row = row_of(provider, require_grounding=True, on_ungrounded=on_ungrounded)
    assert (row.status, provider.stats()["requests"]) == (status, requests)
    if status == "success":
        assert row.items[0].total == total
        assert ("/0/total" in row.evidence) == (total is not None)
    else:
        assert "does not stand in the document" in row.error


def test_without_attempts_left_the_choice_applies_at_once(provider: FakeProvider) -> None:
    provider.script({**reply(total="99.99"), "times": 9})
    row = row_of(provider, require_grounding=True, on_ungrounded="null", retries=0)
    assert row.items[0].total is None and provider.stats()["requests"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"require_grounding": "near"}, "require_grounding must be"),
        ({"require_grounding": {"total": 3}}, "require_grounding must be"),
        ({"on_ungrounded": "drop"}, "on_ungrounded must be one of"),
        ({"evidence": "yes"}, "evidence"),
    ],
)
def test_wrong_options_are_errors_before_any_request(
    provider: FakeProvider, options: RunOptions, message: str
) -> None:
    provider.script()
    with pytest.raises(Exception, match=message):
        row_of(provider, **options)
    assert provider.stats()["requests"] == 0


def test_a_row_made_in_python_keeps_its_evidence() -> None:
    span = Span(0, 1, "a", None, [], None, "text")
    found = RowEvidence({"/0/x": Evidence("a", "a", "exact", 1.0, [span], 1)})
    assert pickle.loads(pickle.dumps(found))["/0/x"] == found["/0/x"]
