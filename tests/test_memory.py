"""Memory that glibc keeps is given back after large operations, and only after these."""

from __future__ import annotations

from typing import Any

import pytest

from loops import Run, Word
from structx import Extractor
from structx._engine import memory

CALL: dict[str, Any] = {"query": "the word", "model": Word}
FEW = [{"t": "row"}]
MOST = 2_000


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the function of glibc was called with, after operations of `MOST` rows."""
    calls: list[int] = []
    monkeypatch.setattr(memory, "_trim", lambda: calls.append)
    monkeypatch.setattr(memory, "LEAST_ROWS", MOST)
    return calls


def test_only_large_operations_give_memory_back(
    subject: Extractor, run: Run, given_back: list[int]
) -> None:
    subject.extract(data=FEW, **CALL)
    run(subject.extract_async(data=FEW, **CALL))
    list(subject.extract_stream(data=FEW, **CALL))
    assert given_back == []
    subject.extract(data=FEW * MOST, **CALL)
    run(subject.extract_async(data=FEW * MOST, **CALL))
    list(subject.extract_stream(data=FEW * MOST, **CALL))
    assert given_back == [0, 0, 0]


def test_the_system_may_have_no_such_function() -> None:
    memory.give_back(memory.LEAST_ROWS)
