"""The cost of structx before the first row: the time of its import, and its installed size."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_TIMED = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
_PEAK = """
from pathlib import Path
from pydantic import BaseModel
class Model(BaseModel): field: str
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def import_seconds(statements: list[str], rounds: int) -> list[float]:
    """The median time of each statement, in new interpreters that take turns.

    Excludes the start of the interpreter; .pyc files exist already.
    """
    times: list[list[float]] = [[] for _ in statements]
    for _ in range(rounds + 1):
        for statement, seconds in zip(statements, times, strict=True):
            seconds.append(float(_python(_TIMED.format(statement))))
    return [statistics.median(seconds[1:]) for seconds in times]


def pydantic_peak_mb() -> float:
    """The peak memory of a process that imports pydantic and defines one model."""
    return int(_python(_PEAK)) * 1024 / 1e6


def build_wheel(folder: Path) -> Path:
    """Builds a wheel of this checkout, like a published one but without link-time optimisation."""
    maturin = Path(sys.executable).with_name("maturin")
    subprocess.run(
        [maturin, "build", "--quiet", "--out", folder], check=True, cwd=Path(__file__).parents[2]
    )
    return next(folder.glob("*.whl"))


def installed_mb(wheel: Path) -> dict[str, float]:
    """The size of each package in a new environment without pip after the installation.

    Sums the lengths of all files in site-packages, including the .pyc files that pip writes.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        python = Path(folder) / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", wheel]
        subprocess.run(pip, check=True)
        packages = next(Path(folder).glob("lib/python*/site-packages"))
        return {path.name: _size(path) / 1e6 for path in packages.iterdir()}


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
