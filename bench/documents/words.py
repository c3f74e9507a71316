"""How alike two texts of one document are, by their words."""

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
    """2 * words that both have / words of both, each counted as often as it stands there."""
    words, others = _words(text), _words(other)
    total = words.total() + others.total()
    return 2 * (words & others).total() / total if total else 1.0


def count(text: str) -> int:
    """The number of words."""
    return _words(text).total()


def _words(text: str) -> Counter[str]:
    """Parts between spaces that have a letter or a digit, without hyphens and marks of Markdown.

    Whether a hyphen at the end of a line belongs to the word no tool can know: none counts.
    """
    text = _PAGE_MARKER.sub("", unicodedata.normalize("NFKC", text))
    text = _HYPHEN.sub("", _LINE_END.sub("", text)).replace("\\|", "|")
    parts = (part.strip("|") for part in text.split())
    return Counter(part for part in parts if any(map(str.isalnum, part)))
