"""Tokens spent, by step and by request."""

from __future__ import annotations

from enum import Enum

from pydantic import BaseModel, ConfigDict


class ExtractionStep(str, Enum):
    """What a request was for."""

    SCHEMA_GENERATION = "schema_generation"
    EXTRACTION = "extraction"


class StepUsage(BaseModel):
    """Tokens of one request, as the provider counts them."""

    model_config = ConfigDict(frozen=True)

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    thinking_tokens: int | None = None
    """Part of `completion_tokens` spent on reasoning; None where the provider does not tell."""
    cached_tokens: int | None = None
    """Part of `prompt_tokens` that the provider had cached; None where it does not tell."""

    @classmethod
    def from_tuple(cls, counts: tuple[int, int, int, int | None, int | None]) -> StepUsage:
        """From counts in the order of the fields, which the core has checked."""
        return cls.model_construct(None, **dict(zip(cls.model_fields, counts, strict=True)))


class ExtractorUsage(BaseModel):
    """Tokens of an operation or of a row: one entry for each request, failed ones too."""

    model_config = ConfigDict(frozen=True)

    steps: dict[ExtractionStep, list[StepUsage]] = {}

    def get_step(self, step: ExtractionStep | str) -> list[StepUsage]:
        """The requests of a step, given as the enum or its value; empty where there were none."""
        return self.steps.get(ExtractionStep(step), [])

    @property
    def total_tokens(self) -> int:
        """Tokens of all requests, prompt and completion."""
        return sum(call.total_tokens for call in self._calls())

    @property
    def prompt_tokens(self) -> int:
        """Tokens sent."""
        return sum(call.prompt_tokens for call in self._calls())

    @property
    def completion_tokens(self) -> int:
        """Tokens received."""
        return sum(call.completion_tokens for call in self._calls())

    @property
    def thinking_tokens(self) -> int | None:
        """Tokens spent on reasoning; None where no provider told."""
        return _known_sum([call.thinking_tokens for call in self._calls()])

    @property
    def cached_tokens(self) -> int | None:
        """Prompt tokens that were cached; None where no provider told."""
        return _known_sum([call.cached_tokens for call in self._calls()])

    def _calls(self) -> list[StepUsage]:
        return [call for calls in self.steps.values() for call in calls]


def _known_sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
