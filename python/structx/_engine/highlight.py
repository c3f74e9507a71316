"""The PDF of a result with marks where its values stand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from structx import _core
from structx._engine.file_names import free_name
from structx._engine.originals import File, Result, documents_of, source_of
from structx._engine.source import number_of
from structx._engine.text import cut

if TYPE_CHECKING:
    from structx.evidence import Evidence

_LONGEST_VALUE = 200
_COLOURS = {
    "exact": (183, 235, 198),
    "normalized": (183, 235, 198),
    "fuzzy": (255, 229, 143),
    "ambiguous": (255, 198, 158),
    "unverifiable": (220, 196, 247),
}
"""Red, green and blue, on which black print stays legible: chosen by eye."""
_ELSEWHERE = "`result.review` shows the values of any document"

Mark: TypeAlias = "tuple[list[tuple[int, int]], tuple[int, int, int], str]"
"""Ranges of the text, a colour and a note."""


def write(result: Result, path: str | os.PathLike[str], file: File | None) -> Path:
    """Writes the marked PDF, or those of several; see `ExtractionResult.highlight`."""
    documents, path = documents_of(result), Path(path)
    if file is None and len(documents) > 1:
        return _write_all(result, documents, path)
    source = source_of(result, file)
    if source is None:
        raise ValueError(
            "the result has no document: tables have none, and a pickled result lost its own; give "
            f"the PDF as `source`, or {_ELSEWHERE}"
        )
    if not source.is_pdf:
        raise ValueError(f"only a PDF can be marked; {_ELSEWHERE}")
    marks = [mark for row in result.rows for mark in _marks(row.evidence.items())]
    if not marks:
        raise ValueError(f"the document says no value of the result; {_ELSEWHERE}")
    _write(source, marks, path)
    return path


def _write_all(result: Result, documents: Sequence[_core.Prepared | None], folder: Path) -> Path:
    """Writes each PDF with a value to a folder."""
    names: set[str] = set()
    folder.mkdir(parents=True, exist_ok=True)
    for row in result.rows:
        number = number_of(row)
        source = documents[number] if number < len(documents) else None
        if source is None or not source.is_pdf:
            continue
        if marks := list(_marks(row.evidence.items())):
            name = Path(str(row.source)).name if isinstance(row.source, str) else "document.pdf"
            _write(source, marks, folder / free_name(name, names))
    if not names:
        raise ValueError(f"no PDF says a value of the result; {_ELSEWHERE}")
    return folder


def _write(source: _core.Prepared, marks: list[Mark], path: Path) -> None:
    if source.path is not None and path.exists() and path.samefile(source.path):
        raise ValueError(f"{path} is the document itself: give another path")
    path.write_bytes(_core.highlighting(source, marks).wait())


def _marks(found: Iterable[tuple[str, Evidence]]) -> Iterator[Mark]:
    for pointer, one in found:
        if one.spans:
            value = one.value
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            note = f"{pointer}: {cut(shown, _LONGEST_VALUE)} ({one.status})"
            yield [(span.start, span.end) for span in one.spans], _COLOURS[one.status], note
