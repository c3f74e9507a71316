"""Checks of single arguments: what they give is what was meant. All raise ValueError."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def boolean(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, not {value!r}")
    return value


def integer(name: str, value: object, *, minimum: int, below: int = 2**31) -> int:
    """An integer, and no bool."""
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value < below:
        raise ValueError(f"{name} must be an integer of at least {minimum}, not {value!r}")
    return value


def number(name: str, value: Any, *, positive: bool = False) -> float:
    """A finite number from 0 on, or of more than 0."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value < 2**63 or (positive and not value):
        wanted = "of more than 0" if positive else "from 0 on"
        raise ValueError(f"{name} must be a number {wanted}, not {value!r}")
    return float(value)


def path(name: str, value: Any) -> Path:
    """The path of a file."""
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None  # pyright: ignore
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} must be the path of a file, not {value!r}")
    return Path(text).expanduser()
