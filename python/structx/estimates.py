"""Estimates of what an extraction takes, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structx import _core


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated requests, tokens, cost and time of an extraction.

    All figures except `rows`, `requests` and `unread` are rounded to two significant digits.

    The estimate assumes one item and one successful request for each row. Prompts are counted as
    they would be sent; the count is within a third of that of any provider. Replies are estimated
    from the schema or, once this extractor has received some, from their average; thinking is not
    included, and each further item in a document takes the same again. The cost ignores prompt
    caching. The time follows from `max_threads`, the limits, and replies of 70 tokens per second:
    hosted models are up to three times faster or slower.

    Examples:
        >>> estimate = extractor.estimate(data=invoice, query=query)
        >>> estimate.requests  # one of them is the plan
        2
        >>> estimate.total_tokens > 100
        True
    """

    rows: int
    """Rows of the source, including blank ones."""
    requests: int
    """One for each row that is not blank, and one for the plan if there is no model."""
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """US dollars; None if the price of a model is unknown. See `prices` of the extractor."""
    seconds: float
    unread: int = 0
    """Sources that can't be read; a row each."""

    @property
    def total_tokens(self) -> int:
        """Tokens of prompts and replies."""
        return self.prompt_tokens + self.completion_tokens


def estimate_of(raw: _core.RawEstimate) -> Estimate:
    """Converts the raw estimate of the core."""
    cost = raw["cost"]
    return Estimate(
        raw["rows"],
        raw["requests"],
        int(_rounded(raw["prompt_tokens"])),
        int(_rounded(raw["completion_tokens"])),
        None if cost is None else _rounded(cost),
        _rounded(raw["seconds"]),
        raw["unread"],
    )


def _rounded(number: float) -> float:
    return float(f"{number:.2g}")
