"""What may be given as data: in the form that the core reads, and prepared for several calls."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeAlias, Union, cast

from pydantic_core import PydanticSerializationError, to_json

from structx import _core
from structx._engine.source import Source
from structx._engine.tables import write
from structx._engine.tables.encode import PART, encode
from structx._engine.tables.files import read_file
from structx._engine.tables.libraries import library_of
from structx._engine.tables.values import plain
from structx.exceptions import ExtractionError, FileError


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

_PART = 1 << 20
"""Bytes that are read of a file object at a time."""

# What is near to a table and is none.
_HINTS = {
    "LazyFrame": "call .collect() on it",
    "Series": "call .to_frame() on it",
    "RecordBatch": "make it one with pyarrow.Table.from_batches([data])",
    "RecordBatchReader": "call .read_all() on it",
}


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


class FileReader:
    """Reads files without an extractor."""

    @staticmethod
    def read_file(file_path: str | os.PathLike[str], **file_options: Any) -> PreparedInput:
        """Read a file once, for any number of calls.

        Args:
            file_path: of a document or a table; `~` is the home directory.
            file_options: how a file of records is read, in the words of pandas.

                - `sep` or `delimiter` (CSV, TSV): one character; default: found out.
                - `quotechar` (CSV, TSV): one character; default: found out, `"` or `'`.
                - `encoding` (CSV, TSV, JSON): default: found out.
                - `sheet_name` (workbooks): the name of a sheet or its position from 0; None or a
                  list of these for several, whose rows follow each other with the name of their
                  sheet in a first column `sheet`. Default: the first visible one that has cells.
                - `skiprows` (CSV, TSV, workbooks): a number of lines before the table, or a list
                  of the numbers of lines, from 0.
                - `header` (CSV, TSV, workbooks): the row that names the columns, from 0, or None
                  for the names `0`, `1`, ...; blank rows don't count. Default: 0.
                - `usecols` or `columns` (all): a list of names or of positions from 0; of a
                  workbook also letters, such as `"A:C,E"`.
                - `nrows` (all): how many rows.

        Returns:
            What the methods of an Extractor take as `data`.

        Raises:
            FileError: the file can't be read, an option is wrong, or this file has no use for it.
                Why is told by its class: PasswordRequiredError, CorruptFileError,
                LimitExceededError, UnsupportedFileError, NoTextLayerError.
        """
        if not isinstance(file_path, (str, os.PathLike)):
            raise FileError(f"file_path must be a path, not {_kind(file_path)}")
        source = _of_file(Path(file_path).expanduser(), file_options)
        return PreparedInput(_core.reading(source.input).wait(), source)


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
        columns = dict(zip(prepared.columns, json.loads(values), strict=True))
    try:
        return write.frame_of(columns)
    except ModuleNotFoundError as error:
        raise ExtractionError(str(error)) from error


def source_of(
    data: Data | tuple[str, bytes], file_options: Mapping[str, Any] | None = None
) -> Source:
    """The data of a call, in the form that the core reads.

    Raises TypeError for data of another kind, ValueError for values that have no form in JSON,
    FileError for options that have none, and ExtractionError for a closed PreparedInput.
    """
    options = _options(file_options)
    if isinstance(prepared := getattr(data, "source", None), _core.Prepared):  # a Document
        return Source((prepared, options))
    if isinstance(data, PreparedInput):
        source = data.source()
        return Source((source.input[0], options), source.table, source.labels)
    if library := library_of(data):
        encoded, labels = encode(data, library)
        return Source((encoded, options), data, labels)
    encoded = _encode(data, options)
    if isinstance(encoded, (Path, tuple)):
        return _of_file(encoded, file_options or {})
    return Source((encoded, options))


def _of_file(file: Path | tuple[str, bytes], file_options: Mapping[str, Any]) -> Source:
    table = read_file(file, file_options)
    if table is None:
        return Source((file, _options(file_options)))
    encoded, _ = encode(table, cast(str, library_of(table)))
    return Source((encoded, "{}"))


def _encode(data: object, options: str) -> str | list[bytes] | tuple[str, bytes] | Path:
    if isinstance(data, str):
        check_unicode("data", data)
        return _core.path_of(data) or data
    if isinstance(data, os.PathLike):
        return Path(cast("os.PathLike[str]", data))
    if isinstance(data, (bytes, bytearray, memoryview)):
        return "bytes", bytes(cast(bytes, data))
    if callable(getattr(data, "read", None)):
        return _content(cast(BinaryFile, data), options)
    match data:
        case (str(name), bytes() | bytearray() as content):
            return name, bytes(content)
        case Sequence():
            return _encode_records(cast("Sequence[object]", data))
        case _:
            hint = _HINTS.get(_kind(data))
            raise TypeError(
                "data must be a text, a path, bytes, a file object, a list of dicts, a DataFrame "
                f"of pandas or polars, or a Table of pyarrow, not {_kind(data)}"
                + (f": {hint}" if hint else "")
            )


def _encode_records(records: Sequence[object]) -> list[bytes]:
    numbered = enumerate(records)
    try:
        # In parts, as the records in plain types take more memory than all else.
        parts = iter(lambda: [_record(*item) for item in islice(numbered, PART)], [])
        return [to_json(part, fallback=str) for part in parts]
    except (PydanticSerializationError, RecursionError) as error:
        raise ValueError(f"data can't be written as JSON: {error}") from error


def _content(file: BinaryFile, options: str) -> tuple[str, bytes]:
    """The name of a file object and its content from where it stands, cut behind the limit."""
    own = getattr(file, "name", None)  # a number, where it was opened by one
    name = Path(own).name if isinstance(own, str) else ""
    limits: dict[str, Any] = json.loads(_core.default_limits())
    match json.loads(options).get("limits"):
        case {"bytes": int(most)}:
            pass
        case _:
            most = int(limits["bytes"])
    content = bytearray()
    while len(content) <= most:
        part = file.read(_PART)
        if isinstance(part, str):
            part = part.encode(errors="surrogateescape")
        if not isinstance(part, (bytes, bytearray, memoryview)):
            raise TypeError(f"data.read() must give bytes, not {_kind(part)}")
        if not part:
            break
        content += part
    return name or "file", bytes(content)


def check_unicode(name: str, text: str) -> None:
    """Raise ValueError for a text without a form in UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{name} has halves of characters (lone surrogates), which can't be sent"
        ) from None


def _record(position: int, record: object) -> Any:
    if not isinstance(record, Mapping):
        raise TypeError(f"data[{position}] must be a dict, not {_kind(record)}")
    keys = cast("Mapping[object, object]", record)
    if set(map(type, keys)) != {str} and len(set(map(str, keys))) != len(keys):
        raise ValueError(f"data[{position}] has two keys of the same name as text")
    return plain(keys)


def _options(options: Mapping[str, Any] | None) -> str:
    if options is None:
        return "{}"
    if not isinstance(options, Mapping):
        raise FileError(f"file_options must be a dict of options, not {_kind(options)}")
    for name, value in options.items():
        try:
            to_json({name: value}, inf_nan_mode="strings")
        except (PydanticSerializationError, RecursionError) as error:
            raise FileError(f"file_options: `{name}` can't be {_kind(value)}") from error
    return to_json(dict(options), inf_nan_mode="strings").decode()


def _kind(value: Any) -> str:
    return type(value).__name__
