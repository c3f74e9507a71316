"""The data that the methods of an Extractor accept."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, Union, cast

from pydantic_core import to_json

from structx import _core
from structx._engine.source import Source
from structx._engine.tables import write
from structx._engine.tables.values import plain
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


OneSource: TypeAlias = Union[
    str,
    "os.PathLike[str]",
    bytes,
    bytearray,
    memoryview,
    BinaryFile,
    tuple[str, bytes],
    Sequence[Mapping[str, Any]],
    DataTable,
    "ArrowStream",
    "LazyTable",
    "ReadSource",
    "PreparedInput",
]
"""A text, a path (see `Extractor.extract`), the content of a file as bytes, as a file object or
with its name, a list of dicts (one per row), a table, other tabular data with an Arrow stream, a
Document of `structx.read`, or a PreparedInput."""

Data: TypeAlias = OneSource | Iterable[OneSource] | AsyncIterable[OneSource]
"""One source, or several: `structx.files(...)`, a list, a tuple or an iterator of them."""


class DataRow(Protocol):
    """The values of a row by column: a Series of pandas."""

    def __getitem__(self, column: str, /) -> Any:
        """The value in a column."""
        ...


@dataclass(frozen=True)
class PdfRow:
    """A row that was read from a PDF."""

    pdf_path: Path
    source: Path
    """The path as the caller gave it."""


class PreparedInput:
    """Data that was read once for any number of calls; the calls do not close it.

    `Extractor.prepare_input` and `FileReader.read_file` return it. After `close`, every use except
    `closed` raises ExtractionError.

    Examples:
        >>> with extractor.prepare_input(data="scripts/example_input/tickets.csv") as prepared:
        ...     list(prepared.dataframe.columns)
        ['id', 'opened', 'customer', 'message']
    """

    def __init__(self, prepared: _core.Prepared | _core.ReadSources, source: Source) -> None:
        self._prepared: _core.Prepared | _core.ReadSources | None = prepared
        self._source: Source | None = Source(
            (prepared, "{}"), source.table, source.labels, source.are_several, source.label
        )
        self._dataframe: Any = source.table

    @property
    def dataframe(self) -> Any:
        """The caller's table, or a pandas DataFrame of the records of other data.

        A document is one row with the columns `source` (its path, or `text`) and `text`; several
        sources are their rows one after another, those of tables with their own columns. Raises
        ExtractionError if pandas is needed and not installed.
        """
        prepared = self._open()
        if self._dataframe is None:
            self._dataframe = source_frame(prepared)
        return self._dataframe

    @property
    def pdf_rows(self) -> dict[int, PdfRow]:
        """The rows that were read from a PDF, by position; none for other data."""
        return {
            first: PdfRow(source.path, source.path)
            for first, source in self._sources()
            if source is not None and source.path is not None and source.is_pdf
        }

    def row_payload(
        self, position: int, row: Mapping[str, Any] | DataRow, target_columns: Sequence[str]
    ) -> str | PdfRow:
        """What a row is for a model: the text that is sent, or the file of a PDF.

        Args:
            position: the position among all rows, from 0.
            row: the values of the row of a table by column, such as `dataframe.iloc[position]`;
                not used for a document, whose text is one row.
            target_columns: the columns of the table to send, in this order.

        Raises:
            ExtractionError: it is closed, or the source at this position could not be read.
            IndexError: there is no row at this position.
            KeyError: the row of a table has no such column.

        Example: `prepared.row_payload(0, prepared.dataframe.iloc[0], ["name"])` is `"name: Ann"`.
        """
        source = self._source_at(position)
        if source.path is not None and source.is_pdf:
            return PdfRow(source.path, source.path)
        if source.text is not None:
            return source.text
        record = to_json([plain({name: row[name] for name in target_columns})], fallback=str)
        return _core.reading(([record], "{}")).wait().row_text(0)

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

    def _sources(self) -> Iterator[tuple[int, _core.Prepared | None]]:
        """What was read of each source, with the position of its first row; None if it can't be."""
        prepared = self._open()
        several = prepared.prepared if isinstance(prepared, _core.ReadSources) else [prepared]
        first = 0
        for source in several:
            yield first, source
            first += 1 if source is None else source.row_count

    def _source_at(self, position: int) -> _core.Prepared:
        """What was read of the source of a row."""
        for first, source in self._sources():
            if first <= position < first + (1 if source is None else source.row_count):
                if source is None:
                    raise ExtractionError(f"the source of row {position} could not be read")
                return source
        raise IndexError(f"there is no row {position}")

    def _open(self) -> _core.Prepared | _core.ReadSources:
        if self._prepared is None:
            raise ExtractionError("the prepared input is closed; prepare the data again")
        return self._prepared


class RowSource(Protocol):
    """Where a row comes from: a RowResult."""

    @property
    def source(self) -> str | int:
        """The label of the source."""
        ...

    @property
    def source_position(self) -> int:
        """The position in the source."""
        ...


class RowsOfSources:
    """The rows of several sources as a table: `source` and the columns of those that are tables."""

    def __init__(self, rows: Sequence[tuple[RowSource, _core.Prepared | None]]) -> None:
        """Takes rows with what was read of their sources."""
        self._rows = rows

    def columns_with_values(self) -> dict[str, list[Any]]:
        """The columns by name."""
        columns: dict[str, list[Any]] = {}
        tables: dict[int, dict[str, list[Any]]] = {}
        for number, (row, prepared) in enumerate(self._rows):
            if prepared is None or prepared.is_document:
                continue
            if id(prepared) not in tables:
                tables[id(prepared)] = _columns(prepared.columns, prepared.values() or b"[]")
            for name, values in tables[id(prepared)].items():
                column = columns.setdefault(name, [None] * len(self._rows))
                column[number] = values[row.source_position]
        name = next(name for name in ("source", "source_path", "_source") if name not in columns)
        return {name: [row.source for row, _ in self._rows], **columns}


class _Read:
    """A row of a source that was read."""

    def __init__(self, source: str | int, source_position: int) -> None:
        self.source = source
        self.source_position = source_position


def source_frame(prepared: _core.Prepared | _core.ReadSources | RowsOfSources) -> Any:
    """Converts sources to a pandas DataFrame: one row with `source` and `text` for a document.

    Raises ExtractionError if pandas is not installed.
    """
    if isinstance(prepared, _core.ReadSources):
        several = zip(prepared.labels, prepared.prepared, strict=True)
        rows: list[tuple[RowSource, _core.Prepared | None]] = [
            (_Read(label, position), source)
            for label, source in several
            for position in range(1 if source is None else source.row_count)
        ]
        columns = RowsOfSources(rows).columns_with_values()
        columns["text"] = [None if source is None else source.text for _, source in rows]
    elif isinstance(prepared, RowsOfSources):
        columns = prepared.columns_with_values()
    elif (values := prepared.values()) is None:
        columns = {"source": [str(prepared.path or "text")], "text": [prepared.text]}
    else:
        columns = _columns(prepared.columns, values)
    try:
        return write.frame_of(columns)
    except ModuleNotFoundError as error:
        raise ExtractionError(str(error)) from error


def _columns(names: list[str], values: bytes) -> dict[str, list[Any]]:
    import json  # not needed to import structx

    return dict(zip(names, json.loads(values), strict=True))
