"""Waiting in tests: for a condition, with a time limit, or for a while in which nothing may change.

Each has a sync form and one that lets the loop run meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PAUSE = 0.005
"""Seconds between two looks at a condition."""


def eventually(condition: Callable[[], bool], within: float = 5) -> bool:
    """Whether `condition` holds before `within` seconds have passed."""
    deadline = time.monotonic() + within
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return holds


def stays(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition` holds for `seconds`: for what must not happen, which is no event."""
    return not eventually(lambda: not condition(), seconds)


async def until(condition: Callable[[], bool], within: float = 10) -> None:
    """Wait for `condition`; without it after `within` seconds, fail."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        await asyncio.sleep(PAUSE)


async def stays_async(condition: Callable[[], bool], seconds: float) -> bool:
    """As `stays`."""
    deadline = time.monotonic() + seconds
    while (holds := condition()) and time.monotonic() < deadline:
        await asyncio.sleep(PAUSE)
    return holds
