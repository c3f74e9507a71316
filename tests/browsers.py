"""A real browser for the tests of the review page: Chromium of the system, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@contextmanager
def running() -> Iterator[Browser]:
    """A browser. Without one the tests are skipped, except in CI."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("no browser: install chromium, for example with `apt-get install chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without a sandbox, as tests may run as root, where Chromium has none.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path, *, refused: str = "\0", **options: Any) -> Iterator[Page]:
    """The page of a file, once it is ready. Fails on errors, and on requests for anything else.

    Errors with the word `refused` are what the test is about.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda it: problems.append(it.text) if it.type == "error" else None)
    allowed = (path.as_uri(), "data:", "blob:")
    page.on("request", lambda it: None if it.url.startswith(allowed) else problems.append(it.url))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    yield page
    assert [it for it in problems if refused not in it] == []
    context.close()
