"""Evidence in the shapes of LlamaExtract and docling, against their types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter

from provider import FakeProvider
from structx import Extractor

PDF = Path(__file__).parent.parent / "scripts/example_input/S0305SampleInvoice.pdf"


class LlamaBox(BaseModel):
    """As llama-cloud-services has it in `beta/agent_data/schema.py`."""

    x: float
    y: float
    w: float
    h: float


class LlamaSize(BaseModel):
    width: float
    height: float


class LlamaCitation(BaseModel):
    model_config = ConfigDict(extra="forbid")
    page: int | None = None
    matching_text: str | None = None
    bounding_boxes: list[LlamaBox] | None = None
    page_dimensions: LlamaSize | None = None


class LlamaField(BaseModel):
    """ExtractedFieldMetadata, which forbids other fields, too."""

    model_config = ConfigDict(extra="forbid")
    reasoning: str | None = None
    confidence: float | None = None
    extraction_confidence: float | None = None
    parsing_confidence: float | None = None
    citation: list[LlamaCitation] | None = None


class DoclingBox(BaseModel):
    """As docling-core has it in `types/doc/base.py`."""

    model_config = ConfigDict(extra="forbid")
    l: float  # noqa: E741
    t: float
    r: float
    b: float
    coord_origin: Literal["TOPLEFT", "BOTTOMLEFT"] = "TOPLEFT"


class ProvenanceItem(BaseModel):
    """As docling-core has it in `types/doc/document.py`."""

    model_config = ConfigDict(extra="forbid")
    page_no: int
    bbox: DoclingBox
    charspan: tuple[int, int]


class Invoice(BaseModel):
    total: str
    paid: bool
    lines: list[dict[str, Any]] = []


def result_of(provider: FakeProvider, data: Any, items: list[Any], model: Any = Invoice) -> Any:
    provider.script({"content": json.dumps({"items": items})})
    extractor = Extractor(model="openai/fake", api_key="k", api_base=provider.base_url)
    return extractor.extract(data=data, query="the invoice", model=model)


def test_citations_have_the_form_of_the_item(provider: FakeProvider) -> None:
    item = {"total": "2685.60", "paid": True, "lines": [{"a/b": "2,685.60"}, {"a/b": "none"}]}
    (metadata,) = result_of(provider, PDF, [item]).evidence(shape="llamaextract")
    found = metadata["field_metadata"]
    total = LlamaField.model_validate(found["total"])
    assert total.citation is not None and total.confidence is not None
    (citation,) = total.citation
    assert (citation.page, citation.matching_text) == (1, "2,685.60")
    assert citation.bounding_boxes and citation.page_dimensions
    (box,), size = citation.bounding_boxes, citation.page_dimensions
    assert 0 < box.x < box.x + box.w < size.width and 0 < box.y < box.y + box.h < size.height
    assert found["paid"] == {"citation": []}
    assert [set(line) for line in found["lines"]] == [{"a/b"}, {"a/b"}]
    missing = LlamaField.model_validate(found["lines"][1]["a/b"])
    assert (missing.confidence, missing.citation) == (0, [])
    json.dumps(metadata)


def test_a_source_without_pages_has_no_boxes(provider: FakeProvider) -> None:
    result = result_of(provider, "Total: 12.50 EUR", ["12.50"], str)
    (metadata,) = result.evidence(shape="llamaextract")
    leaf = LlamaField.model_validate(metadata["field_metadata"]["value"])
    assert leaf.citation == [LlamaCitation(page=None, matching_text="12.50")]
    (record,) = result.evidence(shape="docling")
    assert (record["pointer"], record["text"], record["prov"]) == ("/0", "12.50", [])


def test_provenance_is_that_of_docling(provider: FakeProvider) -> None:
    result = result_of(provider, PDF, [{"total": "2685.60", "paid": True}])
    total, paid = result.evidence(shape="docling")
    assert (total["row"], total["pointer"], paid["prov"]) == (0, "/0/total", [])
    (item,) = TypeAdapter(list[ProvenanceItem]).validate_python(total["prov"])
    assert item.page_no == 1 and total["text"][slice(*item.charspan)] == "2,685.60"
    (box,) = result.rows[0].evidence["/0/total"].spans[0].boxes
    assert (item.bbox.l, item.bbox.t, item.bbox.r, item.bbox.b) == box


def test_a_frame_has_records_alone(provider: FakeProvider) -> None:
    result = result_of(provider, "Total: 12.50 EUR", ["12.50"], str)
    with pytest.raises(ValueError, match="leave out shape"):
        result.evidence(shape="docling", return_df=True)
