"""The document of a result, for what is made of it later: proofs, marks and the review page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol, TypeAlias, Union

from structx import _core
from structx._engine.source import SOURCE


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


def source_of(result: Result, file: File | None) -> _core.Prepared | None:
    """The document of a result: `file`, or that which it was extracted from; None if it is gone.

    Raises FileError and ValueError: `file` can't be read or is not that of the result, or the
    result is of several documents.
    """
    if file is None:
        documents: list[_core.Prepared | None] = vars(result).get(SOURCE, ([], ""))[0]
        if len(documents) > 1:
            raise ValueError(
                "the result is of several documents, and this shows one: extract from one at a time"
            )
        return documents[0] if documents else None
    if isinstance(file, str | os.PathLike | tuple):
        given = file if isinstance(file, tuple) else Path(file)
        # The mode keeps the file, of which pages are drawn.
        source = _core.reading((given, json.dumps({"mode": "vision"}))).wait()
    else:
        source = file.source
    if [row.input_data for row in result.rows] != [source.text]:
        raise ValueError("source: its text is not that of the result; give the file that was read")
    return source
