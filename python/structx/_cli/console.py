"""What a person sees on stderr: messages, a line of progress below them, and colours."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import unicodedata
from typing import Any

_CLEAR = "\r\x1b[K"
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}
_lock = threading.RLock()
_status = ""
"""The line of progress that is shown; empty if there is none."""
_quiet = False


def set_quiet(quiet: bool) -> None:
    """Whether only errors are said."""
    global _quiet
    _quiet = quiet


def is_quiet() -> bool:
    """Whether only errors are said."""
    return _quiet


def say(*lines: str) -> None:
    """Writes lines to stderr, unless the person asked for quiet."""
    if not _quiet:
        complain(*lines)


def complain(*lines: str) -> None:
    """Writes lines to stderr."""
    with _lock:
        hide()
        for line in lines:
            print(line, file=sys.stderr)
        sys.stderr.flush()


def show(line: str) -> None:
    """Shows a line of progress in place of the one before. Only for terminals."""
    global _status
    with _lock:
        width = shutil.get_terminal_size().columns - 1
        _status = cut(line, width)
        sys.stderr.write(_CLEAR + _status)
        sys.stderr.flush()


def hide() -> None:
    """Removes the line of progress."""
    global _status
    with _lock:
        if _status:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
            _status = ""


def is_terminal(stream: Any) -> bool:
    """Whether a person sees what is written to the stream."""
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def painted(text: str, colour: str, stream: Any = None) -> str:
    """The text in a colour, where the stream (default: stderr) is a terminal; see no-color.org."""
    if os.environ.get("NO_COLOR") or not is_terminal(stream or sys.stderr):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def width_of(text: str) -> int:
    """The columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns, with an ellipsis where it is cut."""
    if width_of(text) <= width:
        return text
    kept = ""
    for one in text:
        if width_of(kept + one) >= width:
            break
        kept += one
    return f"{kept}…" if width > 0 else ""


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Seconds as `4.2 s`, `3:05` or `1:02:03`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
