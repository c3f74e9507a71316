"""Token counts: their sums, and their names in OpenAI's format."""

from __future__ import annotations

import json

import pytest

from structx import ExtractionStep, ExtractorUsage, StepUsage

PLANNED = StepUsage(10, 5, 15, thinking_tokens=3, cached_tokens=2, cost=0.5)
ASKED = StepUsage(20, 6, 26)


def test_a_request_has_its_details_by_the_names_of_openai() -> None:
    assert PLANNED.completion_tokens_details.reasoning_tokens == 3
    assert PLANNED.prompt_tokens_details.cached_tokens == 2
    assert ASKED.completion_tokens_details.reasoning_tokens is None
    assert ASKED.prompt_tokens_details.cached_tokens is None
    assert "completion_tokens_details" not in PLANNED.model_dump()


def test_requests_are_added_to_a_step() -> None:
    usage = ExtractorUsage()
    usage.add_step_usage("extraction", ASKED)
    usage.add_step_usage(ExtractionStep.EXTRACTION, None)
    assert usage.steps == {ExtractionStep.EXTRACTION: [ASKED]}
    usage.add_step_usage(ExtractionStep.SCHEMA_GENERATION, PLANNED)
    assert (usage.total_tokens, usage.thinking_tokens, usage.cost) == (41, 3, None)


def test_what_is_no_request_is_not_added() -> None:
    usage = ExtractorUsage()
    for step, other, kind in (
        ("extraction", {"total_tokens": 3}, TypeError),
        ("planning", ASKED, ValueError),
    ):
        with pytest.raises(kind):
            usage.add_step_usage(step, other)  # pyright: ignore
    assert usage.steps == {}


def test_usages_are_summed_up() -> None:
    first = ExtractorUsage({ExtractionStep.EXTRACTION: [ASKED]})
    second = ExtractorUsage(
        {ExtractionStep.SCHEMA_GENERATION: [PLANNED], ExtractionStep.EXTRACTION: [ASKED]}
    )
    total = ExtractorUsage()
    for usage in (first, second, ExtractorUsage()):
        total.merge(usage)
    assert total.get_step("schema_generation") == [PLANNED]
    assert total.get_step("extraction") == [ASKED, ASKED]
    assert total.total_tokens == 67
    assert json.loads(total.model_dump_json())["steps"].keys() == {
        "schema_generation",
        "extraction",
    }
    # The parts are as they were, and one can be added to itself.
    assert (first.total_tokens, second.total_tokens) == (26, 41)
    second.merge(second)
    assert second.total_tokens == 82
