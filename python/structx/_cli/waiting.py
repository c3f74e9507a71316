"""Shows that a command is alive: a line that moves on a terminal, else a line now and then."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Generator

from structx._cli import console

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ON_TERMINALS = 0.1
_ELSEWHERE = 20.0
"""Seconds between two lines; chosen by hand."""


@contextlib.contextmanager
def shown(line: Callable[[], str]) -> Generator[None, None, None]:
    """Shows the line again and again until the end of the block."""
    is_terminal = console.is_terminal(sys.stderr)
    interval, show = (_ON_TERMINALS, console.show) if is_terminal else (_ELSEWHERE, console.say)
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(interval):
            show(line())

    # A thread: the loop may be blocked by a pipe or a validator.
    thread = threading.Thread(target=tick, name="structx-progress", daemon=True)
    if not console.is_quiet():
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if thread.is_alive():
            thread.join()
        console.hide()


def elapsed(what: str) -> Callable[[], str]:
    """A line with a spinner, what is done, and for how long."""
    started = time.monotonic()

    def line() -> str:
        seconds = time.monotonic() - started
        return f"{SPINNER[int(seconds * 10) % len(SPINNER)]}  {what}  {console.duration(seconds)}"

    return line
