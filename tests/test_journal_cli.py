"""`structx journal show` and `structx journal export` on journals of real runs."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from provider import FakeProvider, connect
from structx import Extractor, cli

QUERY = "extract  the total,\nplease"
PRICES: Any = {"openai/fake": {"input": 10, "output": 20}}
NAMES = ["plain.db", "a?b #c%20 ü.db"]


class Total(BaseModel):
    total: float


def journal(provider: FakeProvider, path: Path) -> Path:
    """The journal of two runs: of four rows with a price, and of one without."""
    provider.script(
        {"when": "row0", "content": '{\n "items": [\n{"total": 1.50}, {"total": 2}]}'},
        {"when": "row1", "content": '{"items": []}'},
        {"when": "row2", "status": 401},
        {"when": "row3", "refusal": "I'd rather not."},
        {"when": "extraction_plan", "status": 401},
    )
    settings: dict[str, Any] = {"api_key": "k", "api_base": provider.base_url, "max_retries": 0}
    priced = Extractor(model="openai/fake", prices=PRICES, **settings)
    rows = [{"t": f"row{number}"} for number in range(4)]
    priced.extract(data=rows, query=QUERY, model=Total, journal=path)
    connect(provider).extract(data="text", query="the total", model=Total, journal=path)
    return path


def run(*arguments: object) -> int:
    return cli.main(["journal", *map(str, arguments)])


@pytest.mark.parametrize("name", NAMES)
def test_show_tells_what_was_asked_and_what_it_cost(
    provider: FakeProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = journal(provider, tmp_path / name)
    assert run("show", path) == 0
    shown = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "TIME", capsys.readouterr().out)
    assert shown == (
        "operation 1: extract the total, please\n"
        "  source    data\n"
        "  items     Total\n"
        "  model     openai/fake\n"
        "  requests  4\n"
        "  rows      4: 1 success, 1 failed, 1 failed (will be requested again), 1 empty\n"
        "  tokens    30 prompt, 15 completion\n"
        "  cost      $0.0006\n"
        "  started   TIME\n"
        "  ended     TIME\n"
        "operation 2: the total\n"
        "  source    text\n"
        "  items     Total\n"
        "  model     openai/fake\n"
        "  requests  1\n"
        "  rows      1: 1 success\n"
        "  tokens    10 prompt, 5 completion\n"
        "  cost      unknown\n"
        "  started   TIME\n"
        "  ended     TIME\n"
    )


@pytest.mark.parametrize("name", NAMES)
def test_export_gives_each_row_once(
    provider: FakeProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = journal(provider, tmp_path / name)
    assert run("export", path) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["operation"], row["position"], row["status"]) for row in rows] == [
        (1, 0, "success"),
        (1, 1, "empty"),
        (1, 2, "failed"),
        (1, 3, "failed"),
        (2, 0, "success"),
    ]
    ended_at = rows[0].pop("ended_at")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ended_at)
    assert rows[0] == {
        "operation": 1,
        "source": "data",
        "query": QUERY,
        "position": 0,
        "status": "success",
        "error": None,
        "is_final": True,
        "model": "openai/fake",
        "requests": 1,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "thinking_tokens": 2,
        "cached_tokens": 4,
        "cost": 0.0002,
        "items": [{"total": 1.5}, {"total": 2}],
    }
    assert '{"total": 1.50}' in lines[0]
    assert [row["items"] for row in rows[1:]] == [[], None, None, [{"total": 1.5}]]
    assert [row["is_final"] for row in rows] == [True, True, False, True, True]
    assert "401" in rows[2]["error"]
    assert "declined" in rows[3]["error"]


@pytest.mark.parametrize("command", ["show", "export"])
def test_a_journal_is_read_while_it_is_written(
    provider: FakeProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    path = journal(provider, tmp_path / "run.db")
    content = path.read_bytes()
    run(command, path)
    before = capsys.readouterr().out
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE rows SET status = 'failed'")
        assert run(command, path) == 0
        writer.execute("ROLLBACK")
    assert capsys.readouterr().out == before
    assert path.read_bytes() == content


@pytest.mark.parametrize("command", ["show", "export"])
@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (None, "there is no such file"),
        ("folder", "there is no such file"),
        ("text", "file is not a database"),
        ("CREATE TABLE rows (a)", "it is a database, but not a structx journal"),
        ("PRAGMA application_id = 0x7374786a; PRAGMA user_version = 2", "upgrade structx"),
    ],
)
def test_what_is_no_journal_is_an_error(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    made: str | None,
    problem: str,
) -> None:
    path = tmp_path / "run.db"
    if made == "folder":
        path.mkdir()
    elif made == "text":
        path.write_text("text " * 500)
    elif made is not None:
        with closing(sqlite3.connect(path)) as other:
            other.executescript(made)
    assert run(command, path) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"structx: {path} can't be read as a journal: ")
    assert problem in told.err
    assert path.exists() == (made is not None)
