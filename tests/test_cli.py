"""The command line as a whole: its help, its errors, its exit codes, and the line of progress."""

from __future__ import annotations

import argparse
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import pytest

from commands import SCHEMA, Commands, reply
from provider import FakeProvider
from structx import __version__, cli
from structx._cli.parser import parser
from structx._cli.wording import worded


def parsers(one: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its commands."""
    yield one
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)


@pytest.mark.parametrize("one", list(parsers(parser())), ids=lambda one: one.prog)
def test_all_is_documented(one: argparse.ArgumentParser) -> None:
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            assert all(inner.help for inner in action._choices_actions)
        else:
            assert action.help, action
    text = one.format_help()
    has_commands = any(isinstance(it, argparse._SubParsersAction) for it in one._actions)
    if one.prog.count(" ") == 1:
        assert "examples:\n  structx " in text
    assert has_commands or "options:" in text


def test_examples_parse() -> None:
    """Each example names options that exist."""
    known = {
        name
        for one in parsers(parser())
        for action in one._actions
        for name in action.option_strings
    }
    for one in parsers(parser()):
        for word in one.format_help().partition("examples:\n")[2].split():
            if word.startswith("-") and word not in ("-", "-c", "-s"):
                assert word in known, (one.prog, word)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["extract", "--max-threads", "many", "a.pdf", "-q", "q"],
        ["extract", "a.pdf", "-q", "q", "--format", "xml"],
        ["extract", "a.pdf", "-q", "q", "--no-such-option"],
        ["schema", "a.pdf"],
        ["explain"],
        ["models"],
        ["models", "pull", "--source", "ftp"],
        ["models", "remove"],
        ["completion", "tcsh"],
        ["unknown"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    assert raised.value.code == 2


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["--version"])
    assert raised.value.code == 0
    assert capsys.readouterr().out == f"structx {__version__}\n"


def test_help_loads_neither_pydantic_nor_the_core() -> None:
    program = (
        "import sys\nfrom structx import cli\n"
        "try: cli.main(['extract', '--help'])\nexcept SystemExit: pass\n"
        "heavy = {'pydantic', 'structx._core', 'asyncio', 'logging'}\n"
        "print(*heavy & set(sys.modules), file=sys.stderr)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stderr.strip() == ""


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("max_cost must be a number", "--max-cost must be a number"),
        ("it could pass max_tokens=1000", "it could pass --max-tokens=1000"),
        ("query must be a text", "--query must be a text"),
        ("the model said max_width", "the model said max_width"),
        ("x.csv: the query is fine", "x.csv: the query is fine"),
        ("openai needs a key: set A_KEY or give api_key", "openai needs a key: set A_KEY"),
        ('read it with file_options={"as": "document"}', "read it with --as document"),
        ('file_options={"limits": {"cells": 6}}', "--file-option 'limits={\"cells\": 6}'"),
        ("file_options: `pages` must be a page", "--pages must be a page"),
        ("no row of 3 meets `where` of file_options", "no row of 3 meets --where"),
        ("is api_base the address of the API?", "is --api-base the address of the API?"),
    ],
)  # fmt: skip
def test_errors_are_in_the_words_of_the_command_line(message: str, said: str) -> None:
    assert worded(message) == said


def test_a_configuration_error_is_one_line(
    command: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    command.bills(1)
    ran = command("extract", "bill0.txt", "-q", "q")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("structx: ") and ran.err.count("\n") == 1
    assert "OPENAI_API_KEY" in ran.err and "api_key" not in ran.err


def test_output_is_utf8_whatever_the_platform_says(
    command: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n"))
    command.file("ü.txt", "text")
    command.plan({"content": reply({"number": "Łódź 東京", "total": 1})})
    assert cli.main(["extract", "ü.txt", "-q", "q"]) == 0
    assert raw.getvalue().endswith(b"}\n")
    assert b"\r" not in raw.getvalue()
    assert json.loads(raw.getvalue())["item"]["number"] == "Łódź 東京"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE to imitate")
def test_a_closed_pipe_is_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "structx", "models", "list"]
    run = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (run.returncode, run.stderr) == (141, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
@pytest.mark.parametrize("colours", [True, False])
def test_a_terminal_shows_progress(
    provider: FakeProvider, command: Commands, colours: bool
) -> None:
    command.bills(2)
    command.file("schema.json", json.dumps(SCHEMA))
    provider.script(
        {"when": "Bill B0 ", "delay_ms": 700, "content": reply({"number": "1", "total": 1})},
        {"when": "Bill B1 ", "status": 400},
    )
    arguments = ["extract", "bill0.txt", "bill1.txt", "-q", "q", "--schema", "schema.json"]
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "" if colours else "1"}
    run = subprocess.Popen(
        [sys.executable, "-m", "structx", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    said = b""
    try:
        while part := os.read(master, 4096):
            said += part
    except OSError:  # the terminal is gone: the process has ended
        pass
    os.close(master)
    with run:
        assert run.stdout is not None
        assert len(run.stdout.readlines()) == 2
    assert run.returncode == 1
    shown = said.decode()
    assert "1/2 files" in shown and "rows" in shown and "tokens" in shown
    # The line is gone at the end, and the summary stands alone.
    assert shown.rpartition("\r\x1b[K")[2].lstrip().startswith("2 files, 2 rows: 1 ok")
    assert ("\x1b[31m" in shown) == colours


def test_no_terminal_has_no_line_of_progress(command: Commands) -> None:
    command.bills(1)
    command.plan(*command.replies(1))
    ran = command("extract", "bill0.txt", "-q", "q")
    assert "\r" not in ran.err and "\x1b" not in ran.err


def test_a_long_wait_is_no_silence(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("structx._cli.waiting._ELSEWHERE", 0.05)
    command.bills(1)
    command.plan({"when": "Bill B0 ", "delay_ms": 400})
    ran = command("extract", "bill0.txt", "-q", "q")
    assert "waiting for replies" in ran.err
