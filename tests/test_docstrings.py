"""The docstrings of public names: each has an example, and every example runs.

They use the names that docs/reference/index.md defines.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestParser, DocTestRunner
from pathlib import Path
from typing import Any

import pytest

import pages
import structx
from provider import ROOT, FakeProvider
from samples import pdf
from structx import Extractor, RunOptions, review

NAMES = ROOT / "docs/reference/index.md"
PLAN = {
    "model_name": "Planned",
    "model_description": "",
    "fields": [{"name": "seller", "description": "who sells", "type": "str"}],
    "instructions": "",
}
REFINED = {"model_description": "", "fields": PLAN["fields"]}
STEPS: list[dict[str, Any]] = [
    {"when": "key refused", "status": 401},
    {"when": "to be declined", "refusal": "no"},
    {"when": "to be filtered", "finish_reason": "content_filter", "content": ""},
    {"when": "extraction_plan", "content": json.dumps(PLAN)},
    {"when": "refinement", "content": json.dumps(REFINED)},
]
# The version is a text, which has no docstring.
PUBLIC = sorted({*structx.__all__} - {"__version__"})


def documented() -> Iterator[tuple[str, str]]:
    """The docstrings of public names, and of the public members of their classes."""
    for name in PUBLIC:
        public = getattr(structx, name)
        yield name, inspect.getdoc(public) or ""
        if inspect.isclass(public):
            members = inspect.getmembers(public)
            yield from (
                (f"{name}.{member}", inspect.getdoc(value) or "")
                for member, value in members
                if not member.startswith("_") and _is_ours(value)
            )
    for name in review.__all__:
        yield f"review.{name}", inspect.getdoc(getattr(review, name)) or ""


def _is_ours(value: object) -> bool:
    function = value.fget if isinstance(value, property) else value
    return (getattr(function, "__module__", None) or "").startswith("structx")


TEXTS = {name: text for name, text in documented() if ">>>" in text}


@pytest.fixture
def space(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, Any]:
    """The names of the examples."""
    pages.prepare(monkeypatch, provider, tmp_path)
    text = NAMES.read_text(encoding="utf-8")
    provider.script(*({"times": 1_000, **step} for step in STEPS), *pages.steps(text))
    names: dict[str, Any] = {"scan": ("scan.pdf", pdf([b"72 72 400 600 re f"]))}
    pages.run(text, NAMES.name, names)
    return names


@pytest.mark.parametrize("name", TEXTS)
def test_every_example_runs(name: str, space: dict[str, Any]) -> None:
    example = DocTestParser().get_doctest(TEXTS[name], space, name, None, None)
    said: list[str] = []
    runner = DocTestRunner(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)
    runner.run(example, out=said.append)
    assert not said, "".join(said)


def test_every_public_name_has_an_example() -> None:
    assert [name for name in PUBLIC if name not in TEXTS] == []
    methods = [name for name in dir(Extractor) if not name.startswith("_")]
    assert [name for name in methods if f"Extractor.{name}" not in TEXTS] == []
    assert [name for name in review.__all__ if f"review.{name}" not in TEXTS] == [
        "apply_to_records"
    ]


@pytest.mark.parametrize("name", ["extract", "extract_async", "extract_stream", "batch_function"])
def test_signatures_name_the_options_of_a_call(name: str) -> None:
    shown = inspect.signature(getattr(Extractor, name)).parameters
    assert set(RunOptions.__annotations__) < set(shown)
    assert "options" not in shown


def test_async_forms_have_the_whole_text() -> None:
    whole, text = Extractor.extract_async.__doc__ or "", Extractor.extract.__doc__ or ""
    assert whole.startswith("`extract` for asyncio.")
    for part in ("Args:", "Returns:", "Raises:", "query: what to extract, in plain words."):
        assert part in whole and part in text


def test_a_wrong_example_is_found() -> None:
    example = DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, None)
    assert DocTestRunner().run(example, out=lambda _: None).failed == 1
