"""Writes records as they come, as JSON Lines, JSON or CSV, or at the end, as a table or Parquet."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO, cast

from structx._cli import console
from structx.exceptions import ConfigurationError

FORMATS = ("jsonl", "json", "csv", "table", "parquet")
_ENDS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".txt": "table",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_COLUMNS = ("source", "position", "row", "status", "error")
_NARROWEST = 8
"""Columns of a terminal that each column of a table keeps."""

Record = dict[str, Any]


class Writer(Protocol):
    """Writes records."""

    def write(self, records: Sequence[Record], model: Any) -> None:
        """Writes the records of one row; `model` is None while it is not known."""
        ...

    def close(self) -> None:
        """Writes what is left."""
        ...


def format_of(chosen: str | None, path: Path | None) -> str:
    """The format by its name, or by the extension of the file; raises ConfigurationError."""
    form = chosen or _ENDS.get(path.suffix.lower() if path else ".jsonl")
    if form is None:
        raise ConfigurationError(
            f"-o {path}: give --format, since the extension is none of {', '.join(_ENDS)}"
        )
    if form == "parquet" and path is None:
        raise ConfigurationError("--format parquet needs a file: -o FILE.parquet")
    return form


@contextmanager
def writer(
    form: str, path: Path | None, *, evidence: bool = False
) -> Generator[Writer, None, None]:
    """A writer to the file, or to stdout; raises ConfigurationError for a wrong path.

    Flat formats have a column with the `evidence` of the records, if they have any.

    What has come is written also if the block raises.
    """
    if form == "parquet":
        made: Writer = _Parquet(cast("Path", path), evidence)
        yield made
        made.close()
        return
    with _opened(path) as file:
        kinds = {"jsonl": _Lines, "json": _Array, "csv": _Csv, "table": _Table}
        made = kinds[form](file, evidence)
        try:
            yield made
        finally:
            made.close()
            file.flush()


@contextmanager
def _opened(path: Path | None) -> Generator[TextIO, None, None]:
    if path is None:
        yield sys.stdout
        return
    try:
        # Bytes of a file name that are not UTF-8 become `\udc..`, which is valid in JSON.
        file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise ConfigurationError(f"-o: {error}") from error
    with file:
        yield file


class _Lines:
    def __init__(self, file: TextIO, _: bool) -> None:
        self._file = file

    def write(self, records: Sequence[Record], model: Any) -> None:
        _make_room(self._file)
        for record in records:
            self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        pass


class _Array:
    def __init__(self, file: TextIO, _: bool) -> None:
        self._file = file
        self._separator = "[\n"

    def write(self, records: Sequence[Record], model: Any) -> None:
        _make_room(self._file)
        for record in records:
            self._file.write(self._separator + json.dumps(record, ensure_ascii=False))
            self._separator = ",\n"
        self._file.flush()

    def close(self) -> None:
        self._file.write("[]\n" if self._separator.startswith("[") else "\n]\n")


class _Csv:
    """The header needs the model: records before it is known wait."""

    def __init__(self, file: TextIO, evidence: bool) -> None:
        self._file = file
        self._evidence = evidence
        self._writer = csv.writer(file, lineterminator="\n")
        self._waiting: list[Record] = []
        self._header: _Header | None = None

    def write(self, records: Sequence[Record], model: Any) -> None:
        self._waiting += records
        if self._header is None and model is not None:
            self._begin(model)
        if self._header is not None:
            self._put(self._header)

    def _begin(self, model: Any) -> None:
        self._header = _Header(model, self._evidence)
        self._writer.writerow(self._header.names)

    def _put(self, header: _Header) -> None:
        _make_room(self._file)
        for record in self._waiting:
            self._writer.writerow(map(_cell, header.cells(record)))
        self._waiting = []
        self._file.flush()

    def close(self) -> None:
        if self._header is None:
            self._begin(None)
            self._put(cast("_Header", self._header))


class _Header:
    """The columns of flat records."""

    def __init__(self, model: Any, has_evidence: bool) -> None:
        from structx._engine import items

        # None for items that are one value; no items at all have no columns.
        self._fields = [] if model is None else items.fields_of(model)
        self._has_evidence = has_evidence
        own = [items.VALUE] if self._fields is None else self._fields
        self._has_more = self._fields is not None and model is not None and _is_open(model)
        taken = {*_COLUMNS, "evidence", "more"}
        more = ["more"] if self._has_more else []
        self.names = [
            *_COLUMNS,
            *(f"item.{name}" if name in taken else name for name in own),
            *more,
            *(["evidence"] if has_evidence else []),
        ]

    def cells(self, record: Record) -> list[Any]:
        """The values of a record in these columns."""
        item = record["item"]
        row = [record[name] for name in _COLUMNS]
        if self._fields is None:
            row.append(item)
        else:
            parts = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
            row += [parts.get(name) for name in self._fields]
            if self._has_more:
                more = {name: parts[name] for name in parts if name not in self._fields}
                row.append(more or None)
        if self._has_evidence:
            row.append(record.get("evidence"))
        return row


def _is_open(model: Any) -> bool:
    """Whether items may have parts that the model does not name."""
    if isinstance(model, Mapping):
        return cast("Mapping[str, Any]", model).get("additionalProperties", True) is not False
    config: Mapping[str, Any] = getattr(model, "model_config", {})
    return config.get("extra") == "allow"


def _cell(value: Any) -> str:
    """A value as the text of a cell: nested ones as JSON, null as nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _Collected:
    """Keeps all records for the end, when the columns are known."""

    def __init__(self, evidence: bool) -> None:
        self._evidence = evidence
        self._records: list[Record] = []
        self._model: Any = None

    def write(self, records: Sequence[Record], model: Any) -> None:
        self._records += records
        self._model = self._model or model

    def _rows(self) -> tuple[list[str], list[list[Any]]]:
        header = _Header(self._model, self._evidence)
        return header.names, [header.cells(record) for record in self._records]


