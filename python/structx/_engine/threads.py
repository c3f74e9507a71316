"""Python's own work that would hold up an event loop, and a thread that does it instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, TypeVar, cast

from structx import _core
from structx._engine.tables.files import is_file, is_named
from structx._engine.tables.libraries import library_of

R = TypeVar("R")

_LARGE = 5_000
"""Values that would hold up an event loop while they are written or read."""


def is_large(value: object) -> bool:
    """Whether to write or read it takes long: many values, a file that Python reads."""
    return _size(value) > _LARGE


def _size(value: Any, depth: int = 4) -> int:
    """About how many values there are; a long text is as many as its pages."""
    if isinstance(value, (str, PurePath)):
        return _LARGE + 1 if is_named(str(value)) else 1 + len(str(value)) // 1_000
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _LARGE + 1 if is_file(bytes(cast(bytes, value[:6]))) else 1
    if isinstance(value, _core.RawRows):
        return 3 * len(value)
    if hasattr(value, "read"):  # a file object may keep its reader waiting
        return _LARGE + 1
    if library_of(value):
        rows, columns = value.shape
        return rows * columns
    if isinstance(value, dict):
        value = list(cast("dict[Any, Any]", value).values())
    if not isinstance(value, (list, tuple)):
        return 1
    parts = cast("Sequence[Any]", value)
    if len(parts) > _LARGE or not depth:
        return len(parts)
    return sum(_size(part, depth - 1) for part in parts)


async def in_thread(work: Callable[[], R]) -> R:
    """What `work` gives, called with the caller's context variables."""
    import asyncio
    from contextvars import copy_context

    try:
        done = asyncio.get_running_loop().run_in_executor(None, copy_context().run, work)
    except RuntimeError:  # no loop of asyncio, or the interpreter exits
        return work()
    return await done
