"""The Markdown files of the repository name only files, headings and commands that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from provider import ROOT

DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("crates/*/README.md"), *ROOT.glob("docs/**/*.md")])
FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
INCLUDED = re.compile(r"^--8<-- \"([\w.]+)(?::\w+)?\"$", re.MULTILINE)
LINK = re.compile(r"\]\(([^()\s]+)\)")
FOLDERS = ("bench", "crates", "docs", "fuzz", "python", "scripts", "src", "tests")
FILE = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[^\s`]*)`")
TABLE = re.compile(r"^\| `([\w/-]+/)` \| *\|\n\|[-|]+\|\n((?:\|.*\|\n)+)", re.MULTILINE)

per_doc = pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.relative_to(ROOT).as_posix())


def prose(doc: Path) -> str:
    return FENCED.sub("", doc.read_text(encoding="utf-8"))


def anchors(doc: Path) -> set[str]:
    """The anchors of the headings, as GitHub and the site name them, and of documented names."""
    text = prose(doc)
    for file in INCLUDED.findall(text):
        text += prose(ROOT / file)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    named = re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", it.lower()).replace(" ", "-") for it in headings} | {*named}


def broken_links(doc: Path) -> Iterator[str]:
    for link in LINK.findall(prose(doc)):
        url = urlsplit(link)
        if url.scheme or url.netloc:
            if url.scheme != "https" or "." not in url.netloc:
                yield link
            continue
        target = doc.parent / url.path if url.path else doc
        if not target.exists() or (url.fragment and url.fragment not in anchors(target)):
            yield link


def unknown_commands(doc: Path) -> Iterator[str]:
    """Targets of make, named in the text or called in a block of commands."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    blocks = "\n".join(FENCED.findall(doc.read_text(encoding="utf-8")))
    called = re.findall(r"^make ([\w-]+)", blocks, re.MULTILINE)
    for target in [*re.findall(r"`make ([\w-]+)", prose(doc)), *called]:
        if not re.search(rf"^{target}:", makefile, re.MULTILINE):
            yield target


def missing_files(doc: Path) -> Iterator[str]:
    """Paths from the root, and the files in tables whose heading is their folder."""
    text = prose(doc)
    paths = FILE.findall(text)
    for folder, table in TABLE.findall(text):
        for row in table.splitlines():
            paths += [folder + name for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    for path in paths:
        if not any(ROOT.glob(path.rstrip("/"))):
            yield path


@per_doc
def test_links_lead_somewhere(doc: Path) -> None:
    assert list(broken_links(doc)) == []


@per_doc
def test_make_targets_exist(doc: Path) -> None:
    assert list(unknown_commands(doc)) == []


def test_the_navigation_has_every_page() -> None:
    listed = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = [doc.relative_to(ROOT / "docs").as_posix() for doc in ROOT.glob("docs/**/*.md")]
    assert sorted(listed) == sorted(pages)


@per_doc
def test_files_exist(doc: Path) -> None:
    assert list(missing_files(doc)) == []


def test_faults_are_found(tmp_path: Path) -> None:
    doc = tmp_path / "README.md"
    doc.write_text(
        "# A title, with `code`\n[a](README.md) [b](#a-title-with-code) [c](https://example.org/x)\n"
        "[d](missing.md) [e](#missing) [f](README.md#missing) [g](http://example.org) [h](https://x)\n"
        "`make test` `make tests` `src/lib.rs` `src/missing.rs` `crates/*/README.md`\n\n"
        "| `src/run/` | |\n|---|---|\n| `row.rs` `missing.rs` | `prose.rs` |\n\n"
        "```\nmake lint\nmake lints\n[not a link](missing.md)\n```\n",
        encoding="utf-8",
    )
    assert list(broken_links(doc)) == [
        "missing.md",
        "#missing",
        "README.md#missing",
        "http://example.org",
        "https://x",
    ]
    assert list(unknown_commands(doc)) == ["tests", "lints"]
    assert list(missing_files(doc)) == ["src/missing.rs", "src/run/missing.rs"]
