"""The files that commands read: globs, folders, lists, stdin and pipes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from commands import Commands
from provider import FakeProvider


def sources(command: Commands, *arguments: object) -> list[str]:
    """The names that a command reads."""
    ran = command("measure", *arguments, "--format", "jsonl")
    assert ran.code == 0, ran.err
    return [it["source"] for it in ran.records]


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_globs_are_expanded(command: Commands) -> None:
    for name in ("a1.txt", "a2.txt", "b.txt", "deep/a3.txt", "[x].txt"):
        command.file(name, "text")
    assert sources(command, "a?.txt") == ["a1.txt", "a2.txt"]
    deep = os.path.join("deep", "a3.txt")  # noqa: PTH118 (as glob gives it)
    assert sources(command, "**/a*.txt") == ["a1.txt", "a2.txt", deep]
    # A file may have such a name.
    assert sources(command, "[x].txt") == ["[x].txt"]
    ran = command("measure", "none*.txt")
    assert (ran.code, ran.err) == (2, "structx: no file matches none*.txt\n")


def test_a_file_that_is_named_twice_is_read_once(command: Commands) -> None:
    command.file("a.txt", "text")
    assert sources(command, "a.txt", "*.txt", "a.txt") == ["a.txt"]


def test_folders_need_recursive(command: Commands) -> None:
    for name in ("in/a.txt", "in/deep/b.csv", "in/c.unknown", "in/.hidden.txt", "in/.git/d.txt"):
        command.file(name, "t\nrow\n")
    ran = command("measure", "in")
    assert (ran.code, ran.out) == (2, "")
    assert "in is a folder: --recursive" in ran.err
    assert [Path(it).as_posix() for it in sources(command, "-r", "in")] == [
        "in/a.txt",
        "in/deep/b.csv",
    ]
    said = command("measure", "--recursive", "in").err
    assert "left out 1 file of other formats and 2 hidden files" in said
    command.file("none/c.unknown", "x")
    assert command("measure", "-r", "none").code == 2


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\0"])
def test_names_come_from_a_list(
    command: Commands, monkeypatch: pytest.MonkeyPatch, separator: bytes
) -> None:
    command.file("a b.txt", "text")
    command.file("ü.txt", "text")
    names = separator.join([b"a b.txt", "ü.txt".encode(), b""])
    (command.folder / "list").write_bytes(names)
    assert sources(command, "--files-from", "list") == ["a b.txt", "ü.txt"]
    feed(monkeypatch, names)
    assert sources(command, "--files-from", "-") == ["a b.txt", "ü.txt"]
    assert command("measure", "--files-from", "-", "-").code == 2
    feed(monkeypatch, b"")
    assert "names no file" in command("measure", "--files-from", "-").err


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_stdin_is_read(command: Commands, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    feed(monkeypatch, b"t,u\n1,2\n3,4\n")
    [measured] = command("measure", name, "--stdin-name", "a.csv", "--format", "jsonl").records
    assert (measured["source"], measured["rows"]) == (name, 2)


def test_stdin_is_extracted_from(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    command.plan(*command.replies(1))
    feed(monkeypatch, b"Bill B0 over 0.50 EUR")
    ran = command("extract", "-", "-q", "the bill")
    assert [(it["source"], it["item"]["number"]) for it in ran.records] == [("-", "B0")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_read(command: Commands) -> None:
    """As `structx extract <(...)` gives it."""
    pipe = command.folder / "pipe"
    os.mkfifo(pipe)
    command.plan(*command.replies(1))
    writer = threading.Thread(target=pipe.write_text, args=("Bill B0 over 0.50 EUR",))
    writer.start()
    ran = command("extract", pipe, "-q", "the bill")
    writer.join()
    assert [it["item"]["number"] for it in ran.records] == ["B0"]


@pytest.mark.skipif(sys.platform == "win32", reason="the shell is bash")
def test_the_substitution_of_a_process_is_read(provider: FakeProvider) -> None:
    line = f"{sys.executable} -m structx measure <(printf 'one two') --format jsonl"
    run = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert '"characters": 7' in run.stdout


def test_no_files_are_an_error(command: Commands) -> None:
    ran = command("extract", "-q", "q")
    assert (ran.code, ran.err) == (2, "structx: no files are given: name files, or - for stdin\n")


def test_options_of_the_reader(command: Commands) -> None:
    command.file("t.csv", "a;b;c\n1;2;3\n4;5;6\n")
    [one] = command("measure", "t.csv", "--rows", 1, "--format", "jsonl").records
    assert one["rows"] == 1
    where = ("--where", "a > 1", "--where", "b = 5")
    [one] = command("measure", "t.csv", *where, "--format", "jsonl").records
    assert one["rows"] == 1
    pages = ("--pages", "2", "--format", "jsonl")
    command.file("two.html", "<p>one</p>")
    assert "for documents with pages" in command("measure", "two.html", *pages).err
    ran = command("extract", "t.csv", "-q", "q", "--columns", "a,c", "--file-option", "sep=;")
    assert ran.code == 0
    bodies = [str(it["body"]) for it in command.provider.requests()]
    assert all("a: 1" in one or "a: 4" in one for one in bodies[1:])
    assert not any("b: 2" in one for one in bodies)
    ran = command("extract", "t.csv", "-q", "q", "--file-option", 'limits={"cells": 1}')
    assert ran.code == 1
    assert "--file-option 'limits=" in ran.err and "file_options" not in ran.err
