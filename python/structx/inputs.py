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


class DataTable(Protocol):
    """A DataFrame of pandas or polars, or a Table of pyarrow."""

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""
        ...

    @property
    def columns(self) -> Any:
        """The names of the columns; of pyarrow, the columns."""
        ...


class ArrowStream(Protocol):
    """What gives a table to any reader of Arrow: a RecordBatchReader, a relation of DuckDB, ..."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> object:
        """The stream as a PyCapsule."""
        ...


class LazyTable(Protocol):
    """A LazyFrame of polars."""

    def collect(self) -> Any:
        """The DataFrame."""
        ...


class BinaryFile(Protocol):
    """A file object, such as the result of `open(path, "rb")` or an upload."""

    def read(self, size: int, /) -> bytes | str:
        """Reads at most `size` bytes, or characters of a text file."""
        ...


class ReadSource(Protocol):
    """A source that has been read: a Document."""

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
    DataTable,
    "ArrowStream",
    "LazyTable",
    "ReadSource",
    "PreparedInput",
]
"""A text, a path (see `Extractor.extract`), the content of a file as bytes or a file object, a list
of dicts (one per row), a table, other tabular data with an Arrow stream, a Document of
`structx.read`, or a PreparedInput."""


@dataclass(frozen=True)
class PdfRow:
    """A row that was read from a PDF."""

    pdf_path: Path
    source: str
    """The path as the caller gave it."""


class PreparedInput:
    """Data that was read once for any number of calls; the calls do not close it.

    `Extractor.prepare_input` and `FileReader.read_file` return it. After `close`, every use except
    `closed` raises ExtractionError.
    """

    def __init__(self, prepared: _core.Prepared, source: Source) -> None:
        self._prepared: _core.Prepared | None = prepared
        self._source: Source | None = Source((prepared, "{}"), source.table, source.labels)
        self._dataframe: Any = source.table

    @property
    def dataframe(self) -> Any:
        """The caller's table, or a pandas DataFrame of the records of other data.

        A document is one row with the columns `source` (its path, or `text`) and `text`. Raises
        ExtractionError if pandas is needed and not installed.
        """
        prepared = self._open()
        if self._dataframe is None:
            self._dataframe = source_frame(prepared)
        return self._dataframe

    @property
    def pdf_rows(self) -> dict[int, PdfRow]:
        """The rows that were read from a PDF, by position: one for a PDF, none for other data."""
        prepared = self._open()
        if prepared.path is None or not prepared.is_pdf:
            return {}
        return {0: PdfRow(prepared.path, str(prepared.path))}

    @property
    def planning_sample(self) -> str:
        """The part of the data that planning requests contain, at most 4,000 characters."""
        return self._open().sample()

    @property
    def owned_paths(self) -> list[Path]:
        """Temporary files of the data. Always empty: data is kept in memory."""
        self._open()
        return []

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._prepared is None

    def ensure_open(self) -> None:
        """Raises ExtractionError if it is closed."""
        self._open()

    def close(self) -> None:
        """Releases the data, which running calls keep until they end. Closing twice is no error."""
        self._prepared = self._source = self._dataframe = None

    def source(self) -> Source:
        """The data, in the form that the core reads."""
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
    """Converts a source to a pandas DataFrame: one row with `source` and `text` for a document.

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
