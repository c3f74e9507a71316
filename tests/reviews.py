"""Results for the tests of the review page, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from structx import ExtractionResult, ExtractorUsage, RowResult
from structx.evidence import Evidence, EvidenceStatus, RowEvidence, Span, Uncited


class Line(BaseModel):
    article: str
    price: float = Field(ge=0)


class Invoice(BaseModel):
    number: str = Field(pattern=r"^[A-Z]\d+$", description="The number of the invoice")
    currency: Literal["EUR", "USD"]
    due: str | None = None
    lines: list[Line] = []


def result_of(*rows: RowResult[Any], model: Any = Invoice) -> ExtractionResult[Any]:
    items = [item for row in rows for item in row.items]
    return ExtractionResult(items, list(rows), model, ExtractorUsage())


def row_of(
    text: str,
    items: list[Any],
    found: Mapping[str, tuple[Any, EvidenceStatus, str]] | None = None,
    *,
    position: int = 0,
    error: str | None = None,
    uncited: str = "",
) -> RowResult[Any]:
    """A row; `found` has the value, the status and the text of each pointer, and `uncited` is an
    amount."""
    evidence = {
        pointer: _evidence(text, value, status, said)
        for pointer, (value, status, said) in (found or {}).items()
    }
    omissions = [Uncited("amount", _span(text, uncited))] if uncited else []
    found_all = RowEvidence(evidence, uncited=omissions)
    return RowResult(position, position, text, items, ExtractorUsage(), error, evidence=found_all)


def _evidence(text: str, value: Any, status: EvidenceStatus, said: str) -> Evidence:
    if not said:
        return Evidence(value, "", status, 0.0, [], 0)
    score = 0.8 if status == "fuzzy" else 1.0
    return Evidence(value, said, status, score, [_span(text, said)], text.count(said))


def _span(text: str, said: str) -> Span:
    start = text.index(said)
    return Span(start, start + len(said), said, None, [], None, "data")


TEXT = "Invoice A17 of Zoë 🦀\n\nTea 1.50 EUR\nMilk 2.25 EUR\n\nsum 3.75"


def invoice() -> ExtractionResult[Any]:
    """Two rows: one with values of several statuses, one that failed."""
    item = Invoice(
        number="A17",
        currency="EUR",
        lines=[Line(article="Tea", price=1.5), Line(article="Mlik", price=2.25)],
    )
    found: dict[str, tuple[Any, EvidenceStatus, str]] = {
        "/0/number": ("A17", "exact", "A17"),
        "/0/currency": ("EUR", "inferred", "EUR"),
        "/0/lines/0/article": ("Tea", "exact", "Tea"),
        "/0/lines/0/price": (1.5, "normalized", "1.50"),
        "/0/lines/1/article": ("Mlik", "fuzzy", "Milk"),
        "/0/lines/1/price": (2.25, "missing", ""),
    }
    return result_of(
        row_of(TEXT, [item], found, uncited="3.75"),
        row_of("no invoice", [], position=1, error="refused"),
    )


ATTACK = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
    "<!--<script> javascript:window.hacked=3 \u202egnp.exe {{script}} \u2028"
)


def attack() -> ExtractionResult[Any]:
    """Markup in the text, in a value, and in the name of a model."""
    model = type(ATTACK, (BaseModel,), {"__annotations__": {"number": str}})
    item = model(number=ATTACK)
    found: dict[str, tuple[Any, EvidenceStatus, str]] = {"/0/number": (ATTACK, "exact", ATTACK)}
    return result_of(row_of(f"before {ATTACK} after", [item], found), model=model)


def large(pages: int, lines: int) -> dict[str, Any]:
    """The data of a page for so many pages, each with so many values."""
    made: list[dict[str, Any]] = []
    fields: list[dict[str, Any]] = []
    start = 0
    for number in range(1, pages + 1):
        text = ""
        for line in range(lines):
            price = f"{number}.{line:02}"
            at = start + len(text) + len(f"Article {number}-{line} costs ")
            text += f"Article {number}-{line} costs {price} EUR and is delivered on time.\n\n"
            is_missing = line == lines - 1 and number % 10 == 0
            fields.append(
                {
                    "pointer": f"/0/lines/{len(fields)}/price",
                    "value": price,
                    "status": "missing" if is_missing else "exact",
                    "score": 1.0,
                    "text": price,
                    "occurrences": 1,
                    "spans": [] if is_missing else [(at, at + len(price), number, [], None)],
                    "reply": None,
                    "is_in_item": True,
                    "title": None,
                }
            )
        page = {"label": f"Page {number}", "start": start, "text": text, "number": number}
        made.append({**page, "headings": [], "tables": []})
        start += len(text)
    row = {"position": 0, "label": "0", "status": "success", "error": None}
    source = {"name": "large.pdf", "model": "Invoice", "schema": None, "notes": []}
    return {"sources": [{**source, "rows": [{**row, "pages": made, "fields": fields}]}]}
