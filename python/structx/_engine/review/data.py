"""The data of the review page: sources, rows, fields and pages, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from typing_extensions import TypedDict

from structx import _core
from structx._engine import items, leaves
from structx._engine.originals import File, Result, documents_of, source_of
from structx._engine.review import images, text_pages
from structx._engine.review.text_pages import TextPage
from structx._engine.source import number_of

if TYPE_CHECKING:
    from structx.evidence import Evidence, RowEvidence, Span, Uncited

MOST_CHARACTERS = 50_000_000
"""Characters of all pages together; browsers refuse strings of 512 MiB. Chosen by hand."""


class Field(TypedDict):
    """A value of a row, and where it stands."""

    pointer: str
    value: str
    """JSON, as text: JavaScript would round large numbers."""
    status: str
    score: float
    text: str
    occurrences: int
    spans: list[tuple[int, int, int | None, list[Any], Any]]
    """start, end, page, boxes, cell"""
    reply: str | None
    """The value in the reply of the model as JSON, where it is another one."""
    is_in_item: bool
    """False for a value that only the reply has: the model class leaves it out, or renames it."""
    title: str | None
    """What stands for a name, where the pointer is empty."""


class Row(TypedDict):
    """A row of a source."""

    position: int
    label: str
    status: str
    error: str | None
    pages: list[TextPage]
    fields: list[Field]


class SourceData(TypedDict):
    """A result with its source."""

    name: str
    model: str
    schema: Any
    """The JSON Schema of an item; None if it has none."""
    notes: list[str]
    rows: list[Row]


class Collected:
    """What the page shows."""

    def __init__(self, image_bytes: int) -> None:
        self.sources: list[SourceData] = []
        self.images = images.Images(image_bytes)
        self._characters = 0

    def add(self, name: str | None, result: Result, file: File | None = None) -> None:
        """Adds a result. Without its document, pages are parts of the text of its rows.

        Raises FileError and ValueError: `file` can't be read, or is not that of the result.
        """
        documents = documents_of(result)
        by_source = _by_source(result.rows)
        if len(by_source) > 1:
            if file is not None:
                raise ValueError("source: the result is of several sources; leave it out")
            for number, rows in by_source.items():
                document = documents[number] if number < len(documents) else None
                own = str(rows[0].source)
                self._add(f"{name}: {own}" if name else own, result, rows, document)
            return
        self._add(name, result, result.rows, source_of(result, file))

    def _add(
        self,
        name: str | None,
        result: Result,
        of_source: list[_core.RowResult[Any]],
        source: _core.Prepared | None,
    ) -> None:
        document = None
        if source is not None and len(of_source) == 1:
            document = _core.reading_document((source, "{}")).wait()
        rows = [_row(row, _pages(row, document)) for row in of_source]
        if source is not None and document is not None:
            self.images.draw(source, document.format, rows[0]["pages"], _shown(rows[0]["fields"]))
        self._bound(page for row in rows for page in row["pages"])
        # Those about one of several sources have its name.
        warnings = result.warnings if len(of_source) == len(result.rows) else []
        self.sources.append(
            {
                "name": name or (document.name if document else _name(result, source)),
                "model": items.name_of(result.model),
                "schema": _schema(result.model),
                "notes": [*warnings, *_notes(rows)],
                "rows": rows,
            }
        )

    def _bound(self, pages: Iterable[TextPage]) -> None:
        """Leaves out the texts of pages beyond the limit."""
        for page in pages:
            self._characters += len(page["text"] or "")
            if self._characters > MOST_CHARACTERS:
                page["text"], page["headings"], page["tables"] = None, [], []
                note = f"Left out: the pages have more than {MOST_CHARACTERS:,} characters."
                page["note"] = f"{page.get('note', '')} {note}".strip()


def _by_source(
    rows: Iterable[_core.RowResult[Any]],
) -> dict[int, list[_core.RowResult[Any]]]:
    found: dict[int, list[_core.RowResult[Any]]] = {}
    for row in rows:
        found.setdefault(number_of(row), []).append(row)
    return found


def _pages(row: _core.RowResult[Any], document: _core.Document | None) -> list[TextPage]:
    if document is not None:
        return text_pages.of_document(document)
    return text_pages.of_text(row.input_data, f"Row {row.source_index}")


def _row(row: _core.RowResult[Any], pages: list[TextPage]) -> Row:
    return {
        "position": row.position,
        "label": str(row.source_index),
        "status": row.status,
        "error": row.error,
        "pages": pages,
        "fields": list(_fields(row)),
    }


def _fields(row: _core.RowResult[Any]) -> Iterator[Field]:
    """The values of a row; last those that only the reply has, not its items."""
    if not row.items:
        return
    found = _evidence(row)
    left = dict(found or {})
    for pointer, value in leaves.of_json(leaves.plain(row.items)):
        if value in ({}, []):
            continue
        one = left.pop(pointer, None)
        yield _field(pointer, value, one) if one else _bare(pointer, value, found is not None)
    for pointer, one in left.items():
        yield {**_field(pointer, one.value, one), "is_in_item": False}
    if found is not None:
        yield from map(_uncited, found.uncited)


def _evidence(row: _core.RowResult[Any]) -> RowEvidence | None:
    """None where it was not kept."""
    try:
        return row.evidence
    except ValueError:
        return None


def _field(pointer: str, value: Any, one: Evidence) -> Field:
    text, reply = _json(value), _json(one.value)
    return {
        "pointer": pointer,
        "value": text,
        "status": one.status,
        "score": one.score,
        "text": one.text,
        "occurrences": one.occurrences,
        "spans": [_span(span) for span in one.spans],
        "reply": None if reply == text else reply,
        "is_in_item": True,
        "title": None,
    }


def _bare(pointer: str, value: Any, is_checked: bool) -> Field:
    """A value without evidence: an empty one, or one that the reply does not have."""
    status = "computed" if is_checked else "unchecked"
    return {
        "pointer": pointer,
        "value": _json(value),
        "status": "empty" if value in (None, "") else status,
        "score": 0.0,
        "text": "",
        "occurrences": 0,
        "spans": [],
        "reply": None,
        "is_in_item": True,
        "title": None,
    }


def _uncited(one: Uncited) -> Field:
    """What the source states and no value cites; of a row of a table the texts of its cells."""
    cells = (cell.strip() for cell in one.span.text.split("|"))
    is_row = one.omission == "table_row"
    return {
        **_bare("", " · ".join(filter(None, cells)) if is_row else one.span.text, is_checked=True),
        "status": "uncited",
        "text": one.span.text,
        "occurrences": 1,
        "spans": [_span(one.span)],
        "is_in_item": False,
        "title": f"uncited {one.omission.replace('_', ' ')}",
    }


def _span(span: Span) -> tuple[int, int, int | None, list[Any], Any]:
    return span.start, span.end, span.page, span.boxes, span.cell


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shown(fields: list[Field]) -> set[int]:
    """The numbers of the pages on which a value stands."""
    spans = (span for field in fields for span in field["spans"])
    return {page for _, _, page, _, _ in spans if page is not None}


def _name(result: Result, source: _core.Prepared | None) -> str:
    """The name of a table: that of its file, or the one that the places of its values know."""
    if source is not None and source.path is not None:
        return source.path.name
    for row in result.rows:
        found = _evidence(row)
        for one in found.values() if found else ():
            if one.spans:
                return one.spans[0].source
    return "data"


def _notes(rows: list[Row]) -> Iterator[str]:
    pages = [page for row in rows for page in row["pages"]]
    if undrawn := sum("note" in page for page in pages):
        yield f"{undrawn:,} of {len(pages):,} pages are not drawn or left out; they say why."
    if any(field["status"] == "unchecked" for row in rows for field in row["fields"]):
        yield "Values are not checked: the rows were extracted without evidence=True."


def _schema(model: Any) -> Any:
    """The JSON Schema of an item; None for a type that has none."""
    if isinstance(model, Mapping):
        return cast("Mapping[str, Any]", model)
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(model)
        return adapter.json_schema()
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        return None
