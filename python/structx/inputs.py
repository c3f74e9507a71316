"""The data that the methods of an Extractor accept."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, Union, cast

from structx import _core
from structx._engine.source import Source
from structx._engine.tables import write
from structx.exceptions import ExtractionError


class Table(Protocol):
    """A DataFrame of pandas or polars, or a Table of pyarrow."""

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""
        ...

    @property
    def columns(self) -> Any:
        """The names of the columns; of pyarrow, the columns."""
        ...


class BinaryFile(Protocol):
    """A file object, such as `open(path, "rb")` gives, or an upload."""

    def read(self, size: int, /) -> bytes | str:
        """At most so many bytes, or characters."""
        ...


class ReadSource(Protocol):
    """A source that was read: a Document."""

    @property
    def source(self) -> _core.Prepared:
        """The content."""
        ...


Data: TypeAlias = Union[
    str,
    "os.PathLike[str]",
    bytes,
    bytearray,
    memoryview,
    BinaryFile,
    Sequence[Mapping[str, Any]],
    Table,
    "ReadSource",
    "PreparedInput",
]
"""A text, a path (see `Extractor.extract`), the content of a file as bytes or a file object, a list
of dicts or a table, each dict or record of them a row, or what `structx.read` or
`Extractor.prepare_input` made of one of these."""


@dataclass(frozen=True)
class PdfRow:
    """A row that comes of a PDF."""

    pdf_path: Path
    source: str
    """The path as it was given."""


class PreparedInput:
    """Data that was read once, for any number of calls, which don't close it.

    Made by `Extractor.prepare_input` and `FileReader.read_file`. After `close`, all but `closed`
    raises ExtractionError.
    """

    def __init__(self, prepared: _core.Prepared, source: Source) -> None:
        self._prepared: _core.Prepared | None = prepared
        self._source: Source | None = Source((prepared, "{}"), source.table, source.labels)
        self._dataframe: Any = source.table

    @property
    def dataframe(self) -> Any:
        """The caller's own table if there was one, else a pandas DataFrame of the records.

        A document is one row with the columns `source` (its path, or `text`) and `text`. Raises
        ExtractionError where pandas is needed and missing.
        """
        prepared = self._open()
        if self._dataframe is None:
            self._dataframe = source_frame(prepared)
        return self._dataframe

    @property
    def pdf_rows(self) -> dict[int, PdfRow]:
        """By position, the rows that come of a PDF: its only row, or none for other data."""
        prepared = self._open()
        if prepared.path is None or not prepared.is_pdf:
            return {}
        return {0: PdfRow(prepared.path, str(prepared.path))}

    @property
    def planning_sample(self) -> str:
        """The part of the data that planning is shown: at most 4,000 characters of it."""
        return self._open().sample()

    @property
    def owned_paths(self) -> list[Path]:
        """The files that were made of the data and go with it: none, all is kept in memory."""
        self._open()
        return []

    @property
    def closed(self) -> bool:
        """Whether it can't be used any more."""
        return self._prepared is None

    def ensure_open(self) -> None:
        """Raise ExtractionError if it is closed."""
        self._open()

    def close(self) -> None:
        """Let go of the data; closing again does nothing. Calls under way keep theirs."""
        self._prepared = self._source = self._dataframe = None

    def source(self) -> Source:
        """The data of a call that uses it."""
        self._open()
        return cast(Source, self._source)

    def __enter__(self) -> PreparedInput:
        self.ensure_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<PreparedInput {'closed' if self.closed else 'open'}>"

    def _open(self) -> _core.Prepared:
        if self._prepared is None:
            raise ExtractionError("the prepared input is closed; prepare the data again")
        return self._prepared


def source_frame(prepared: _core.Prepared) -> Any:
    """The source as a pandas DataFrame; of a document, one row with `source` and `text`.

    Raises ExtractionError if pandas is not installed.
    """
    values = prepared.values()
    if values is None:
        columns: dict[str, Any] = {
            "source": [str(prepared.path or "text")],
            "text": [prepared.text],
        }
    else:
        import json  # not needed to import structx

        columns = dict(zip(prepared.columns, json.loads(values), strict=True))
    try:
        return write.frame_of(columns)
    except ModuleNotFoundError as error:
        raise ExtractionError(str(error)) from error
