"""Waits for a condition with a time limit, or checks that a condition holds for some time.

Both have a blocking form, and an async form during which the event loop runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PAUSE = 0.005
"""Seconds between two checks of a condition."""


def eventually(condition: Callable[[], bool], within: float = 5) -> bool:
    """Whether `condition` holds within `within` seconds."""
    deadline = time.monotonic() + within
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return holds


def stays(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition` holds for `seconds`: for events that must not happen."""
    return not eventually(lambda: not condition(), seconds)


async def until(condition: Callable[[], bool], within: float = 10) -> None:
    """Waits for `condition`; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        await asyncio.sleep(PAUSE)


async def stays_async(condition: Callable[[], bool], seconds: float) -> bool:
    """`stays` for asyncio."""
    deadline = time.monotonic() + seconds
    while (holds := condition()) and time.monotonic() < deadline:
        await asyncio.sleep(PAUSE)
    return holds
