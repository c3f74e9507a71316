"""Each hostile file gives a text or an error, and the process survives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import hostile

PROGRAM = Path(hostile.__file__)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded and counted as Linux does")
@pytest.mark.parametrize("group", hostile.GROUPS)
def test_the_process_lives_and_stays_small(group: str) -> None:
    command = [sys.executable, str(PROGRAM), group, "small"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, (told[-1:], run.stderr[-500:])
    names = [name for name, _ in hostile.GROUPS[group](hostile.SMALL)]
    ended = {line["file"]: line for line in told if "outcome" in line}
    assert list(ended) == names
    assert {n: line for n, line in ended.items() if line["peak_mb"] > hostile.MEMORY_MB} == {}
