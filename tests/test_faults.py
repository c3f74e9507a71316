"""Faults lose no row and repeat no request, at a small size; see `make bench-faults`."""

from __future__ import annotations

from pathlib import Path

import pytest

import faults
from provider import FakeProvider
from structx import Limits


def test_every_row_ends_once_and_tells_its_attempts(provider: FakeProvider) -> None:
    report = faults.mixed(provider, 400)
    assert (report.lost, report.duplicated, report.unexplained) == ([], [], [])
    assert report.succeeded + report.failed == 400
    assert report.succeeded > 380
    assert report.lost_cause == report.max_retries + 1
    kinds = {"rate_limit", "server", "connection", "timeout", "bad_reply", "refusal"}
    assert kinds <= report.kinds.keys()


def test_a_configured_limit_is_never_passed(provider: FakeProvider) -> None:
    limits = Limits(requests_per_minute=1200)
    report = faults.throttled(provider, 60, per_second=20, limits=limits)
    assert (report.rejected, report.failed, report.requests) == (0, 0, 60)


@pytest.mark.parametrize("headers", [True, False])
def test_a_limit_that_shrinks_is_learned(provider: FakeProvider, headers: bool) -> None:
    report = faults.throttled(
        provider,
        200,
        per_second=100,
        halves_after_ms=500,
        headers=headers,
        latency_ms=20,
        threads=20,
    )
    assert report.failed == 0
    # Most of them are at the beginning, when the limit is unknown.
    assert report.rejected < 100


def test_what_is_finished_outlives_its_process(provider: FakeProvider, tmp_path: Path) -> None:
    report = faults.killed(provider, tmp_path, 300, kills=4)
    assert report.complete
    assert report.unbroken
    assert report.asked_though_finished == 0
    assert report.asked_again <= report.under_way
