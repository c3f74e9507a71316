"""Errors in the names of the command line: `--max-cost` in place of `max_cost`."""

from __future__ import annotations

import re

_OPTIONS = {
    "api_base": "--api-base",
    "max_cost": "--max-cost",
    "max_retries": "--max-retries",
    "max_threads": "--max-threads",
    "max_tokens": "--max-tokens",
    "planning_model": "--planning-model",
    "sheet_name": "--sheet",
}
_FIRST = {
    "cache": "--cache",
    "config": "--config",
    "deadline": "--deadline",
    "headers": "--header",
    "journal": "--journal",
    "limits": "--limits",
    "max_concurrency": "--limits concurrency",
    "model": "--model",
    "model_name": "--name",
    "prices": "--prices",
    "query": "--query",
    "refinement_instructions": "--query",
    "requests_per_minute": "--limits rpm",
    "timeout": "--timeout",
    "tokens_per_minute": "--limits tpm",
}
"""Common words, which are names only where a message begins with them."""

_RULES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r'\bfile_options=\{"as": "(\w+)"\}'), r"--as \1"),
    (re.compile(r'\bfile_options=\{"(\w+)": (\{[^{}]*\}|[^{}]*)\}'), r"--file-option '\1=\2'"),
    (re.compile(r"\bsheet_name=None\b"), "--file-option sheet_name=null"),
    (re.compile(r"give the extractor prices=\{.*?\}\}"), "give --prices MODEL=INPUT:OUTPUT"),
    (re.compile(r"( or|;) give api_key\b"), ""),
    (re.compile(r"\bfile_options: `(columns|mode|pages|where)`"), r"--\1"),
    (re.compile(r"\bfile_options: `(\w+)`"), r"--file-option \1"),
    (re.compile(r"`(columns|mode|pages|where)` of file_options"), r"--\1"),
    (re.compile(r"the chosen `pages`"), "the pages of --pages"),
    (re.compile(r"\bmode=\"?(text|vision|file|auto)\"?"), r"--mode \1"),
]
_NAMES = re.compile(rf"(?<![\w-])({'|'.join(_OPTIONS)})(?![\w-])")
_BEGINNING = re.compile(rf"^({'|'.join(sorted(_FIRST, key=len, reverse=True))})(?= must|:|\[)")


def worded(message: str) -> str:
    """The message with the names of options for those of arguments."""
    for pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    message = _BEGINNING.sub(lambda found: _FIRST[found[1]], message)
    return _NAMES.sub(lambda found: _OPTIONS[found[1]], message)
