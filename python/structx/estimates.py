"""What an extraction is likely to take, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

RawEstimate: TypeAlias = "tuple[int, int, int, int, float | None, float]"
"""rows, requests, prompt tokens, completion tokens, cost, seconds"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an extraction is likely to take: all but rows and requests with two digits that count.

    Each row is taken to give one item, from one request that does not fail. Prompts are counted as
    they would be sent, by rules of thumb that are within a third of any provider's own count.
    Replies are guessed from the schema, or, once this extractor has had some, from their average;
    thinking is not in the guess, and of several items in a document each takes as much again. Cost
    follows from both, without what a provider may have cached. Time is taken from `max_threads`,
    the limits, and replies of 70 tokens a second: hosted models are up to three times as fast or
    as slow.
    """

    rows: int
    """Of the source, blank ones too."""
    requests: int
    """For rows that are not blank, and one for the plan where there is no model."""
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """US dollars; None where the price of a model is not known. See `prices` of the extractor."""
    seconds: float

    @property
    def total_tokens(self) -> int:
        """Of prompts and replies."""
        return self.prompt_tokens + self.completion_tokens


def estimate_of(raw: RawEstimate) -> Estimate:
    """The estimate that the core's tuple describes."""
    rows, requests, prompt, completion, cost, seconds = raw
    return Estimate(
        rows,
        requests,
        int(_rounded(prompt)),
        int(_rounded(completion)),
        None if cost is None else _rounded(cost),
        _rounded(seconds),
    )


def _rounded(number: float) -> float:
    return float(f"{number:.2g}")
