"""What the tests of the async contract share: the loops, a model, and waiting for a condition."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import pytest
from pydantic import BaseModel

T = TypeVar("T")


class Run(Protocol):
    """`asyncio.run`, or the same on another loop."""

    def __call__(self, main: Coroutine[Any, Any, T], /) -> T: ...


def runner(loop: str) -> Run:
    """The `run` of `asyncio` or of `uvloop`; skips the test where there is no uvloop."""
    return asyncio.run if loop == "asyncio" else pytest.importorskip("uvloop").run


class Word(BaseModel):
    word: str


def eventually(condition: Callable[[], bool], within: float = 5) -> bool:
    """Whether `condition` holds before `within` seconds have passed."""
    deadline = time.monotonic() + within
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return holds
