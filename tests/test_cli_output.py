"""The formats of the output of `structx extract`."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from commands import Commands, reply
from structx._cli import output, records

MODELS = """
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from pydantic import BaseModel, ConfigDict

class Line(BaseModel):
    name: str
    price: float | None = None

class Bill(BaseModel):
    number: str
    due: date | None = None
    lines: list[Line] = []
    status: str | None = None

class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    number: str

@dataclass
class Plain:
    number: str

class Pair(NamedTuple):
    number: str
    total: float

Word = str
"""
ITEM: dict[str, Any] = {
    "number": '=1,5\n"x"',
    "due": "2026-03-01",
    "lines": [{"name": "é", "price": 1.5}],
    "status": "paid",
}


@pytest.fixture
def shop(command: Commands) -> Commands:
    """Two rows, of which the second fails."""
    command.file("shop.py", MODELS)
    command.file("t.csv", "t\nrow0\nrow1\n")
    command.provider.script(
        {"when": "row0", "times": 9, "content": reply(ITEM)},
        {"when": "row1", "times": 9, "refusal": "no"},
    )
    return command


def extract(command: Commands, *arguments: object) -> str:
    schema = ["--schema", "shop.py:Bill", "--max-retries", 0, "--max-threads", 1]
    ran = command("extract", "t.csv", "-q", "q", *schema, *arguments)
    assert ran.code == 1
    return ran.out


def test_json_is_one_list(shop: Commands) -> None:
    rows = json.loads(extract(shop, "--format", "json"))
    assert [(row["position"], row["item"]) for row in rows] == [(0, ITEM), (1, None)]


def test_csv_has_a_column_for_each_field(shop: Commands) -> None:
    extract(shop, "-o", "out.csv")
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert list(first) == [
        "source", "position", "row", "status", "error", "number", "due", "lines", "item.status",
    ]  # fmt: skip
    assert (first["number"], first["due"]) == (ITEM["number"], "2026-03-01")
    assert (first["status"], first["item.status"]) == ("success", "paid")
    assert json.loads(first["lines"]) == ITEM["lines"]
    assert (second["status"], second["number"]) == ("failed", "") and second["error"]


def test_a_file_that_fails_first_is_in_the_csv(shop: Commands) -> None:
    ran = shop(
        "extract", "none.txt", "t.csv", "-q", "q", "--schema", "shop.py:Bill", "--format", "csv"
    )
    rows = list(csv.DictReader(ran.out.splitlines()))
    assert {row["source"] for row in rows} == {"none.txt", "t.csv"}


@pytest.mark.parametrize(
    ("model", "item", "cells"),
    [
        ("Open", {"number": "1", "other": [2]}, {"number": "1", "more": '{"other": [2]}'}),
        ("Plain", {"number": "1"}, {"number": "1"}),
        ("Pair", {"number": "1", "total": 2}, {"number": "1", "total": "2.0"}),
        ("Word", "one", {"value": "one"}),
    ],
)
def test_items_of_any_kind_are_rows(
    shop: Commands, model: str, item: Any, cells: dict[str, str]
) -> None:
    shop.provider.script({"content": reply(item)})
    shop.file("a.txt", "text")
    ran = shop("extract", "a.txt", "-q", "q", "--schema", f"shop:{model}", "--format", "csv")
    assert ran.code == 0, ran.err
    [row] = csv.DictReader(ran.out.splitlines())
    base = ("source", "position", "row", "status", "error")
    assert {name: row[name] for name in row if name not in base} == cells


def test_a_table_is_for_people(shop: Commands) -> None:
    header, first, second = extract(shop, "--format", "table").splitlines()
    assert header.split()[:4] == ["source", "position", "row", "status"]
    assert '=1,5 "x"' in first
    assert second.startswith("t.csv") and "failed" in second


def test_a_table_fits_into_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    class Terminal:
        def isatty(self) -> bool:
            return True

    rows = [["東京" * 20, "b" * 50, "1"]]
    lines = list(output.lines_of(["a", "b", "c"], rows, Terminal()))
    assert all(len(line) <= 40 for line in lines)
    assert "…" in lines[1] and lines[1].endswith("1")
    assert "b" * 50 in list(output.lines_of(["a", "b", "c"], rows, None))[1]


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_parquet_keeps_types(shop: Commands, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    from structx._engine.tables import parquet

    pyarrow = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet, "find_spec", lambda name: name == library or None)
    extract(shop, "-o", "out.parquet")
    first, second = pyarrow.read_table("out.parquet").to_pylist()
    assert first["lines"] == ITEM["lines"] or json.loads(first["lines"]) == ITEM["lines"]
    assert (first["position"], first["number"]) == (0, ITEM["number"])
    assert second["number"] is None and second["error"]


def test_parquet_without_a_library_is_an_error(
    shop: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    from structx._engine.tables import parquet

    monkeypatch.setattr(parquet, "find_spec", lambda _: None)
    ran = shop("extract", "t.csv", "-q", "q", "--schema", "shop.py:Bill", "-o", "out.parquet")
    assert (ran.code, "pip install 'structx-rs[pyarrow]'" in ran.err) == (2, True)


def test_objects_without_parts_are_text_in_parquet(tmp_path: Path) -> None:
    from structx._engine.tables.parquet import write_parquet

    pyarrow = pytest.importorskip("pyarrow.parquet")
    write_parquet({"a": [{}, {"b": 1}], "c": [1, "x"]}, tmp_path / "a.parquet")
    rows = pyarrow.read_table(tmp_path / "a.parquet").to_pylist()
    assert rows == [{"a": "{}", "c": "1"}, {"a": '{"b": 1}', "c": "x"}]


def test_nan_and_infinity_are_null() -> None:
    class Number(BaseModel):
        n: list[float]

    assert records.plain(Number(n=[math.nan, 1.5, math.inf])) == {"n": [None, 1.5, None]}
