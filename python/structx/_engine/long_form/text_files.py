"""Long tables as JSON Lines and CSV, which need no library."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json, to_jsonable_python

from structx._engine.flatten import ordered
from structx._engine.items import VALUE, value_of, values_of
from structx._engine.long_form.lines import evidence_of, lines_of

if TYPE_CHECKING:
    from structx._core import RowResult
    from structx._engine.long_form.columns import Columns

_PLAIN = frozenset({str, int, bool, float, type(None)})


def write_jsonl(rows: Iterable[RowResult[Any]], columns: Columns, path: Path) -> None:
    """Writes an object for each line."""
    with path.open("wb") as file:
        for record in _records(rows, columns):
            file.write(to_json(record, inf_nan_mode="strings") + b"\n")


def write_csv(rows: Iterable[RowResult[Any]], columns: Columns, path: Path) -> None:
    """Writes CSV as RFC 4180 has it, in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.kinds())
        for record in _records(rows, columns):
            writer.writerow([_cell(value) for value in record.values()])


def _cell(value: Any) -> Any:
    if isinstance(value, (list, dict, bool)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _records(rows: Iterable[RowResult[Any]], columns: Columns) -> Iterator[dict[str, Any]]:
    names = list(columns.kinds())
    for lines in lines_of(rows):
        others = {**lines.own, **evidence_of(lines, columns)}
        for number, item in enumerate(lines.items):
            record = {name: values[number] for name, values in others.items()}
            for name, part in columns.fields.items():
                value = item if columns.is_value else value_of(item, part.name)
                record[name] = value if type(value) in _PLAIN else _plain(value)
            yield {name: record[name] for name in names}


def _plain(value: Any) -> Any:
    """A value in the types of JSON, without loss: numbers that JSON has no type for are texts."""
    if isinstance(value, (date, time)):  # and datetimes
        return value.isoformat()
    plain = ordered(values_of(value, None)[VALUE])
    return to_jsonable_python(plain, fallback=str, bytes_mode="base64", inf_nan_mode="strings")
