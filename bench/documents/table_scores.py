"""The likeness of tables that were found to those that are expected.

A table is a list of rows of texts; the text of a cell that spans several is in the first of them.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from statistics import fmean
from typing import TypeVar

T = TypeVar("T")
Rows = list[list[str]]
Tables = dict[int, list[Rows]]
"""The tables by page, from 1."""

_HYPHENS, _QUOTES = "\u2010\u2011\u2012\u2013\u2014\u2212", "\u2018\u2019\u201c\u201d"
_ALIKE = str.maketrans(_HYPHENS + _QUOTES, "------''\"\"")


@dataclass(frozen=True)
class Score:
    cells: float
    """The cells that are alike, of those of both tables, once their rows are aligned."""
    adjacency: float
    """F1 of the pairs of neighbours, as in the competition."""
    exact: bool
    """Whether each cell is in its place."""
    recall: float
    """The cells that are alike, of those of the expected table."""


def scores(found: Tables, wanted: Tables) -> Iterator[Score]:
    """The score of each wanted table with the most similar one that was found on its page."""
    for page, tables in wanted.items():
        candidates = [clean(rows) for rows in found.get(page, [])]
        for rows in map(clean, tables):
            nothing: Rows = []
            best = max(
                candidates, key=lambda it, rows=rows: cell_similarity(it, rows), default=nothing
            )
            yield Score(
                cell_similarity(best, rows), adjacency(best, rows), best == rows, recall(best, rows)
            )


def mean(scores: Sequence[Score]) -> tuple[float, float, int, float]:
    """The means of the likeness of cells and of neighbours, the exact tables, the mean recall."""
    return (
        fmean(score.cells for score in scores),
        fmean(score.adjacency for score in scores),
        sum(score.exact for score in scores),
        fmean(score.recall for score in scores),
    )


def clean(rows: Rows) -> Rows:
    """The rows without white space, and without rows and columns that are empty."""
    width = max(map(len, rows), default=0)
    full = [[_plain(text) for text in row] + [""] * (width - len(row)) for row in rows]
    full = [row for row in full if any(row)]
    kept = [column for column in range(width) if any(row[column] for row in full)]
    return [[row[column] for column in kept] for row in full]


def cell_similarity(rows: Rows, others: Rows) -> float:
    total = sum(map(_count, rows)) + sum(map(_count, others))
    return 2 * _aligned(rows, others, _row_likeness) / total if total else 1.0


def recall(rows: Rows, wanted: Rows) -> float:
    total = sum(map(_count, wanted))
    return _aligned(rows, wanted, _row_likeness) / total if total else 1.0


def adjacency(rows: Rows, others: Rows) -> float:
    pairs, wanted = Counter(_neighbours(rows)), Counter(_neighbours(others))
    total = pairs.total() + wanted.total()
    return 2 * (pairs & wanted).total() / total if total else float(rows == others)


def _neighbours(rows: Rows) -> Iterator[tuple[str, str, str]]:
    """Each cell with the next one that is not empty, to the right and below."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    for direction, lines in (("right", rows), ("below", columns)):
        for line in lines:
            texts = [text for text in line if text]
            yield from ((first, second, direction) for first, second in pairwise(texts))


def _aligned(lines: Sequence[T], others: Sequence[T], likeness: Callable[[T, T], float]) -> float:
    """The greatest sum of the likeness of lines in an order-keeping alignment."""
    last = [0.0] * (len(others) + 1)
    for line in lines:
        best = [0.0]
        for place, other in enumerate(others):
            both = last[place] + likeness(line, other)
            best.append(max(last[place + 1], best[place], both))
        last = best
    return last[-1]


def _row_likeness(row: list[str], other: list[str]) -> float:
    if row == other:
        return float(_count(row))
    texts, others = [text for text in row if text], [text for text in other if text]
    return _aligned(texts, others, _text_likeness)


def _text_likeness(text: str, other: str) -> float:
    if text == other:
        return 1.0
    matcher = SequenceMatcher(None, text, other, autojunk=False)
    likeness = matcher.ratio() if matcher.quick_ratio() > 0.5 else 0.0
    return likeness if likeness > 0.5 else 0.0


def _count(row: list[str]) -> int:
    return sum(map(bool, row))


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text.translate(_ALIKE)).split())
