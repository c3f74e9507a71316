"""Moves work in Python that would block an event loop to a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


async def in_thread(work: Callable[[], R]) -> R:
    """Calls `work` in a thread with the caller's context variables, and returns its result."""
    import asyncio
    from contextvars import copy_context

    try:
        done = asyncio.get_running_loop().run_in_executor(None, copy_context().run, work)
    except RuntimeError:  # no loop of asyncio, or the interpreter exits
        return work()
    return await done
