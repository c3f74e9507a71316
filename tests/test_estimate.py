"""Estimates match the real requests, and send nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loops import Run, Word
from provider import FakeProvider, Recorded
from structx import Estimate, ExtractionError, Extractor, Limits, _core
from structx.estimates import estimate_of

ROWS: dict[str, Any] = {"data": [{"t": f"row {n:03}"} for n in range(40)], "query": "the word"}


def tokens(text: str) -> int:
    """The documented rule: four letters, two other characters, or one of a large alphabet."""
    weights = (
        1 if c.isascii() and (c.isalpha() or c == " ") else 2 if ord(c) <= 0x2E80 else 4
        for c in text
    )
    return -(-sum(weights) // 4)


def counted(request: Recorded) -> int:
    """The estimate for a sent request: its messages and its schema."""
    body = request["body"]
    schema = body["response_format"]["json_schema"]["schema"]
    texts = [message["content"] for message in body["messages"]]
    assert all(isinstance(text, str) for text in texts)
    return sum(map(tokens, texts)) + tokens(json.dumps(schema, separators=(",", ":")))


def test_an_estimate_is_that_of_the_requests_that_follow(
    provider: FakeProvider, subject: Extractor
) -> None:
    estimate = subject.estimate(**ROWS, model=Word)
    assert provider.stats()["requests"] == 0
    subject.extract(**ROWS, model=Word)
    sent = sum(map(counted, provider.requests()))
    # The only differences are tags around the document and rounding of its parts.
    assert estimate.prompt_tokens == pytest.approx(sent, rel=0.1)
    assert (estimate.rows, estimate.requests) == (40, 40)
    assert estimate.total_tokens == estimate.prompt_tokens + estimate.completion_tokens


def test_without_a_model_there_is_a_plan_too(provider: FakeProvider, subject: Extractor) -> None:
    given, planned = subject.estimate(**ROWS, model=Word), subject.estimate(**ROWS)
    assert (given.requests, planned.requests) == (40, 41)
    assert planned.prompt_tokens > given.prompt_tokens
    assert provider.stats()["requests"] == 0


def test_costs_follow_from_tokens(provider: FakeProvider) -> None:
    def cost(**settings: Any) -> float | None:
        subject = Extractor(
            api_key="k", api_base=provider.base_url, model="openai/fake", **settings
        )
        return subject.estimate(**ROWS, model=Word).cost

    assert cost() is None
    prompt = cost(prices={"openai/fake": {"input": 1, "output": 0}})
    both = cost(prices={"openai/fake": {"input": 1, "output": 1}})
    assert prompt is not None and both is not None and 0 < prompt < both


def test_limits_take_their_time(provider: FakeProvider) -> None:
    limits = Limits(requests_per_minute=20)
    subject = Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, limits=limits)
    assert subject.estimate(**ROWS, model=Word).seconds == 120.0


def test_the_async_form_gives_the_same(subject: Extractor, run: Run) -> None:
    assert run(subject.estimate_async(**ROWS, model=Word)) == subject.estimate(**ROWS, model=Word)


def test_what_is_only_likely_has_two_digits() -> None:
    raw: _core.RawEstimate = {
        "rows": 1234,
        "requests": 1235,
        "prompt_tokens": 123_456,
        "completion_tokens": 98_765,
        "cost": 0.123456,
        "seconds": 1234.5,
        "unread": 0,
    }
    assert estimate_of(raw) == Estimate(1234, 1235, 120_000, 99_000, 0.12, 1200.0)
    assert estimate_of({**raw, "rows": 0, "cost": None}) == Estimate(
        0, 1235, 120_000, 99_000, None, 1200.0
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": "", "query": " "}, "query must be a text that is not blank"),
        ({"data": "./missing.csv", "query": "words"}, "missing.csv"),
        ({"data": "a text", "query": "words", "model": 3}, "model must be a pydantic model"),
    ],
)
def test_wrong_arguments_are_extraction_errors(
    subject: Extractor, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExtractionError, match=message):
        subject.estimate(**arguments)


def test_a_closed_extractor_estimates_nothing(subject: Extractor) -> None:
    subject.close()
    with pytest.raises(ExtractionError, match="closed"):
        subject.estimate(**ROWS)
