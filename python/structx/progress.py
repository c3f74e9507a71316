"""The progress of an operation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an operation.

    Examples:
        >>> seen = []
        >>> _ = extractor.extract(data=["a", "b"], query=query, model=Invoice, progress=seen.append)
        >>> seen[-1].done, seen[-1].fraction
        (2, 1.0)
    """

    rows: int
    """Rows of the sources that have been read, times the number of queries for
    `extract_queries`. 0 until the source is read and the model is planned."""
    done: int
    """Rows that have ended, including failed ones."""
    failed: int
    journaled: int
    """Rows that were read from the journal instead of requested."""
    requests: int
    """Requests that this call has sent, including planning and failed ones."""
    tokens: int
    """Tokens of these requests: prompts and replies."""
    cost: float | None
    """US dollars for these requests; None if the price of one is unknown."""
    seconds: float
    """Seconds since the operation started."""
    files: int = 0
    """Sources whose rows have all ended, also those that can't be read."""
    total_files: int | None = None
    """All sources; None if that is not known, as for an iterator."""

    @property
    def fraction(self) -> float:
        """The share of the rows that have ended, from 0 to 1."""
        return self.done / self.rows if self.rows else 0.0
