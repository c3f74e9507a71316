"""Runs tools of a benchmark over files, each tool in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any


def run(script: str, tool: str, files: Sequence[Path]) -> Iterator[tuple[str, Any]]:
    """Has `SCRIPT --tool TOOL` read the files; yields what it found in each."""
    done = subprocess.run(
        [sys.executable, script, "--tool", tool],
        input="\n".join(map(str, files)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    for line in done.stdout.splitlines():
        if line.startswith('{"file"'):
            told = json.loads(line)
            yield told["file"], told["found"]


def answer(find: Callable[[str], Any]) -> None:
    """Reads the files given on standard input, in the process of a tool."""
    for file in sys.stdin.read().splitlines():
        try:
            found = find(file)
        except Exception:
            # In a file that a tool can't read, it finds nothing.
            found = {}
        print(json.dumps({"file": file, "found": found}), flush=True)
