"""What structx costs before the first row: the time of its import, and its size when installed."""

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
    """The median for each statement, in fresh interpreters that take turns.

    Without the interpreter's own start, and with compiled files in place.
    """
    times: list[list[float]] = [[] for _ in statements]
    for _ in range(rounds + 1):
        for statement, seconds in zip(statements, times, strict=True):
            seconds.append(float(_python(_TIMED.format(statement))))
    return [statistics.median(seconds[1:]) for seconds in times]


def pydantic_peak_mb() -> float:
    """The memory of a process that imports pydantic and makes one model."""
    return int(_python(_PEAK)) * 1024 / 1e6


def build_wheel(folder: Path) -> Path:
    """A wheel of this checkout, as it is published but for link-time optimisation."""
    maturin = Path(sys.executable).with_name("maturin")
    subprocess.run(
        [maturin, "build", "--quiet", "--out", folder], check=True, cwd=Path(__file__).parents[2]
    )
    return next(folder.glob("*.whl"))


def installed_mb(wheel: Path) -> dict[str, float]:
    """The size of each package that a fresh environment without pip holds after the install.

    All files of its site-packages by their length, those that pip compiles at install included.
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
