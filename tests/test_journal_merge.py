"""`structx journal merge`: one journal of several, which replays the rows of all."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from long_tables import Ticket
from provider import FakeProvider, connect
from structx import cli


def extract(provider: FakeProvider, journal: Path, *texts: str) -> Any:
    data = [{"text": text} for text in texts]
    return connect(provider).extract(data=data, query="q", model=Ticket, journal=journal)


def merge(out: Path, *files: Path) -> int:
    return cli.main(["journal", "merge", str(out), *map(str, files)])


def test_a_merged_journal_replays_the_rows_of_all(provider: FakeProvider, tmp_path: Path) -> None:
    first, second, out = (tmp_path / name for name in ("a b.db", "second.db", "out.db"))
    extract(provider, first, "one", "two")
    extract(provider, second, "three")
    assert merge(out, first, second) == 0
    provider.script()
    made = extract(provider, out, "one", "two", "three")
    assert made.journaled_count == 3
    assert provider.stats()["requests"] == 0
    assert [path.name for path in sorted(tmp_path.glob("out*"))] == ["out.db"]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_final_outcome_comes_before_others(
    provider: FakeProvider, tmp_path: Path, is_first: bool
) -> None:
    failed, done, out = (tmp_path / name for name in ("failed.db", "done.db", "out.db"))
    provider.script({"when": "one", "status": 401})
    paths = [failed, done] if is_first else [done, failed]
    for path in [failed, done]:
        extract(provider, path, "one")
    assert merge(out, *paths) == 0
    with closing(sqlite3.connect(out)) as journal:
        rows = journal.execute("SELECT status, is_final FROM rows").fetchall()
    assert rows == [("success", 1)]


def test_operations_of_several_journals_have_their_own_numbers(
    provider: FakeProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / f"{name}.db" for name in "abc"]
    for number, path in enumerate(paths):
        provider.script({"content": json.dumps({"items": [{"problem": f"p{number}"}]})})
        connect(provider).extract(data="text", query=f"q{number}", model=Ticket, journal=path)
    assert merge(tmp_path / "out.db", *paths) == 0
    assert cli.main(["journal", "export", str(tmp_path / "out.db")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["operation"], line["items"][0]["problem"]) for line in lines] == [
        *((1, "p0"), (2, "p1"), (3, "p2")),
    ]


def test_nothing_is_overwritten_and_no_part_is_left(
    provider: FakeProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.db"
    extract(provider, path, "one")
    before = path.read_bytes()
    assert merge(path, path) == 1
    assert "exists; give the name of a new file" in capsys.readouterr().err
    assert path.read_bytes() == before
    other = tmp_path / "other.txt"
    other.write_text("no journal, but a text that is long enough to be read as one")
    assert merge(tmp_path / "out.db", path, other) == 1
    assert "can't be read as a journal" in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))
