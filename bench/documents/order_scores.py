"""The likeness of the reading order and the headings of a PDF to those that are expected.

The expected ones are those of docling's tests: a `DoclingDocument`, `*.json` beside its PDF. Its
running text is scored: texts, headings, list items and code. Tables, formulas, captions, footnotes,
page headers and footers, and texts in pictures may stand elsewhere, and are not looked for.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

_HEADINGS = ("title", "section_header")
_RUNNING = (*_HEADINGS, "text", "paragraph", "list_item", "code")
_HYPHENS = "-\u00ad\u2010\u2011\u0002\ufffe"
_LINE_END = re.compile(f"(?<=\\w)[{_HYPHENS}][ \t]*\r?\n\\s*|[\u0002\ufffe]\\s*")
_BREAK = re.compile(f"(?<=\\w)[{_HYPHENS}](?=\\w)")


@dataclass
class PageText:
    """The text of a page in its order, and its headings."""

    text: str = ""
    headings: list[str] = field(default_factory=list[str])


Pages = Mapping[int, PageText]
"""The pages of a file, from 1."""


@dataclass(frozen=True)
class Score:
    kept: int
    """The words in the longest common subsequence with the expected ones."""
    words: int
    """The expected words."""
    right: int
    """The headings that are expected, on their page."""
    found: int
    headings: int
    """The expected headings."""


def expected(path: Path) -> dict[int, PageText]:
    document = json.loads(path.read_text("utf-8"))
    pages = {int(number): PageText() for number in document["pages"]}
    for item in _running(document, document["body"]):
        for place in item["prov"]:
            start, end = place["charspan"]
            text = item["text"] if len(item["prov"]) == 1 else item["text"][start:end]
            page = pages[place["page_no"]]
            page.text += f"{text}\n"
            if item["label"] in _HEADINGS:
                page.headings.append(text)
    return pages


def score(found: Pages, wanted: Pages) -> Score:
    kept = words = right = count = headings = 0
    for number, page in wanted.items():
        own = found.get(number, PageText())
        sequence = _words(page.text)
        kept += common(_words(own.text), sequence)
        words += len(sequence)
        ours, theirs = (_headings(it) for it in (own, page))
        right += (ours & theirs).total()
        count += ours.total()
        headings += theirs.total()
    return Score(kept, words, right, count, headings)


def _headings(page: PageText) -> Counter[str]:
    """How often each heading stands on a page, by its letters."""
    return Counter(filter(None, map(_letters, page.headings)))


def mean(scores: Sequence[Score]) -> tuple[float, float]:
    """The share of a file's words that are kept in their order, its mean over the files, and F1 of
    the headings of all files."""
    orders = [score.kept / score.words for score in scores if score.words]
    headings = sum(score.found + score.headings for score in scores)
    f1 = 2 * sum(score.right for score in scores) / headings if headings else 1.0
    return fmean(orders), f1


def common(words: Sequence[str], others: Sequence[str]) -> int:
    """The length of the longest common subsequence, by bits that are added (Hyyrö 2004)."""
    masks: dict[str, int] = {}
    for place, word in enumerate(words):
        masks[word] = masks.get(word, 0) | 1 << place
    everything = (1 << len(words)) - 1
    free = everything
    for word in others:
        taken = free & masks.get(word, 0)
        free = (free + taken | free - taken) & everything
    return len(words) - free.bit_count()


def _running(document: dict[str, Any], item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The running text in the order of the tree."""
    for child in item["children"]:
        kind, index = child["$ref"].split("/")[1:]
        inner = document[kind][int(index)]
        if inner["content_layer"] != "body" or kind not in ("texts", "groups"):
            continue
        if kind == "texts" and inner["label"] in _RUNNING:
            yield inner
        yield from _running(document, inner)


def _words(text: str) -> list[str]:
    """The words without case and punctuation, and without hyphens, which may be of a line's end."""
    text = _BREAK.sub("", _LINE_END.sub("", unicodedata.normalize("NFKC", text)))
    return list(filter(None, map(_letters, text.split())))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, plain))
