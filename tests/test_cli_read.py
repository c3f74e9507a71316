"""`structx read`, `measure` and `estimate`: documents without requests."""

from __future__ import annotations

import json

import pytest

from commands import Commands
from provider import ROOT

PDF = ROOT / "scripts/example_input/S0305SampleInvoice.pdf"


@pytest.fixture(autouse=True)
def _no_requests(command: Commands) -> None:
    command.file("a.md", "# Title\n\nSome text.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")


def test_a_document_is_read_as_markdown(command: Commands) -> None:
    ran = command("read", "a.md")
    assert ran.code == 0
    assert "# Title" in ran.out and "Some text." in ran.out and "| 1 | 2 |" in ran.out


def test_the_text_alone_has_no_marks(command: Commands) -> None:
    ran = command("read", "a.md", "--format", "text")
    assert ran.out == "Title\n\nSome text.\n\na\tb\n1\t2\n"


def test_json_has_the_places(command: Commands) -> None:
    read = json.loads(command("read", PDF, "--format", "json").out)
    assert read["format"] == "pdf" and len(read["pages"]) >= 1
    block = next(one for one in read["blocks"] if one["box"])
    assert read["text"][block["start"] : block["end"]] == block["text"]


def test_pages_are_separated(command: Commands) -> None:
    ran = command("read", PDF, "--by-page")
    assert ran.out.startswith("--- page 1 ---\n")
    ran = command("read", "a.md", "--by-page")
    assert (ran.code, ran.err) == (2, "structx: --by-page: the format has no pages\n")


def test_a_file_that_is_missing_is_an_error(command: Commands) -> None:
    ran = command("read", "none.pdf")
    assert (ran.code, ran.out) == (1, "")
    assert "none.pdf" in ran.err


def test_sizes_are_listed_with_their_total(command: Commands) -> None:
    command.file("t.csv", "t\nrow0\nrow1\n")
    ran = command("measure", "a.md", "t.csv", "none.txt")
    assert ran.code == 1
    header, first, second, total = ran.out.splitlines()
    assert header.split() == ["file", "pages", "rows", "characters", "tokens", "vision", "pages"]
    assert (first.split()[0], first.split()[2]) == ("a.md", "1")
    assert second.split()[2] == "2"
    assert (total.split()[0], total.split()[2]) == ("total", "3")
    assert "none.txt" in ran.err


def test_limits_of_the_reader(command: Commands) -> None:
    options = ["--file-option", 'limits={"characters": 3}']
    assert command("read", "a.md", *options).code == 1
    assert command("read", "a.md", "--file-option", 'limits={"no": 3}').code == 2


def test_an_estimate_is_that_of_all_files(command: Commands) -> None:
    command.file("t.csv", "t\nrow0\nrow1\n")
    options = ["-q", "the total", "--prices", "openai/fake=1:2"]
    one = json.loads(command("estimate", "a.md", *options, "--format", "json").out)
    both = json.loads(command("estimate", "a.md", "t.csv", *options, "--format", "json").out)
    assert (one["rows"], one["requests"]) == (1, 2)
    assert (both["rows"], both["requests"]) == (3, 4)
    # Each row takes the same, and the plan is counted once.
    assert both["completion_tokens"] - one["completion_tokens"] < one["completion_tokens"]
    assert both["cost"] > one["cost"] > 0
    unknown = command("estimate", "a.md", "none.txt", "-q", "the total")
    assert unknown.code == 1
    assert "unknown (--prices)" in unknown.out and "1 source can't be read" in unknown.err
    assert command.provider.stats()["requests"] == 0
