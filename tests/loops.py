"""The event loops and the model that the tests of the async contract share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import pytest
from pydantic import BaseModel

T = TypeVar("T")


class Run(Protocol):
    """`asyncio.run` or the same function for another loop."""

    def __call__(self, main: Coroutine[Any, Any, T], /) -> T: ...


def runner(loop: str) -> Run:
    """The `run` of `asyncio` or `uvloop`; skips the test if uvloop is not installed."""
    return asyncio.run if loop == "asyncio" else pytest.importorskip("uvloop").run


class Word(BaseModel):
    word: str
