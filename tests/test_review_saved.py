"""Corrections that were saved are loaded into a review page, in a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import reviews
from browsers import opened
from structx import review

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def saved(page: Page) -> str:
    with page.expect_download() as download:
        page.click("#save")
    return download.value.path().read_text("utf-8")


def load(page: Page, lines: str) -> list[str]:
    """Loads a file; returns what the page tells of it."""
    file: Any = {"name": "c.jsonl", "mimeType": "", "buffer": lines.encode()}
    page.set_input_files("#load-file", file)
    page.locator("#notes-list li", has_text="c.jsonl loaded").wait_for(state="attached")
    return page.locator("#notes-list li").all_text_contents()


def line(**changes: Any) -> str:
    usual = {
        "source": "data",
        "row": 0,
        "pointer": "/0/number",
        "action": "edit",
        "old": "A17",
        "new": "B18",
        "start": 8,
        "end": 11,
    }
    return json.dumps({**usual, **changes})


def test_work_goes_on_where_it_was_saved(browser: Browser, tmp_path: Path) -> None:
    path = reviews.invoice().review(tmp_path / "page.html")
    price = '"old": 2.25, "new": 12345678901234567890.10, "start": null, "end": null}'
    tea = {"pointer": "/0/lines/0/article", "old": "Tea", "new": "Tea", "action": "anchor"}
    given = [
        line(),
        '{"source": "data", "row": 0, "pointer": "/0/lines/1/price", "action": "edit", ' + price,
        line(**tea, start=22, end=30),
        line(pointer="", action="accept", old="3.75", new="3.75", start=54, end=58),
        line(
            row=1, pointer="", action="accept", old="refused", new="refused", start=None, end=None
        ),
    ]
    with opened(browser, path) as page:
        notes = load(page, "\n".join(given) + "\n")
        assert notes[0] == "5 corrections of c.jsonl loaded." and len(notes) == 2
        assert page.inner_text("#done").startswith("5 of")
        assert not page.is_visible("#unsaved")
        again = saved(page)
    assert "12345678901234567890.10" in again
    corrections = {(it.pointer, it.row): it for it in map(_correction, again.splitlines())}
    assert corrections["/0/number", 0].new == "B18"
    tea_place = corrections["/0/lines/0/article", 0]
    assert (tea_place.action, tea_place.start, tea_place.end) == ("anchor", 22, 30)
    with opened(browser, path) as page:
        load(page, again)
        assert sorted(saved(page).splitlines()) == sorted(again.splitlines())


def _correction(text: str) -> review.Correction:
    return review.Correction(**json.loads(text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no JSON", "is no correction"),
        ('{"source": 1}', "is no correction"),
        (line(action="drop"), "is no correction"),
        (line(pointer="/0/other"), "does not have"),
        (line(source="another"), "does not have"),
        (line(old="A18"), "another value than this page has"),
        (line(new="b18"), "has a value that must match"),
        (line(start=500, end=600), "a place that this page does not have"),
        (line(pointer="", old="3.75", new="4", start=54, end=58), "can't be changed"),
    ],
)
def test_what_does_not_fit_is_said(page: Page, text: str, problem: str) -> None:
    notes = load(page, f"\n{text}\n")
    assert notes[0] == "0 corrections of c.jsonl loaded."
    assert notes[1].startswith("Line 2 of the file ") and problem in notes[1]
    assert page.inner_text("#done").startswith("0 of")
    assert page.is_visible("#notes-list")


def test_what_is_loaded_can_be_undone(page: Page) -> None:
    load(page, line())
    page.locator("#queue-lines [role=option]", has_text="number").first.click()
    assert page.inner_text("#detail-value") == "B18"
    page.click("#do-undo")
    assert page.inner_text("#detail-value") == "A17"
    assert page.inner_text("#done").startswith("0 of")
