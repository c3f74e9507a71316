"""Tables of a run: what was right, and what it cost, beside an earlier run."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
Summary: TypeAlias = dict[str, Any]
"""By group the right and all fields, and the figures of the run."""


def tally(pairs: Iterable[tuple[str, bool]]) -> dict[str, list[int]]:
    """For each name the number of right ones and of all, by name."""
    counts: dict[str, list[int]] = {}
    for name, right in pairs:
        count = counts.setdefault(name, [0, 0])
        count[0] += right
        count[1] += 1
    return dict(sorted(counts.items()))


def costs(records: list[Record], peak_rss_mb: int) -> dict[str, float | int | None]:
    """What the texts took. The first one includes the time to load the model."""
    seconds = [record["seconds"] for record in records]
    return {
        "texts": len(records),
        "failed": sum(record["failed"] for record in records),
        "over_listed": sum(record["over_listed"] for record in records),
        "under_listed": sum(record["under_listed"] for record in records),
        "grounded_percent": percent(
            sum(record["grounded"] for record in records),
            sum(record["groundable"] for record in records),
        ),
        "first_seconds": seconds[0] if seconds else None,
        "median_seconds": round(statistics.median(seconds[1:]), 2) if seconds[1:] else None,
        "total_seconds": round(sum(seconds), 1),
        "prompt_tokens": sum(record["prompt_tokens"] for record in records),
        "completion_tokens": sum(record["completion_tokens"] for record in records),
        "peak_rss_mb": peak_rss_mb,
    }


def percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def show(summary: Summary, before: Summary | None) -> None:
    """Prints each table, with the figures of an earlier run in the last column."""
    for title, rows in summary.items():
        earlier: dict[str, Any] = (before or {}).get(title, {})
        print(f"\n{title:<28}{'now':>12}{'before' if before else '':>12}")
        for name, figure in rows.items():
            was = worded(earlier[name]) if name in earlier else ""
            print(f"  {name:<26}{worded(figure):>12}{was:>12}")


def worded(figure: Any) -> str:
    match figure:
        case [right, total]:
            return f"{right}/{total}"
        case None:
            return "-"
        case _:
            return f"{figure:,}"
