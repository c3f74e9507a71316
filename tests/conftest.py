"""Fixtures for all Python tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import browsers
import reviews
from commands import Commands
from loops import Run, runner
from provider import FakeProvider, connect, running
from structx import Extractor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def running_provider() -> Iterator[FakeProvider]:
    """The fake provider, in one process for all tests."""
    with running() as provider:
        yield provider


@pytest.fixture
def provider(running_provider: FakeProvider) -> FakeProvider:
    """The fake provider without a script and with its counters at zero."""
    running_provider.script()
    return running_provider


@pytest.fixture
def subject(provider: FakeProvider) -> Extractor:
    """See `connect`."""
    return connect(provider)


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine; each test with a loop runs on both loops."""
    return runner(request.param)


@pytest.fixture
def command(
    provider: FakeProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Commands:
    """Runs commands of the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRUCTX_MODEL", "openai/fake")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
    commands = Commands(provider, tmp_path, capsys)
    commands.plan()
    return commands


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.running() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page of `reviews.invoice()`."""
    with browsers.opened(browser, reviews.invoice().review(tmp_path / "page.html")) as page:
        yield page
