"""`structx extract`: journals, budgets, deadlines, refusals and estimates of many files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commands import SCHEMA, Commands
from provider import FakeProvider
from waiting import eventually


def test_a_journal_spares_requests(command: Commands) -> None:
    paths = command.bills(5)
    command.plan(*command.replies(5))
    first = command("extract", *paths, "-q", "the bills", "--journal", "run.db")
    assert (first.code, command.provider.stats()["requests"]) == (0, 6)
    assert "from the journal" not in first.err
    again = command("extract", *paths, "-q", "the bills", "--resume", "run.db")
    assert (again.code, command.provider.stats()["requests"]) == (0, 6)
    assert "5 rows: 5 ok, 0 empty, 0 failed, 5 from the journal" in again.err
    assert "5 items, 0 tokens" in again.err
    assert sorted(map(str, first.records)) == sorted(map(str, again.records))


def test_resume_needs_a_journal(command: Commands) -> None:
    command.bills(1)
    ran = command("extract", "bill0.txt", "-q", "q", "--resume", "run.db")
    assert (ran.code, "there is no journal run.db" in ran.err) == (2, True)
    command.file("run.db", "no journal")
    ran = command("extract", "bill0.txt", "-q", "q", "--resume", "run.db")
    assert (ran.code, ran.out) == (1, "")
    assert "run.db" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_run_is_resumed(provider: FakeProvider, tmp_path: Path) -> None:
    number = 30
    for n in range(number):
        (tmp_path / f"bill{n:02}.txt").write_text(f"Bill B{n:02} over {n}.50 EUR")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    provider.script(latency_ms=20)
    program = [sys.executable, "-m", "structx", "extract", "bill*.txt", "-q", "the bill"]
    program += ["--schema", "schema.json", "--max-threads", "2", "--journal", "run.db"]
    environment = {
        **os.environ,
        "STRUCTX_MODEL": "openai/fake",
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": provider.base_url,
    }
    with subprocess.Popen(
        program, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as run:
        assert run.stdout is not None
        written = [json.loads(run.stdout.readline()) for _ in range(5)]
        run.send_signal(signal.SIGKILL)
        written += [json.loads(line) for line in run.stdout if line.endswith(b"\n")]
    assert eventually(lambda: provider.stats()["in_flight"] == 0)
    provider.script()
    ended = subprocess.run(
        program, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert sorted(row["source"] for row in rows) == [f"bill{n:02}.txt" for n in range(number)]
    # What was written was in the journal before.
    assert provider.stats()["requests"] <= number - len(written)
    assert "from the journal" in ended.stderr


def test_the_budget_is_that_of_all_files(command: Commands) -> None:
    paths = command.bills(10)
    schema = command.file("schema.json", json.dumps(SCHEMA))
    # A request takes $2.10: about what its prompt was estimated at.
    usage = {"prompt_tokens": 150, "completion_tokens": 30, "total_tokens": 180}
    command.plan(*({**step, "usage": usage} for step in command.replies(10)))
    options = ["-q", "q", "--schema", schema, "--prices", "openai/fake=10000:20000"]
    ran = command("extract", *paths, *options, "--max-cost", 8)
    assert ran.code == 1
    sent = command.provider.stats()["requests"]
    assert 0 < sent < 4
    assert f"{10 - sent:,} failed: budget" in ran.err
    assert "--max-cost" in next(it["error"] for it in ran.records if it["error"])
    ran = command("extract", *paths, *options, "--max-tokens", 0)
    assert (ran.code, command.provider.stats()["requests"]) == (1, sent)


def test_a_budget_needs_prices(command: Commands) -> None:
    command.bills(2)
    ran = command("extract", "bill0.txt", "bill1.txt", "-q", "q", "--max-cost", 1)
    assert (ran.code, ran.out) == (2, "")
    assert "--max-cost needs the price of openai/fake: give --prices" in ran.err


def test_the_deadline_is_that_of_all_files(command: Commands) -> None:
    paths = command.bills(4)
    command.plan({"when": "Bill", "times": 99, "fault": "stall"})
    options = ["--max-threads", 1, "--deadline", 0.4]
    ran = command("extract", *paths, "-q", "q", *options)
    assert ran.code == 1
    assert "4 failed: deadline" in ran.err


def test_refusals_in_a_row_end_the_run(command: Commands) -> None:
    paths = command.bills(9)
    schema = command.file("schema.json", json.dumps(SCHEMA))
    command.plan({"times": 99, "status": 401})
    ran = command("extract", *paths, "-q", "q", "--schema", schema, "--max-threads", 1)
    assert (ran.code, len(ran.records)) == (1, 9)
    assert command.provider.stats()["requests"] == 3
    assert "9 failed: authentication" in ran.err


def test_a_plan_that_is_refused_ends_the_run(command: Commands) -> None:
    paths = command.bills(9)
    command.provider.script({"times": 99, "status": 401})
    ran = command("extract", *paths, "-q", "q")
    assert (ran.code, ran.out) == (1, "")
    assert command.provider.stats()["requests"] == 1
    assert "structx: " in ran.err and "0 rows" in ran.err


def test_plans_that_fail_are_counted(command: Commands) -> None:
    command.bills(2)
    command.provider.script({"times": 99, "content": "no plan"})
    options = ["-q", "q", "--max-retries", 1, "--prices", "openai/fake=10000:20000"]
    ran = command("extract", "bill0.txt", "bill1.txt", *options)
    assert ran.code == 1
    sent = command.provider.stats()["requests"]
    assert f"0 items, {15 * sent} tokens, ${0.2 * sent:.4f}" in ran.err


def test_a_dry_run_sends_nothing(command: Commands) -> None:
    paths = command.bills(3)
    ran = command("extract", *paths, "-q", "q", "--dry-run", "--prices", "openai/fake=1:2")
    header, line = ran.out.splitlines()
    assert header.split()[:2] == ["rows", "requests"]
    assert line.split()[:2] == ["3", "4"] and "$" in line
    assert command.provider.stats()["requests"] == 0


def test_costs_and_headers_and_caches(command: Commands) -> None:
    command.bills(1)
    command.plan(*command.replies(1))
    options = ["--prices", "openai/fake=10000:20000", "--cache", "replies.db"]
    options += ["--header", "Authorization: Bearer mine", "--limits", "rpm=6000,tpm=900000"]
    ran = command("extract", "bill0.txt", "-q", "q", *options)
    assert "1 item, 30 tokens, $0.4000" in ran.err
    again = command("extract", "bill0.txt", "-q", "q", *options)
    assert "1 item, 0 tokens" in again.err
    assert ran.records == again.records
    assert command.provider.stats()["requests"] == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--limits", "rpm"], "--limits must have NAME=VALUE"),
        (["--limits", "rps=3"], "--limits: there is no rps"),
        (["--limits", "rpm=fast"], "--limits rpm must be a number"),
        (["--limits", "rpm=0"], "--limits rpm must be a number greater than 0"),
        (["--prices", "none.json"], "there is no such file"),
        (["--prices", "openai/fake=1"], "must be INPUT:OUTPUT"),
        (["--header", "secret"], "--header must be 'NAME: VALUE'"),
        (["--max-threads", "0"], "--max-threads must be an integer of at least 1"),
        (["--max-retries", "-1"], "--max-retries must be an integer of at least 0"),
        (["--max-cost", "-1"], "--max-cost must be a number of at least 0"),
        (["--max-tokens", "-1"], "--max-tokens must be an integer of at least 0"),
        (["--deadline", "-1"], "--deadline must be a number greater than 0"),
        (["--timeout", "0"], "--timeout must be at least a millisecond"),
        (["--config", "none.yaml"], "none.yaml"),
        (["--password-file", "none"], "--password-file"),
        (["--file-option", "sep"], "--file-option must have NAME=VALUE"),
        (["--schema", "none.json"], "--schema: there is no file none.json"),
        (["--schema", "nothing:Here"], "--schema: nothing:Here: ModuleNotFoundError"),
        (["-o", "out.xyz"], "give --format"),
        (["--format", "parquet"], "needs a file"),
        (["-o", "bill0.txt", "--format", "csv"], "it is one of the sources"),
        (["-o", "none/out.csv"], "-o: "),
        (["--log-file", "none/log"], "--log-file"),
        (["--journal", "a.db", "--resume", "b.db"], "not both"),
        (["--model", "no-such-provider/x"], "no-such-provider"),
    ],
)
def test_errors_have_the_names_of_the_command_line(
    command: Commands, options: list[str], words: str
) -> None:
    command.bills(1)
    ran = command("extract", "bill0.txt", "-q", "q", *options)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1
    assert command.provider.stats()["requests"] == 0
