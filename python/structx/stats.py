"""What an extractor counts while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelStats:
    """The state of the requests to one model at one moment.

    Extractors that share a `Limits` share these counts. Requests that were aborted, and replies
    from the cache or the journal, are in no total.

    Examples:
        >>> stats = extractor.stats()["openai/gpt-4o"]
        >>> f"{stats.in_flight} in flight, {stats.waiting} waiting"
        '0 in flight, 0 waiting'
    """

    model: str
    """The name that the caller gave, such as `openai/gpt-4o`."""
    waiting: int
    """Requests that wait for a rate limit or for `max_concurrency` of the limits. Rows that wait
    for one of the `max_threads` of their call are not among them."""
    in_flight: int
    """Requests that were sent and not answered yet."""
    found_requests_per_minute: float | None
    """The rate that structx holds since the provider throttled; None while it throttles nothing."""
    reported_requests_per_minute: float | None
    """The limit that the provider reports in its replies; None if it reports none."""
    reported_tokens_per_minute: float | None
    """The limit that the provider reports in its replies; None if it reports none."""
    requests: int
    """Requests that were answered or failed, since the extractor was made in this process."""
    throttled: int
    """Those of them that the provider throttled (429, 503, 529)."""
    failed: int
    """Those of them that failed for another reason."""
    prompt_tokens: int
    completion_tokens: int
