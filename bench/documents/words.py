"""The similarity of two texts of one document, by their words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_PAGE_MARKER = re.compile(r"^\[page \d+\]$", re.MULTILINE)
# pdfium writes U+FFFE or U+0002 for a hyphen that ends a line.
_HYPHENS = "-\u00ad\u2010\u2011\u0002\ufffe"
_LINE_END = re.compile(f"[{_HYPHENS}][ \t]*\r?\n\\s*|[\u0002\ufffe]\\s*")
_HYPHEN = re.compile(f"(?<=\\w)[{_HYPHENS}](?=\\w)")


def f1(text: str, other: str) -> float:
    """2 * common words / words of both texts; repeated words count each time."""
    words, others = _words(text), _words(other)
    total = words.total() + others.total()
    return 2 * (words & others).total() / total if total else 1.0


def count(text: str) -> int:
    """The number of words."""
    return _words(text).total()


def _words(text: str) -> Counter[str]:
    """Counts the parts between spaces that contain a letter or a digit.

    Hyphens are removed, since no tool can know whether one at the end of a line belongs to the
    word; so is the markup of Markdown tables.
    """
    text = _PAGE_MARKER.sub("", unicodedata.normalize("NFKC", text))
    text = _HYPHEN.sub("", _LINE_END.sub("", text)).replace("\\|", "|")
    parts = (part.strip("|") for part in text.split())
    return Counter(part for part in parts if any(map(str.isalnum, part)))
