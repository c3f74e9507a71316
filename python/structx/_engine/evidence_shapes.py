"""Evidence in the shapes of other libraries, for programs that read theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from structx import _core
from structx._engine import leaves
from structx._engine.items import VALUE
from structx._engine.pointers import escaped
from structx._engine.source import number_of

if TYPE_CHECKING:
    from structx.evidence import Box, Evidence, Span

Sizes: TypeAlias = Mapping[int, tuple[float, float]]
"""Width and height of pages, by number."""


def sizes_of(source: _core.Prepared | None) -> Sizes:
    """The sizes of a document's pages; none without a document, or where the format has none."""
    if source is None or not source.is_document:
        return {}
    pages = _core.reading_document((source, "{}")).wait().pages()
    return {
        page["number"]: (page["width"], page["height"])
        for page in pages
        if page["width"] is not None and page["height"] is not None
    }


def llamaextract(
    rows: Iterable[_core.RowResult[Any]], sizes: Sequence[Sizes]
) -> list[dict[str, Any]]:
    """An `extraction_metadata` for each item; see `ExtractionResult.evidence`.

    Args:
        rows: the rows.
        sizes: those of the pages of each source.
    """
    return [
        {"field_metadata": _field_metadata(item, f"/{index}", row.evidence, _of(row, sizes))}
        for row in rows
        if row.items
        for index, item in enumerate(leaves.plain(row.items))
    ]


def _of(row: _core.RowResult[Any], sizes: Sequence[Sizes]) -> Sizes:
    return sizes[number_of(row)] if number_of(row) < len(sizes) else {}


def _field_metadata(
    item: Any, pointer: str, found: Mapping[str, Evidence], sizes: Sizes
) -> dict[str, Any]:
    """The metadata of an item; that of one without fields is its `value`."""
    made = _metadata(item, pointer, found, sizes)
    return made if isinstance(item, dict) else {VALUE: made}


def _metadata(value: Any, pointer: str, found: Mapping[str, Evidence], sizes: Sizes) -> Any:
    """What has the form of the value: at each leaf its citations, or an empty object."""
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value).items()
        return {
            name: _metadata(part, f"{pointer}/{escaped(name)}", found, sizes)
            for name, part in parts
        }
    if isinstance(value, list):
        parts = enumerate(cast("list[Any]", value))
        return [_metadata(part, f"{pointer}/{index}", found, sizes) for index, part in parts]
    one = found.get(pointer)
    return {} if one is None else _leaf(one, sizes)


def _leaf(one: Evidence, sizes: Sizes) -> dict[str, Any]:
    citations = [
        _citation(page, list(spans), sizes)
        for page, spans in groupby(one.spans, key=lambda span: span.page)
    ]
    # Of what need not stand in the text, its absence says nothing.
    is_judged = one.status not in ("inferred", "unverifiable")
    confidence = {"confidence": one.score} if is_judged else {}
    return {**confidence, "citation": citations}


def _citation(page: int | None, spans: list[Span], sizes: Sizes) -> dict[str, Any]:
    citation: dict[str, Any] = {
        "page": page,
        "matching_text": " ".join(span.text for span in spans),
    }
    if boxes := [box for span in spans for box in span.boxes]:
        citation["bounding_boxes"] = [
            {"x": left, "y": top, "w": right - left, "h": bottom - top}
            for left, top, right, bottom in boxes
        ]
    if page is not None and (size := sizes.get(page)):
        citation["page_dimensions"] = {"width": size[0], "height": size[1]}
    return citation


def docling(rows: Iterable[_core.RowResult[Any]]) -> list[dict[str, Any]]:
    """The text of each value with its provenance; see `ExtractionResult.evidence`."""
    return [
        {
            "row": row.position,
            "source": row.source,
            "pointer": pointer,
            "value": one.value,
            "text": " ".join(span.text for span in one.spans),
            "prov": list(_provenance(one.spans)),
        }
        for row in rows
        for pointer, one in row.evidence.items()
    ]


def _provenance(spans: Iterable[Span]) -> Iterator[dict[str, Any]]:
    start = 0
    for span in spans:
        end = start + len(span.text)
        for box in span.boxes if span.page is not None else ():
            yield {"page_no": span.page, "bbox": _bounding_box(box), "charspan": (start, end)}
        start = end + 1


def _bounding_box(box: Box) -> dict[str, Any]:
    left, top, right, bottom = box
    return {"l": left, "t": top, "r": right, "b": bottom, "coord_origin": "TOPLEFT"}
