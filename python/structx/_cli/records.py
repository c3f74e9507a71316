"""The records of the output: one for each item, and one for a row without any."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from structx._cli.wording import worded
from structx._engine.pointers import escaped

if TYPE_CHECKING:
    from structx.evidence import Evidence
    from structx.results import RowResult


def records_of(name: str, row: RowResult[Any], *, evidence: bool) -> Iterator[dict[str, Any]]:
    """The records of a row of the source `name`, with the evidence of each value if asked for."""
    if not row.items:
        yield _record(name, row, None, None if row.error is None else worded(row.error))
        return
    found: Mapping[str, Evidence] = row.evidence if evidence else {}
    for index, item in enumerate(row.items):
        record = _record(name, row, plain(item), None)
        if evidence:
            record["evidence"] = _evidence_of(found, index)
        yield record


def plain(item: Any) -> Any:
    """An item as JSON types; NaN and infinity become null."""
    from pydantic import BaseModel
    from pydantic_core import to_jsonable_python

    from structx._engine import items

    if isinstance(item, BaseModel):
        return _finite(item.model_dump(mode="json"))
    if items.is_named_tuple(type(item)):
        item = item._asdict()
    return _finite(to_jsonable_python(item, fallback=str, bytes_mode="base64"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_finite(part) for part in cast("list[Any]", value)]
    return value


def _record(source: str, row: RowResult[Any], item: Any, error: str | None) -> dict[str, Any]:
    return {
        "source": source,
        "position": row.source_position,
        "row": row.position,
        "status": row.status,
        "item": item,
        "error": error,
    }


def _evidence_of(found: Mapping[str, Evidence], index: int) -> dict[str, Any]:
    """The evidence of an item, by pointers into the item."""
    start = f"/{escaped(str(index))}"
    return {
        pointer.removeprefix(start): {
            "status": one.status,
            "text": one.text,
            "places": [
                {
                    "page": span.page,
                    "start": span.start,
                    "end": span.end,
                    "boxes": [list(box) for box in span.boxes],
                    "cell": None if span.cell is None else list(span.cell),
                }
                for span in one.spans
            ],
        }
        for pointer, one in found.items()
        if pointer == start or pointer.startswith(f"{start}/")
    }
