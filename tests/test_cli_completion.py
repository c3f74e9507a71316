"""`structx completion`: what a shell offers."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from commands import Commands

_ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _structx; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("structx re", {"refine", "read", "review"}),
        ("structx journal ", {"show", "export", "merge"}),
        ("structx models pull --source ", {"hub", "pypi"}),
        ("structx extract a.pdf --max-c", {"--max-cost"}),
        ("structx read a.pdf --format j", {"json"}),
        ("structx extract ", set()),
    ],
)
def test_bash_offers(command: Commands, line: str, offered: set[str]) -> None:
    script = command.file("completion.bash", command("completion", "bash").out)
    words = ["bash", "-c", _ASK, "bash", str(script), *line.split(" ")]
    run = subprocess.run(words, capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == offered


@pytest.mark.parametrize(("shell", "check"), [("zsh", ["-n"]), ("fish", ["--no-execute"])])
def test_scripts_are_valid(command: Commands, shell: str, check: list[str]) -> None:
    text = command("completion", shell).out
    assert "--max-cost" in text or "-l max-cost" in text
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    script = command.file(f"completion.{shell}", text)
    subprocess.run([shell, *check, str(script)], check=True)
