"""Results and documents as a notebook shows them: counts, and the first items or lines.

The notebook styles it as it does the tables of pandas, in light and dark themes alike. All text is
escaped: what a document says must not become part of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from structx.documents import Document
from structx.results import ExtractionResult, RowResult, cut

_LINES = 20
_FIELDS = 12
_LONGEST_CELL = 80
_LONGEST_TEXT = 4_000
_LEFT = "style='text-align:left'"


def of_result(result: ExtractionResult[Any, Any]) -> str:
    """The HTML of a result."""
    fields = list(result.model.model_fields)[:_FIELDS]
    lines = [line for _, line in zip(range(_LINES), _lines(result.rows, fields), strict=False)]
    head = "".join(f"<th {_LEFT}>{_text(name)}</th>" for name in ["row", *fields])
    return (
        f"<div><p>{_summary(result)}</p>"
        f"<table class='dataframe'><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>{_rest(result, len(lines), len(fields))}</div>"
    )


def of_document(document: Document) -> str:
    """The HTML of a document."""
    counts = {
        "pages": len(document.pages),
        "tables": len(document.tables),
        "characters": len(document.text),
    }
    words = " · ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    warnings = "".join(f"<li>{_text(warning, 200)}</li>" for warning in document.warnings)
    return (
        f"<div><p><b>{_text(document.name)}</b>: {words}</p><ul>{warnings}</ul>"
        f"<pre style='white-space:pre-wrap'>{_text(document.text, _LONGEST_TEXT)}</pre></div>"
    )


def _summary(result: ExtractionResult[Any, Any]) -> str:
    counts = {
        "items": result.extracted_count,
        "rows": result.attempted_count,
        "empty": result.empty_count,
        "failed": result.failure_count,
        "tokens": result.usage.total_tokens,
    }
    words = [f"{count:,} {name}" for name, count in counts.items()]
    return f"<b>{_text(result.model.__name__)}</b>: {' · '.join(words)}"


def _lines(rows: Iterable[RowResult[Any]], fields: list[str]) -> Iterator[str]:
    """A line for each item, and for each row without one."""
    for row in rows:
        index = _cell(row.source_index)
        for item in row.items:
            cells = "".join(_cell(getattr(item, name, None)) for name in fields)
            yield f"<tr>{index}{cells}</tr>"
        if not row.items:
            words = row.status if row.error is None else f"failed: {row.error}"
            yield f"<tr>{index}<td {_LEFT} colspan='{len(fields) or 1}'>" + (
                f"<i>{_text(words, 3 * _LONGEST_CELL)}</i></td></tr>"
            )


def _rest(result: ExtractionResult[Any, Any], shown: int, fields: int) -> str:
    """What the table leaves out."""
    lines = sum(len(row.items) or 1 for row in result.rows) - shown
    columns = len(result.model.model_fields) - fields
    words = [
        f"{count:,} more {name}" for name, count in (("lines", lines), ("fields", columns)) if count
    ]
    return f"<p>… {' and '.join(words)}</p>" if words else ""


def _cell(value: Any) -> str:
    return f"<td {_LEFT}>{_text('' if value is None else value)}</td>"


def _text(value: Any, length: int = _LONGEST_CELL) -> str:
    return escape(cut(str(value), length))
