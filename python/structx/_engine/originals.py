"""The document of a result, for what is made of it later: proofs, marks and the review page."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, Union

from structx import _core
from structx._engine.source import SOURCE, number_of


class ReadSource(Protocol):
    """A Document."""

    @property
    def source(self) -> _core.Prepared: ...


File: TypeAlias = Union[str, "os.PathLike[str]", "tuple[str, bytes]", ReadSource]
"""A path, a name and the content, or a Document."""


class Result(Protocol):
    """An ExtractionResult."""

    rows: list[_core.RowResult[Any]]
    model: Any
    warnings: list[str]


def documents_of(result: Result) -> Sequence[_core.Prepared | None]:
    """The documents of a result by the numbers of their sources; None for tables."""
    return vars(result).get(SOURCE, ((), ""))[0]


def source_of(result: Result, file: File | None) -> _core.Prepared | None:
    """The document of a result of one: `file`, or that which it was extracted from; None if it is
    gone.

    Raises FileError and ValueError: `file` can't be read or is not that of the result.
    """
    if file is None:
        documents, number = documents_of(result), number_of(result.rows[0]) if result.rows else 0
        return documents[number] if number < len(documents) else None
    if isinstance(file, str | os.PathLike | tuple):
        given = file if isinstance(file, tuple) else Path(file)
        text = [row.input_data for row in result.rows]
        # With text recognition (OCR) only if the result has its text, as it takes long.
        for ocr in ("never", "auto"):
            # The mode keeps the file, of which pages are drawn.
            source = _core.reading((given, json.dumps({"mode": "vision", "ocr": ocr}))).wait()
            if [source.text] == text:
                return source
    elif [(source := file.source).text] == [row.input_data for row in result.rows]:
        return source
    raise ValueError("source: its text is not that of the result; give the file that was read")
