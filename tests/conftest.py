"""Fixtures for all Python tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loops import Run, runner
from provider import FakeProvider, running
from structx import Extractor


@pytest.fixture(scope="session")
def running_provider() -> Iterator[FakeProvider]:
    """One process for all tests."""
    with running() as provider:
        yield provider


@pytest.fixture
def provider(running_provider: FakeProvider) -> FakeProvider:
    """The fake provider without a script, its counters at zero."""
    running_provider.script()
    return running_provider


@pytest.fixture
def subject(provider: FakeProvider) -> Extractor:
    """An extractor that asks the fake provider and never tries again."""
    return Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, max_retries=0)


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine; every test that has a loop is run on both loops."""
    return runner(request.param)
