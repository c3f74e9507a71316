"""Writes the review page: one file that loads nothing and runs no script but its own."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from structx._engine.originals import File, Result
from structx._engine.review.data import Collected

SCRIPTS = (
    "text.js",
    "schema.js",
    "model.js",
    "decisions.js",
    "saved.js",
    "marks.js",
    "pages.js",
    "fields.js",
    "queue.js",
    "detail.js",
    "print.js",
    "page.js",
)
"""The parts of the script, in their order: a part uses those before it."""


IMAGE_BYTES = 24 << 20
"""Bytes of all images of a review page, by default: those of 162 pages of dense print (measured),
in a file of 39 MB that a browser shows in a second."""


def write(
    results: Iterable[tuple[str | None, Result, File | None]],
    path: str | os.PathLike[str],
    image_bytes: int,
) -> Path:
    """Writes the page of results, each with its name and its file; returns its path."""
    collected = Collected(image_bytes)
    for name, result, file in results:
        collected.add(name, result, file)
    path = Path(path)
    path.write_bytes(page_of({"sources": collected.sources}, collected.images.made))
    return path


def page_of(data: Mapping[str, Any], images: Iterable[tuple[str, str]]) -> bytes:
    """The page; `images` are media types and bytes as base64."""
    style, script = assets()
    names = [source["name"] for source in data["sources"]]
    title = names[0] if len(names) == 1 else f"{len(names):,} sources"
    parts = {
        "policy": _policy(style, script),
        "title": escape(f"Review: {title}"),
        "style": style,
        "script": script,
        "data": _in_script(json.dumps(data, ensure_ascii=False)),
        "images": "\n".join(
            f'<script type="text/plain" id="image-{number}" data-type="{kind}">{text}</script>'
            for number, (kind, text) in enumerate(images)
        ),
    }
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))
    # Half of a surrogate pair, which a value may have, is valid in JSON as \udc00, not in UTF-8.
    return page.encode("utf-8", "backslashreplace")


@cache
def assets() -> tuple[str, str]:
    """The style and the script."""
    parts = "\n".join(_read(name) for name in SCRIPTS)
    return _read("page.css"), f'"use strict";\n(() => {{\n{parts}\n}})();\n'


def _policy(style: str, script: str) -> str:
    """The Content Security Policy: what has one of these hashes may run, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'"


def _in_script(text: str) -> str:
    r"""JSON that can't end its script: `<` stands only in strings, where `\u003c` is the same."""
    return text.replace("<", r"\u003c")


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
