"""Token counts by step and by request."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class RawUsage(TypedDict):
    """The counts of one request, as the core gives them: the fields of a StepUsage."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    thinking_tokens: int | None
    cached_tokens: int | None
    cost: float | None


class ExtractionStep(str, Enum):
    """The step that a request belongs to.

    Examples:
        >>> [call.total_tokens for call in result.usage.get_step("extraction")]
        [15]
    """

    SCHEMA_GENERATION = "schema_generation"
    EXTRACTION = "extraction"


class _Dumps:
    """The dump methods of a pydantic model, built on first use."""

    __slots__ = ()

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Converts to a dict; the options are those of `pydantic.TypeAdapter.dump_python`."""
        return self._adapter().dump_python(self, **options)

    def model_dump_json(self, **options: Any) -> str:
        """Converts to JSON; the options are those of `pydantic.TypeAdapter.dump_json`."""
        return self._adapter().dump_json(self, **options).decode()

    @classmethod
    @cache
    def _adapter(cls) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter

        return TypeAdapter(cls)


class CompletionTokensDetails(NamedTuple):
    """Parts of the tokens of a reply, by the names of OpenAI's format."""

    reasoning_tokens: int | None


class PromptTokensDetails(NamedTuple):
    """Parts of the tokens of a prompt, by the names of OpenAI's format."""

    cached_tokens: int | None


@dataclass(slots=True)
class StepUsage(_Dumps):
    """Tokens of one request, as the provider counts them.

    Examples:
        >>> [call] = result.usage.get_step("extraction")
        >>> call.prompt_tokens, call.completion_tokens, call.cost
        (10, 5, None)
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    thinking_tokens: int | None = None
    """The part of `completion_tokens` for reasoning; None if the provider does not report it."""
    cached_tokens: int | None = None
    """The part of `prompt_tokens` that the provider had cached; None if it does not report it."""
    cost: float | None = None
    """US dollars; None if the price of the model is unknown. See `prices` of the extractor."""

    @property
    def completion_tokens_details(self) -> CompletionTokensDetails:
        """`thinking_tokens` as `.reasoning_tokens`, whoever the provider is."""
        return CompletionTokensDetails(self.thinking_tokens)

    @property
    def prompt_tokens_details(self) -> PromptTokensDetails:
        """`cached_tokens` as `.cached_tokens`, whoever the provider is."""
        return PromptTokensDetails(self.cached_tokens)


@dataclass(slots=True, repr=False)
class ExtractorUsage(_Dumps):
    """Tokens of an operation or of a row, with an entry for each request, including failed ones.

    Examples:
        >>> result.usage
        ExtractorUsage(total_tokens=15, requests={'extraction': 1})
    """

    steps: dict[ExtractionStep, list[StepUsage]] = field(
        default_factory=dict[ExtractionStep, list[StepUsage]]
    )
    """The requests by step; steps without requests are missing."""

    def get_step(self, step: ExtractionStep | str) -> list[StepUsage]:
        """The requests of a step, given as the enum or its value; empty if there were none."""
        return self.steps.get(ExtractionStep(step), [])

    def add_step_usage(self, step: ExtractionStep | str, usage: StepUsage | None) -> None:
        """Adds a request to a step; None adds nothing.

        Raises TypeError for other objects, such as the usage of a provider's client.

        Example: `usage.add_step_usage("extraction", StepUsage(total_tokens=9))`.
        """
        if usage is None:
            return
        if not isinstance(usage, StepUsage):
            raise TypeError(
                f"usage must be a StepUsage, not {type(usage).__name__}: make one of it"
            )
        self.steps.setdefault(ExtractionStep(step), []).append(usage)

    def merge(self, other: ExtractorUsage) -> None:
        """Adds the requests of another usage, for example to sum up several results.

        Example: `total = ExtractorUsage(); total.merge(first.usage); total.merge(second.usage)`.
        """
        for step in ExtractionStep:
            for usage in list(other.get_step(step)):
                self.add_step_usage(step, usage)

    @property
    def total_tokens(self) -> int:
        """Tokens of all prompts and replies."""
        return sum(call.total_tokens for call in self._calls())

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts."""
        return sum(call.prompt_tokens for call in self._calls())

    @property
    def completion_tokens(self) -> int:
        """Tokens of all replies."""
        return sum(call.completion_tokens for call in self._calls())

    @property
    def thinking_tokens(self) -> int | None:
        """Tokens for reasoning; None if no provider reported any."""
        return _known_sum(call.thinking_tokens for call in self._calls())

    @property
    def cached_tokens(self) -> int | None:
        """Tokens of prompts that providers had cached; None if no provider reported any."""
        return _known_sum(call.cached_tokens for call in self._calls())

    @property
    def cost(self) -> float | None:
        """US dollars for all requests; None if the price of one is unknown."""
        return total_cost(call.cost for call in self._calls())

    def _calls(self) -> Iterator[StepUsage]:
        return (call for calls in self.steps.values() for call in calls)

    def __repr__(self) -> str:
        requests = {step.value: len(calls) for step, calls in self.steps.items()}
        return f"ExtractorUsage(total_tokens={self.total_tokens}, requests={requests})"


def of_planning(calls: Iterable[RawUsage]) -> ExtractorUsage:
    """The usage of planning requests."""
    return of_calls([StepUsage(**call) for call in calls], [])


def of_requests(calls: Iterable[RawUsage]) -> ExtractorUsage:
    """The usage of the requests for a row."""
    return of_calls([], [StepUsage(**call) for call in calls])


def of_calls(planning: list[StepUsage], extraction: list[StepUsage]) -> ExtractorUsage:
    """The usage of these requests; a step without requests is left out."""
    steps: dict[ExtractionStep, list[StepUsage]] = {}
    if planning:
        steps[ExtractionStep.SCHEMA_GENERATION] = planning
    if extraction:
        steps[ExtractionStep.EXTRACTION] = extraction
    return ExtractorUsage(steps)


def total_cost(costs: Iterable[float | None]) -> float | None:
    """The sum of the costs; None if one is unknown."""
    known: list[float] = []
    for cost in costs:
        if cost is None:
            return None
        known.append(cost)
    return math.fsum(known)


def _known_sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
