"""The progress of an operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

RawProgress: TypeAlias = "tuple[int, int, int, int, int, int, float | None, float]"
"""The fields of a Progress, in order."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an operation is."""

    rows: int
    """Of the source; for `extract_queries` as many times as there are queries. 0 until the source
    is read and the model is planned."""
    done: int
    """Rows that have ended, failed ones too."""
    failed: int
    journaled: int
    """Rows that were read from the journal, instead of asked for."""
    requests: int
    """Sent by this call: those of planning and those that failed too."""
    tokens: int
    """Of these requests, prompts and replies."""
    cost: float | None
    """US dollars for these requests; None where the price of one is not known."""
    seconds: float
    """Since the operation was started."""

    @property
    def fraction(self) -> float:
        """The part of the rows that have ended, from 0 to 1."""
        return self.done / self.rows if self.rows else 0.0
