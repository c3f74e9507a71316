"""Parses `.env` files as python-dotenv does."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINE = re.compile(
    r"""
    ^ [^\S\n]* (?:export[^\S\n]+)? '? (?P<name> [^\s=\#'"]+ ) '? [^\S\n]* = [^\S\n]*
    (?:
        (?: '(?P<single> (?:\\.|[^'\\])* )' | "(?P<double> (?:\\.|[^"\\])* )" )
        [^\S\n]* (?:\#[^\n]*)? $
      | (?P<plain> [^\n]* )
    )
    | ^ [^\S\n]* (?:export[^\S\n]+)? (?P<other> \w+ ) [^\n]*
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def assignments(text: str) -> Iterator[tuple[str, str | None]]:
    """Yields names and values in the order of the file; `${NAME}` in a value is not expanded.

    A value is None if the line has no `=` or an unclosed quote.
    """
    for line in _LINE.finditer(text.replace("\r\n", "\n")):
        if (other := line["other"]) is not None:
            yield other, None
        elif (single := line["single"]) is not None:
            yield line["name"], re.sub(r"\\([\\'])", r"\1", single)
        elif (double := line["double"]) is not None:
            yield line["name"], re.sub(r"\\([\\'\"abfnrtv])", _unescaped, double)
        else:
            yield line["name"], _plain(line["plain"])


def _unescaped(escape: re.Match[str]) -> str:
    return _ESCAPES.get(escape[1], escape[1])


def _plain(value: str) -> str | None:
    if value.startswith(("'", '"')):
        return None
    return re.sub(r"\s+#.*", "", value).rstrip()
