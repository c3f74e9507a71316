"""Fixtures for all Python tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provider import FakeProvider, running


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
