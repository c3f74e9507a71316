"""The Python blocks of the README and of the pages in docs/ run unchanged; their commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import pages
from provider import ROOT, FakeProvider
from structx._cli.parser import parser

README = ROOT / "README.md"
per_page = pytest.mark.parametrize(
    "page", pages.PAGES, ids=lambda page: page.relative_to(ROOT).as_posix()
)


@per_page
def test_every_block_runs(
    page: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pages.prepare(monkeypatch, provider, tmp_path)
    text = page.read_text(encoding="utf-8")
    provider.script(*pages.steps(text))
    pages.run(text, page.name, {"__name__": "page"})


@per_page
def test_every_command_is_accepted(page: Path) -> None:
    for command in pages.commands(page.read_text(encoding="utf-8")):
        parser().parse_args(shlex.split(command))


def test_most_pages_have_blocks() -> None:
    texts = [page.read_text(encoding="utf-8") for page in pages.PAGES]
    assert sum(text.count("```python") for text in texts) > 70
    assert sum("```python" in text for text in texts) > 20


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 160


def test_a_wrong_page_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    space: dict[str, Any] = {}
    good = "```python\nx = 1\nprint('a', x)\n```\n\n```text\na ...\n```\n\n"
    good += '=== "tab"\n\n    ```python\n    x += 1\n    ```\n'
    assert pages.run(good, "page", space) == 2
    assert space["x"] == 2
    with pytest.raises(AssertionError, match=re.escape("page:2 prints\nb\n\nand not\na")):
        pages.run("```python\nprint('b')\n```\n\n```text\na\n```\n", "page", {})
    assert pages.commands("```sh\ncat a | structx extract - -q 'a b' > out\n```\n") == [
        "extract - -q 'a b'"
    ]
    with pytest.raises(SystemExit):
        parser().parse_args(["extract", "--no-such-option"])
    assert "no-such-option" in capsys.readouterr().err
