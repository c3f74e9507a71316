"""Runs the Python blocks of a Markdown page, one after another in one namespace.

A `text` block right after a Python block is what that prints; `...` in it stands for any text. What
a reader does not see are comments:

    <!-- provider
    {"when": "the total", "content": {"items": [{"total": 5}]}}
    -->
    <!-- needs fastapi -->

The first scripts the fake provider, a step on each line, whose `content` may be an object; other
replies are made by the schema. The second names a module without which the page is skipped.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import redirect_stdout
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from provider import ROOT, FakeProvider

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
SAMPLES = "scripts/example_input"

_BLOCK = re.compile(
    r"^( *)```python.*?\n(.*?)^\1```$(?:\n\s*?^\1```text\n(.*?)^\1```$)?", re.DOTALL | re.MULTILINE
)
_STEPS = re.compile(r"^<!-- provider\n(.*?)^-->$", re.DOTALL | re.MULTILINE)
_NEEDED = re.compile(r"^<!-- needs (\w+) -->$", re.MULTILINE)
_COMMAND = re.compile(r"^ *(?:.*\| )?structx (.*?)(?: [|>] .*| #.*)?$", re.MULTILINE)
_SHELL = re.compile(r"^ *```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def prepare(monkeypatch: pytest.MonkeyPatch, provider: FakeProvider, folder: Path) -> None:
    """A folder with the samples as the working directory, and the provider as every provider."""
    shutil.copytree(ROOT / SAMPLES, folder / SAMPLES)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("STRUCTX_MODEL", "openai/fake")
    for name in ("OPENAI", "GROQ", "ANTHROPIC", "GEMINI"):
        monkeypatch.setenv(f"{name}_API_KEY", "none")
    monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
    monkeypatch.setenv("GROQ_API_BASE", provider.base_url)


def steps(text: str) -> Iterator[dict[str, Any]]:
    """The script of a page for the fake provider."""
    for comment in _STEPS.findall(text):
        for line in comment.splitlines():
            yield step(json.loads(line))


def step(given: dict[str, Any]) -> dict[str, Any]:
    """A step for the fake provider, for any number of requests; its content may be an object."""
    content = given.get("content", "")
    text = content if isinstance(content, str) else json.dumps(content)
    return {"times": 1_000, **given, "content": text}


def run(text: str, name: str, space: dict[str, Any]) -> int:
    """Runs the blocks in the namespace `space`; returns how many there are.

    Raises AssertionError for an output that is not the one on the page.
    """
    for module in _NEEDED.findall(text):
        pytest.importorskip(module)
    blocks = list(_BLOCK.finditer(text))
    for block in blocks:
        line = text.count("\n", 0, block.start(2))
        # Empty lines above keep the line numbers of the page in tracebacks.
        code = compile("\n" * line + dedent(block[2]), name, "exec", dont_inherit=True)
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(code, space)
        if block[3] is not None:
            check(f"{name}:{line + 1}", dedent(block[3]), printed.getvalue())
    return len(blocks)


def check(place: str, documented: str, printed: str) -> None:
    """Raises AssertionError if the printed text is not the documented one."""
    if not OutputChecker().check_output(documented, printed, ELLIPSIS | NORMALIZE_WHITESPACE):
        raise AssertionError(f"{place} prints\n{printed}\nand not\n{documented}")


def commands(text: str) -> list[str]:
    """The arguments of the commands in blocks for the shell."""
    shells = (block.replace("\\\n", " ") for block in _SHELL.findall(text))
    return [arguments for shell in shells for arguments in _COMMAND.findall(shell)]
