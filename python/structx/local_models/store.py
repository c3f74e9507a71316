"""The files of weights: where they are, and how they are checked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from structx.exceptions import FileError


def cache_dir() -> Path:
    """The directory STRUCTX_CACHE_DIR, or the platform's directory for caches."""
    if own := os.environ.get("STRUCTX_CACHE_DIR"):
        return Path(own).expanduser()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData/Local") / "structx" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/structx"
    xdg = os.environ.get("XDG_CACHE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".cache") / "structx"


def check_space(folder: Path, needed: int) -> None:
    """Raises FileError unless there is room for `needed` bytes."""
    import shutil

    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FileError(
            f"not enough space in {folder}: {needed / 1e6:,.0f} MB are needed, "
            f"{free / 1e6:,.0f} MB are free",
            str(folder),
        )


def check(part: Path, name: str, expected: str) -> None:
    """Deletes what was downloaded for `name` and raises FileError if its hash is wrong."""
    found = sha256(part)
    if found != expected:
        part.unlink()
        raise FileError(
            f"the file downloaded for {name} has the wrong hash and was deleted: "
            f"sha256 {found}, expected {expected}",
            str(part),
        )


def sha256(path: Path) -> str:
    """The hash of a file, as hexadecimal digits."""
    import hashlib

    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