class _Table(_Collected):
    def __init__(self, file: TextIO, evidence: bool) -> None:
        super().__init__(evidence)
        self._file = file

    def close(self) -> None:
        names, rows = self._rows()
        _make_room(self._file)
        for line in lines_of(names, [list(map(_cell, row)) for row in rows], self._file):
            self._file.write(line + "\n")


class _Parquet(_Collected):
    def __init__(self, path: Path, evidence: bool) -> None:
        super().__init__(evidence)
        self._path = path

    def close(self) -> None:
        from structx._engine.tables.parquet import write_parquet

        names, rows = self._rows()
        columns = {name: [row[n] for row in rows] for n, name in enumerate(names)}
        try:
            write_parquet(columns, self._path)
        except (ModuleNotFoundError, OSError) as error:
            raise ConfigurationError(f"-o: {error}") from error


def lines_of(names: Sequence[str], rows: Sequence[Sequence[str]], file: Any) -> Iterator[str]:
    """A table as lines. On a terminal they fit into its width; otherwise nothing is cut."""
    # An error has several lines; a cell has one.
    flat = [[" ".join(cell.split()) for cell in row] for row in rows]
    shown = [n for n, name in enumerate(names) if name != "error" or any(row[n] for row in flat)]
    widths = [max(console.width_of(row[n]) for row in [list(names), *flat]) for n in shown]
    if console.is_terminal(file):
        widths = _fitting(widths, shutil.get_terminal_size().columns - 2 * (len(widths) - 1))
    pairs = list(zip(shown, widths, strict=True))
    header = "  ".join(_padded(names[n], width) for n, width in pairs)
    yield console.painted(header.rstrip(), "bold", file)
    for row in flat:
        yield "  ".join(_padded(row[n], width) for n, width in pairs).rstrip()


def _fitting(widths: list[int], most: int) -> list[int]:
    """The widths, of which the widest are reduced until all fit."""
    widths = list(widths)
    while sum(widths) > most and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _padded(text: str, width: int) -> str:
    text = console.cut(text, width)
    return text + " " * (width - console.width_of(text))


def _make_room(file: TextIO) -> None:
    """Removes the line of progress where both are on one terminal."""
    if console.is_terminal(file):
        console.hide()
