"""A key that is refused, or a model that is unknown, ends a call after three requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loops import Run, Word
from provider import FakeProvider
from structx import ConfigurationError, ExtractionError, Extractor

REPLY = {"content": json.dumps({"items": [{"word": "w"}]})}
ROWS = [{"row": number} for number in range(200)]
QUOTA = {"status": 429, "body": {"error": {"message": "m", "code": "insufficient_quota"}}}


def extractor(provider: FakeProvider, **settings: Any) -> Extractor:
    defaults: dict[str, Any] = {
        "model": "openai/fake",
        "api_key": "k",
        "api_base": provider.base_url,
        "max_threads": 5,
        "max_retries": 0,
    }
    return Extractor(**{**defaults, **settings})


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ({"status": 401}, "authentication"),
        ({"status": 402}, "quota"),
        ({"status": 403}, "authentication"),
        ({"status": 404}, "rejected"),
        (QUOTA, "quota"),
    ],
    ids=["401", "402", "403", "404", "quota"],
)
def test_the_rows_left_fail_with_the_reason_and_without_a_request(
    provider: FakeProvider, step: dict[str, Any], kind: str
) -> None:
    provider.script({**step, "times": 1000})
    result = extractor(provider).extract(data=ROWS, query="q", model=Word)
    # Those in flight when the third answer arrives end by themselves.
    requests = provider.stats()["requests"]
    assert 3 <= requests < 3 + 5
    assert [row.position for row in result.rows] == list(range(len(ROWS)))
    assert {error.kind for row in result.rows for error in row.errors} == {kind}
    unsent = [row for row in result.rows if "; not sent, as 3 requests in a row" in str(row.error)]
    assert len(unsent) == len(ROWS) - requests
    assert result.failure_count == len(ROWS)


def test_a_success_between_them_contradicts(provider: FakeProvider) -> None:
    refused = {"status": 403}
    provider.script(*[refused, refused, REPLY] * 20)
    result = extractor(provider, max_threads=1).extract(data=ROWS[:60], query="q", model=Word)
    assert (result.success_count, provider.stats()["requests"]) == (20, 60)


@pytest.mark.parametrize("where", ["call", "extractor"])
def test_it_can_be_turned_off(provider: FakeProvider, run: Run, where: str) -> None:
    provider.script({"status": 401, "times": 1000})
    subject = extractor(provider, **{} if where == "call" else {"fail_fast": False})
    options: dict[str, Any] = {"fail_fast": False} if where == "call" else {}
    result = run(subject.extract_async(data=ROWS[:50], query="q", model=Word, **options))
    assert provider.stats()["requests"] == result.failure_count == 50


def test_a_call_overrides_the_extractor_and_the_next_call_begins_anew(
    provider: FakeProvider,
) -> None:
    provider.script({"status": 401, "times": 1000})
    subject = extractor(provider, fail_fast=False, max_threads=1)
    for _ in range(2):
        subject.extract(data=ROWS, query="q", model=Word, fail_fast=True)
    assert provider.stats()["requests"] == 6


def test_the_plans_of_all_queries_share_the_evidence(provider: FakeProvider) -> None:
    provider.script({"status": 401, "times": 1000})
    with pytest.raises(ExtractionError, match="of 30 queries failed"):
        extractor(provider, max_threads=1).extract_queries(
            data="a text", queries=[f"query {number}" for number in range(30)]
        )
    assert provider.stats()["requests"] == 3


def test_rows_go_on_with_the_next_model(provider: FakeProvider) -> None:
    provider.script(
        {"when": '"first"', "status": 401, "times": 1000},
        {"when": '"second"', **REPLY, "times": 1000},
    )
    subject = extractor(provider, model=["openai/first", "openai/second"], max_threads=1)
    result = subject.extract(data=ROWS, query="q", model=Word)
    assert result.success_count == len(ROWS)
    assert {row.model for row in result.rows} == {"openai/second"}
    assert provider.stats()["requests"] == 3 + len(ROWS)
    assert {len(row.errors) for row in result.rows} == {1}


def test_the_setting_is_checked(provider: FakeProvider) -> None:
    with pytest.raises((ConfigurationError, ValueError), match="fail_fast must be True or False"):
        extractor(provider, fail_fast="no")
