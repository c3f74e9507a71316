"""Budgets and deadlines of a call: they end rows, and lose none."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BeforeValidator, create_model

from loops import Run, Word
from provider import FakeProvider
from structx import BudgetError, DeadlineError, ExtractionError, ExtractionResult, Extractor
from waiting import eventually

ROWS = [{"row": number} for number in range(60)]
PRICES = {"openai/fake": {"input": 100.0, "output": 1000.0}}
"""The fake provider counts 10 tokens per prompt and 5 per reply: 0.006 dollars per request."""


def extractor(provider: FakeProvider, **settings: Any) -> Extractor:
    defaults: dict[str, Any] = {
        "model": "openai/fake",
        "api_key": "k",
        "api_base": provider.base_url,
        "max_retries": 1,
        "min_wait": 0,
        "max_wait": 0,
        "prices": PRICES,
    }
    return Extractor(**{**defaults, **settings})


def ended(result: ExtractionResult[Word]) -> tuple[int, int]:
    """The rows with and without a reply; checks that each row is one of them, in order."""
    assert [row.position for row in result.rows] == list(range(len(ROWS)))
    return result.success_count, result.failure_count


def test_a_budget_of_tokens_is_used_up_and_not_passed(provider: FakeProvider) -> None:
    result = extractor(provider).extract(data=ROWS, query="q", model=Word, max_tokens=480)
    answered, left = ended(result)
    assert answered == provider.stats()["requests"]
    assert 480 - 2 * 16 <= result.usage.total_tokens <= 480
    assert left == len(ROWS) - answered
    for row in result.rows:
        if row.error is not None:
            assert row.error.startswith("budget: the next request could pass max_tokens=480 (")
            assert row.errors == []
            assert row.usage.total_tokens == 0


def test_a_budget_of_money_is_used_up_and_not_passed(provider: FakeProvider) -> None:
    result = extractor(provider).extract(data=ROWS, query="q", model=Word, max_cost=0.3)
    answered, left = ended(result)
    assert left == len(ROWS) - answered
    assert result.usage.cost is not None
    assert 0.3 - 2 * 0.008 <= result.usage.cost <= 0.3
    assert result.usage.cost == pytest.approx(answered * 0.006)


def test_what_fits_a_budget_is_not_touched_by_it(provider: FakeProvider) -> None:
    result = extractor(provider).extract(
        data=ROWS, query="q", model=Word, max_tokens=10_000, max_cost=10
    )
    assert ended(result) == (60, 0)


def test_a_budget_is_for_attempts_too(provider: FakeProvider) -> None:
    provider.script({"content": '{"items": [{"other": "x"}]}', "times": 1000})
    result = extractor(provider, max_retries=100, max_threads=1).extract(
        data="a text", query="q", model=Word, max_tokens=1_000
    )
    (row,) = result.rows
    assert row.error is not None
    assert row.error.startswith("budget: ")
    assert len(row.errors) == provider.stats()["requests"] > 3
    assert {error.kind for error in row.errors} == {"invalid"}
    assert 900 < row.usage.total_tokens <= 1_000


def test_a_budget_that_planning_could_pass_is_an_error(provider: FakeProvider) -> None:
    with pytest.raises(ExtractionError, match="planning failed: budget: ") as caught:
        extractor(provider).extract(data=ROWS, query="q", max_tokens=10)
    assert isinstance(caught.value.__cause__, BudgetError)
    assert provider.stats()["requests"] == 0


def test_a_budget_of_money_needs_prices(provider: FakeProvider) -> None:
    with pytest.raises(ExtractionError, match="max_cost needs the price of openai/fake: give"):
        extractor(provider, prices=None).extract(data=ROWS, query="q", model=Word, max_cost=1)
    assert provider.stats()["requests"] == 0


def test_one_budget_is_for_all_queries_of_a_call(provider: FakeProvider) -> None:
    queries = [f"query {number}" for number in range(4)]
    provider.script({"content": "no plan", "times": 100})
    with pytest.raises(ExtractionError, match="of 4 queries failed"):
        extractor(provider).extract_queries(data=ROWS, queries=queries, max_tokens=600)
    used = 15 * provider.stats()["requests"]
    assert used <= 600


def test_after_its_deadline_a_call_gives_what_is_done(provider: FakeProvider, run: Run) -> None:
    provider.script({"when": "row: 7", "fault": "stall", "times": 100})
    result = run(extractor(provider).extract_async(data=ROWS, query="q", model=Word, deadline=1.5))
    answered, left = ended(result)
    assert (answered, left) == (59, 1)
    assert result.rows[7].error == "deadline: the operation has had its 1.5 s"
    assert eventually(lambda: provider.stats()["in_flight"] == 0)


def test_a_deadline_ends_waits_before_another_attempt(provider: FakeProvider) -> None:
    provider.script({"status": 500, "times": 100})
    subject = extractor(provider, min_wait=30, max_wait=30)
    (row,) = subject.extract(data="a text", query="q", model=Word, deadline=0.5).rows
    assert row.error == "deadline: the operation has had its 0.5 s"
    assert [error.kind for error in row.errors] == ["server"]


def test_a_deadline_within_planning_is_an_error(provider: FakeProvider) -> None:
    provider.script({"fault": "stall"})
    with pytest.raises(ExtractionError, match="planning failed: deadline: ") as caught:
        extractor(provider).extract(data=ROWS, query="q", deadline=0.3)
    assert isinstance(caught.value.__cause__, DeadlineError)


def test_a_stream_keeps_to_its_bounds(provider: FakeProvider) -> None:
    subject = extractor(provider)
    rows = list(subject.extract_stream(data=ROWS, query="q", model=Word, max_tokens=480))
    assert sorted(row.position for row in rows) == list(range(len(ROWS)))
    assert sum(row.usage.total_tokens for row in rows) <= 480
    assert {row.status for row in rows} == {"success", "failed"}


def test_what_is_in_the_cache_is_not_asked_again(provider: FakeProvider, tmp_path: Any) -> None:
    first = extractor(provider, cache=tmp_path / "replies")
    plain = first.extract(data=ROWS, query="q", model=Word)
    assert provider.stats()["requests"] == 60
    again = extractor(provider, cache=tmp_path / "replies")
    cached = again.extract(data=[*ROWS, {"row": "new"}], query="q", model=Word, max_tokens=500)
    assert provider.stats()["requests"] == 61
    assert cached.data[:60] == plain.data
    assert cached.usage.total_tokens == 15
    assert again.extract(data=ROWS, query="another", model=Word).usage.total_tokens == 60 * 15
    assert extractor(provider).extract(data=ROWS, query="q", model=Word).usage.total_tokens > 0


def test_what_failed_is_not_in_the_cache(provider: FakeProvider, tmp_path: Any) -> None:
    subject = extractor(provider, cache=tmp_path / "replies")
    provider.script({"content": '{"items": [{"other": "x"}]}', "times": 2})
    assert subject.extract(data="a text", query="q", model=Word).failure_count == 1
    assert subject.extract(data="a text", query="q", model=Word).failure_count == 0
    assert provider.stats()["requests"] == 3


def test_a_cache_that_can_not_be_opened_is_an_error(provider: FakeProvider, tmp_path: Any) -> None:
    (tmp_path / "replies").write_text("no database " * 1000)
    subject = extractor(provider, cache=tmp_path / "replies")
    with pytest.raises(ExtractionError, match="replies"):
        subject.extract(data="a text", query="q", model=Word)
    assert provider.stats()["requests"] == 0


def test_a_broken_validator_spends_nothing_on_rows_that_are_kept(
    provider: FakeProvider, tmp_path: Any
) -> None:
    call: dict[str, Any] = {"data": ROWS, "query": "q", "journal": tmp_path / "run.db"}
    subject = extractor(provider)
    subject.extract(**call, model=Word)

    def fail(_: object) -> str:
        raise TypeError("out of order")

    broken = create_model("Word", word=(Annotated[str, BeforeValidator(fail)], ...))
    failed = subject.extract(**call, model=broken)
    assert {row.error for row in failed.rows} == {"the validator failed: TypeError: out of order"}
    assert subject.extract(**call, model=Word).journaled_count == len(ROWS)
    assert provider.stats()["requests"] == len(ROWS)
