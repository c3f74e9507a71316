"""The table of goals and figures, in Markdown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    what: str
    unit: str
    structx: float
    beside: float
    """The figure to compare with."""
    whose: str
    """The name of the figure to compare with."""
    limit: float | None = None
    """The goal: at most this, or at most `times` the figure to compare with."""
    times: float | None = None
    least: float | None = None
    """The goal of a measure where more is better."""

    @property
    def ratio(self) -> float:
        return self.structx / self.beside

    @property
    def is_met(self) -> bool:
        if self.least is not None:
            return self.structx >= self.least
        by_limit = self.limit is not None and self.structx <= self.limit
        by_ratio = self.times is not None and self.ratio <= self.times
        return by_limit or by_ratio

    @property
    def goal(self) -> str:
        if self.least is not None:
            return f">= {self.least:g} {self.unit}"
        limits = [] if self.limit is None else [f"{self.limit:g} {self.unit}"]
        limits += [] if self.times is None else [f"{self.times:g}x"]
        return f"<= {' or '.join(limits)}"

    def cells(self) -> tuple[str, ...]:
        beside, ratio = f"{self.beside:.3g} ({self.whose})", f"{self.ratio:.2f}"
        met = "yes" if self.is_met else "NO"
        return (self.what, self.goal, f"{self.structx:.3g} {self.unit}", beside, ratio, met)


def markdown(rows: list[Row]) -> str:
    cells = [("measure", "goal", "structx", "beside", "ratio", "met"), *(r.cells() for r in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in cells
    ]
    return "\n".join([lines[0], f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines[1:]])
