"""`structx extract`: what it asks, what it writes, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import SCHEMA, Commands, reply
from provider import ROOT, FakeProvider
from waiting import eventually


def record(source: object, position: int, row: int, status: str, item: Any, error: Any) -> Any:
    return {
        "source": str(source),
        "position": position,
        "row": row,
        "status": status,
        "item": item,
        "error": error,
    }


def test_each_item_is_a_line(command: Commands) -> None:
    command.file("a.txt", "Ada and Bo")
    command.plan(
        {"content": reply({"number": "Ada", "total": 1}, {"number": "Łódź 東京", "total": 2.5})}
    )
    ran = command("extract", "a.txt", "-q", "the parties")
    assert ran.code == 0
    assert ran.records == [
        record("a.txt", 0, 0, "success", {"number": "Ada", "total": 1.0}, None),
        record("a.txt", 0, 0, "success", {"number": "Łódź 東京", "total": 2.5}, None),
    ]
    assert "Łódź 東京" in ran.out
    asked = [str(it["body"]) for it in command.provider.requests()]
    assert len(asked) == 2 and all("the parties" in one for one in asked)


def test_nothing_is_lost(command: Commands) -> None:
    command.file("b.csv", "t\nrow0\nrow1\nrow2\n")
    command.plan(
        {"when": "row0", "content": reply({"number": "1", "total": 1})},
        {"when": "row1", "content": reply()},
        {"when": "row2", "refusal": "I'd rather not."},
    )
    ran = command("extract", "missing.txt", "b.csv", "-q", "q", "--max-retries", 0)
    assert ran.code == 1
    lines = sorted(ran.records, key=lambda it: it["row"])
    assert [(it["source"], it["position"], it["row"], it["status"]) for it in lines] == [
        ("missing.txt", 0, 0, "failed"),
        ("b.csv", 0, 1, "success"),
        ("b.csv", 1, 2, "empty"),
        ("b.csv", 2, 3, "failed"),
    ]
    assert lines[0]["item"] is None and "missing.txt" in lines[0]["error"]
    assert lines[2]["item"] is None and lines[2]["error"] is None
    assert "declined" in lines[3]["error"]
    assert "2 files, 4 rows: 1 ok, 1 empty, 2 failed\n" in ran.err
    assert "  1 failed: refusal\n" in ran.err and "  1 failed: unread\n" in ran.err


def test_one_plan_serves_all_files(command: Commands) -> None:
    paths = command.bills(20)
    command.plan(*command.replies(20))
    ran = command("extract", "none.txt", *paths, "-q", "the bills")
    assert ran.code == 1
    found = {it["source"]: it["item"] for it in ran.records if it["item"]}
    assert found == {
        str(path): {"number": f"B{n}", "total": n + 0.5} for n, path in enumerate(paths)
    }
    assert command.provider.stats()["requests"] == 1 + 20


def test_files_are_extracted_from_at_the_same_time_within_the_threads(command: Commands) -> None:
    paths = command.bills(12)
    command.plan(*command.replies(12), latency_ms=50)
    assert command("extract", *paths, "-q", "q", "--max-threads", 4).code == 0
    assert 2 <= command.provider.stats()["max_in_flight"] <= 4


def test_the_threads_bound_the_rows_of_all_files_together(command: Commands) -> None:
    rows = "t\n" + "".join(f"row{n}\n" for n in range(10))
    paths = [command.file(f"t{n}.csv", rows) for n in range(3)]
    command.plan(latency_ms=30)
    assert command("extract", *paths, "-q", "q", "--max-threads", 3).code == 0
    assert command.provider.stats()["max_in_flight"] <= 3


def test_an_item_is_written_as_soon_as_its_row_ends(provider: FakeProvider, tmp_path: Path) -> None:
    """The second row is never answered; the first is read meanwhile."""
    table, schema = tmp_path / "t.csv", tmp_path / "schema.json"
    table.write_text("t\nrow0\nrow1\n")
    schema.write_text(json.dumps(SCHEMA))
    provider.script(
        {"when": "row0", "content": reply({"number": "1", "total": 1})},
        {"when": "row1", "fault": "stall"},
    )
    arguments = ["extract", str(table), "-q", "q", "--schema", str(schema)]
    environment = {
        **os.environ,
        "STRUCTX_MODEL": "openai/fake",
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": provider.base_url,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "structx", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as run:
        assert run.stdout is not None
        line = json.loads(run.stdout.readline())
        assert run.poll() is None
        run.kill()
    assert line["position"] == 0 and line["item"]["number"] == "1"


def test_where_a_value_stands_is_written_beside_it(command: Commands) -> None:
    command.file("a.txt", "Bill B1 over 1.50 EUR. Bill B2 over 2,50 EUR.")
    items = [{"number": "B1", "total": 1.5}, {"number": "B2", "total": 9.0}]
    command.plan({"content": reply(*items)})
    ran = command("extract", "a.txt", "-q", "q", "--evidence")
    first, second = (it["evidence"] for it in ran.records)
    assert first["/number"] == {
        "status": "exact",
        "text": "B1",
        "places": [{"page": None, "start": 5, "end": 7, "boxes": [], "cell": None}],
    }
    assert first["/total"]["text"] == "1.50"
    assert (second["/total"]["status"], second["/total"]["places"]) == ("missing", [])


def test_a_query_that_is_missing_is_no_file(command: Commands) -> None:
    pdf = ROOT / "scripts/example_input/S0305SampleInvoice.pdf"
    table = ROOT / "scripts/example_input/tickets.csv"
    for arguments in ([pdf, table], [pdf], [table, "total"], ["the total due"]):
        ran = command("extract", *arguments)
        assert ran.code == 2
        assert "the query is missing" in ran.err
        assert ran.out == ""
    assert command("extract", pdf, "my invoice.pdf").code == 2
    assert command("extract", pdf, "-q", "  ").code == 2
    assert command.provider.stats()["requests"] == 0


def test_the_query_may_come_last(command: Commands) -> None:
    command.bills(2)
    ran = command("extract", "bill0.txt", "bill1.txt", "the total due", "--max-retries", 0)
    assert (ran.code, len(ran.records)) == (0, 2)
    assert "the total due" in str(command.provider.requests()[0]["body"])


def test_options_may_stand_between_files(command: Commands) -> None:
    command.bills(2)
    ran = command("extract", "bill0.txt", "-q", "the total", "bill1.txt")
    assert {it["source"] for it in ran.records} == {"bill0.txt", "bill1.txt"}


def test_warnings_name_their_file(command: Commands) -> None:
    names = [command.file(f"a{n}.txt", r"{\rtf1 Bill}").name for n in range(3)]
    ran = command("extract", *names, "-q", "the total")
    lines = [line for line in ran.err.splitlines() if line.startswith("warning: ")]
    assert sorted(line.split(": ")[1] for line in lines) == names
    assert all("in spite of the extension" in line for line in lines)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_an_interrupt_keeps_what_was_paid(command: Commands) -> None:
    """The second row is never answered."""
    command.bills(2)
    schema = command.file("schema.json", json.dumps(SCHEMA))
    command.plan(command.replies(1)[0], {"when": "Bill B1 ", "fault": "stall"})
    arguments = ["bill0.txt", "bill1.txt", "-q", "q", "--schema", str(schema)]
    with subprocess.Popen(
        [sys.executable, "-m", "structx", "extract", *arguments, "--journal", "run.db"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None and run.stderr is not None
        assert json.loads(run.stdout.readline())["item"]["number"] == "B0"
        assert eventually(lambda: command.provider.stats()["in_flight"] == 1)
        run.send_signal(signal.SIGINT)
        said = run.stderr.read()
    assert run.returncode == 130
    assert "of 2 files, 1 row: 1 ok" in said and "--resume run.db" in said
    assert said.endswith("structx: interrupted\n")
    command.plan(*command.replies(2))
    ran = command("extract", *arguments, "--resume", "run.db")
    assert (ran.code, command.provider.stats()["requests"]) == (0, 1)
    assert "1 from the journal" in ran.err


def test_the_review_page_shows_all_files(command: Commands) -> None:
    command.bills(2)
    command.plan(*command.replies(2))
    ran = command("extract", "bill0.txt", "bill1.txt", "-q", "q", "--review", "page.html")
    assert "review page: page.html" in ran.err
    page = (command.folder / "page.html").read_text(encoding="utf-8")
    assert "bill0.txt" in page and "Bill B1 over" in page


def test_proofs_are_verified(command: Commands) -> None:
    command.bills(1)
    command.file("sub/bill0.txt", "Bill B0 over 0.50 EUR, again")
    command.file("t.csv", "t\nBill B0 \n")
    command.plan(*command.replies(1))
    files = ["bill0.txt", "sub/bill0.txt", "t.csv"]
    ran = command("extract", *files, "-q", "q", "--proof", "proofs")
    assert ran.code == 0
    made = sorted(path.name for path in (command.folder / "proofs").iterdir())
    assert made == ["bill0-2.txt.proof.json", "bill0.txt.proof.json"]
    assert "t.csv: no proof" in ran.err
    assert {
        command("verify", f"proofs/{proof}", name).code for proof in made for name in files[:2]
    } == {0, 1}


def test_quiet_is_quiet_and_verbose_logs(command: Commands) -> None:
    command.bills(1)
    command.plan(*command.replies(1))
    assert command("extract", "bill0.txt", "-q", "q", "--quiet").err == ""
    said = command("extract", "bill0.txt", "-q", "the secret total", "-v", "--log-file", "log.txt")
    assert "INFO extract_stream" in said.err
    log = (command.folder / "log.txt").read_text(encoding="utf-8")
    assert "DEBUG request to" in log and "INFO extract_stream" in log
    assert "secret" not in log + said.err and "DEBUG" not in said.err
