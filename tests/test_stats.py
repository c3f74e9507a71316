"""What `Extractor.stats` says while and after requests run."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from provider import FakeProvider
from structx import ExtractionError, Extractor, Limits, ModelStats
from waiting import eventually

CALL: dict[str, Any] = {"query": "the word", "model": str}
ROWS = [{"t": f"row{number}"} for number in range(6)]


def test_requests_are_counted_by_model(provider: FakeProvider, subject: Extractor) -> None:
    provider.script({"when": "row3", "status": 400})
    result = subject.extract(data=ROWS, **CALL)
    stats = subject.stats()
    assert list(stats) == ["openai/fake"]
    known = stats["openai/fake"]
    assert (known.model, known.waiting, known.in_flight) == ("openai/fake", 0, 0)
    assert (known.requests, known.failed, known.throttled) == (6, 1, 0)
    assert known.prompt_tokens + known.completion_tokens == result.usage.total_tokens
    assert known.found_requests_per_minute is None


def test_running_and_waiting_requests_are_seen(provider: FakeProvider) -> None:
    provider.script(latency_ms=300)
    extractor = Extractor(
        model="openai/fake",
        planning_model="openai/planner",
        api_key="k",
        api_base=provider.base_url,
        limits=Limits(max_concurrency=2),
    )
    assert list(extractor.stats()) == ["openai/fake", "openai/planner"]
    thread = threading.Thread(target=lambda: extractor.extract(data=ROWS, **CALL))
    thread.start()

    def seen(known: ModelStats) -> bool:
        return (known.in_flight, known.waiting) == (2, 4)

    assert eventually(lambda: seen(extractor.stats()["openai/fake"]))
    thread.join()
    assert extractor.stats()["openai/fake"].requests == 6


def test_a_closed_extractor_has_none(subject: Extractor) -> None:
    subject.close()
    with pytest.raises(ExtractionError, match="closed"):
        subject.stats()
