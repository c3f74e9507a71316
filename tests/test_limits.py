"""Throttled requests: whose wait it is, and what is not waited for."""

from __future__ import annotations

import time
from typing import Any

import pytest

import faults
from provider import FakeProvider
from structx import Extractor


def extractor(provider: FakeProvider, **settings: Any) -> Extractor:
    return Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, **settings)


def test_a_row_that_is_told_to_wait_holds_no_other(provider: FakeProvider) -> None:
    told = {"status": 429, "headers": {"retry-after": "2"}}
    provider.script(told, {**told, "status": 503}, latency_ms=10)
    subject = extractor(provider, max_threads=20)
    result = subject.extract(data=faults.rows(200), query="q", model=faults.Word)
    assert result.success_count == 200
    times = sorted(request["at_ms"] for request in provider.requests())
    assert len(times) == 202
    # All but the two that come again.
    assert times[-3] - times[0] < 2_000 <= times[-2] - times[0]


def test_throttling_at_random_leaves_the_rate(provider: FakeProvider) -> None:
    step = {"status": 429, "headers": {"retry-after-ms": "300"}}
    provider.script(latency_ms=10, faults={"share": 0.1, "seed": 4, "step": step})
    subject = extractor(provider, max_threads=20, max_retries=20, min_wait=0)
    began = time.monotonic()
    result = subject.extract(data=faults.rows(400), query="q", model=faults.Word)
    assert result.success_count == 400
    # One or two seconds; more than a minute where each wait holds all.
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("headers", "message", "end"),
    [
        ({"retry-after": "7200"}, "slow down", "slow down; the limit resets in 2h, at 20"),
        ({"retry-after": "1h30m"}, "slow down", "the limit resets in 1h 30m, at 20"),
        ({}, "Try again in 3h2m1s.", "the limit resets in 3h 2m 1s, at 20"),
    ],
)
def test_a_limit_that_resets_too_late_is_not_waited_for(
    provider: FakeProvider, headers: dict[str, str], message: str, end: str
) -> None:
    body = {"error": {"message": message, "code": "rate_limit_exceeded"}}
    provider.script({"status": 429, "headers": headers, "body": body, "times": 100})
    subject = extractor(provider, max_threads=5)
    result = subject.extract(data=faults.rows(50), query="q", model=faults.Word)
    assert result.failure_count == 50
    assert end in str(result.rows[0].error)
    assert {error.kind for row in result.rows for error in row.errors} == {"rate_limit"}
    # No row asks twice, and none after three were told.
    assert provider.stats()["requests"] < 3 + 5


def test_the_wait_in_a_message_is_kept(provider: FakeProvider) -> None:
    body = {"error": {"message": "Please try again in 400ms. Visit x.com", "code": "tokens"}}
    provider.script({"status": 429, "body": body})
    result = extractor(provider, min_wait=0).extract(
        data=faults.rows(1), query="q", model=faults.Word
    )
    assert result.success_count == 1
    first, second = (request["at_ms"] for request in provider.requests())
    assert 400 <= second - first < 1_000
