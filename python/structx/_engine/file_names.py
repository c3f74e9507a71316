"""Names of the files of several documents in one folder."""

from __future__ import annotations

from pathlib import Path


def free_name(name: str, taken: set[str]) -> str:
    """The name of a file that no other has; it is taken from then on."""
    path, number, free = Path(name), 1, name
    while free in taken:
        number += 1
        free = f"{path.stem}-{number}{path.suffix}"
    taken.add(free)
    return free
