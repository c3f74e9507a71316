"""Checks of single arguments. Each returns the checked value or raises ValueError."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def boolean(name: str, value: object) -> bool:
    """Checks that the value is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, not {value!r}")
    return value


def integer(name: str, value: object, *, minimum: int, below: int = 2**31) -> int:
    """Checks that the value is an integer in the range, and not a bool."""
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value < below:
        raise ValueError(f"{name} must be an integer of at least {minimum}, not {value!r}")
    return value


def number(name: str, value: Any, *, positive: bool = False) -> float:
    """Checks that the value is a finite number of at least 0, or of more than 0."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value < 2**63 or (positive and not value):
        wanted = "greater than 0" if positive else "of at least 0"
        raise ValueError(f"{name} must be a number {wanted}, not {value!r}")
    return float(value)


def path(name: str, value: Any) -> Path:
    """Checks that the value is the path of a file; `~` becomes the home directory."""
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None  # pyright: ignore
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} must be the path of a file, not {value!r}")
    return Path(text).expanduser()


def words(name: str, value: object) -> str:
    """Checks that the value is a text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be a text that is not blank")
    unicode(name, value)
    return value


def unicode(name: str, text: str) -> None:
    """Checks that UTF-8 can express a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{name} has halves of characters (lone surrogates), which can't be sent"
        ) from None
