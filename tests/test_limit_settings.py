"""Limits as an object: checked, compared, copied, shared by extractors. What they do: limits.rs."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provider import FakeProvider
from structx import ConfigurationError, Extractor, Limits

SETTINGS = {"max_concurrency": 4, "requests_per_minute": 600.0, "tokens_per_minute": 1e6}


def test_limits_show_their_settings() -> None:
    limits = Limits(**SETTINGS)
    assert {name: getattr(limits, name) for name in SETTINGS} == SETTINGS
    assert repr(limits) == (
        "Limits(max_concurrency=4, requests_per_minute=600.0, tokens_per_minute=1000000.0)"
    )
    assert repr(Limits()) == "Limits()" and repr(Limits(max_concurrency=1)) == (
        "Limits(max_concurrency=1)"
    )


def test_limits_are_equal_by_their_settings() -> None:
    assert Limits(**SETTINGS) == Limits(**SETTINGS) != Limits()
    assert len({Limits(**SETTINGS), Limits(**SETTINGS), Limits()}) == 2
    assert Limits() != 3


@pytest.mark.parametrize(
    "double", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))]
)
def test_limits_are_copied_as_their_settings(double: Any) -> None:
    limits = Limits(**SETTINGS)
    assert double(limits) == limits and double(limits) is not limits


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_concurrency": 0}, "max_concurrency must be an integer of at least 1, not 0"),
        ({"max_concurrency": 1.5}, "max_concurrency must be an integer of at least 1, not 1.5"),
        ({"max_concurrency": True}, "max_concurrency must be an integer of at least 1, not True"),
        ({"requests_per_minute": 0}, "requests_per_minute must be a number greater than 0, not 0"),
        ({"requests_per_minute": "9"}, "requests_per_minute must be a number greater than 0"),
        ({"tokens_per_minute": -1}, "tokens_per_minute must be a number greater than 0, not -1"),
        ({"tokens_per_minute": float("nan")}, "tokens_per_minute must be a number greater than 0"),
        ({"tokens_per_minute": 10**400}, "tokens_per_minute must be a number greater than 0"),
    ],
)
def test_wrong_limits_are_configuration_errors(settings: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Limits(**settings)


def test_positional_limits_are_refused() -> None:
    with pytest.raises(TypeError, match="positional"):
        Limits(4)  # pyright: ignore


def test_extractors_that_share_limits_share_them_when_they_are_pickled(
    provider: FakeProvider,
) -> None:
    limits = Limits(max_concurrency=1)
    settings: dict[str, Any] = {"api_key": "k", "pickle_api_key": True, "limits": limits}
    made = [
        Extractor(model="openai/fake", api_base=provider.base_url, **settings) for _ in range(2)
    ]
    one, other = (again.__getstate__()[0] for again in pickle.loads(pickle.dumps(made)))
    assert one["limits"] is other["limits"]
    assert one["limits"] == limits


def test_an_extractor_takes_nothing_else_for_limits() -> None:
    with pytest.raises(ConfigurationError, match=r"limits must be a structx.Limits, not dict"):
        Extractor(model="openai/fake", api_key="k", limits={"max_concurrency": 1})  # pyright: ignore


def test_a_file_shares_rates(tmp_path: Path) -> None:
    path = tmp_path / "rates ü"
    limits = Limits(requests_per_minute=600, file=path)
    assert limits.file == str(path) and path.exists()
    copied = pickle.loads(pickle.dumps(limits))
    assert copied == limits and copied.file == limits.file
    assert limits != Limits(requests_per_minute=600)


def test_processes_of_one_file_share_its_rate(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script(limit={"per_second": 25, "burst": 3})
    program = f"""
import structx
extractor = structx.Extractor(
    model="openai/fake", api_key="k", api_base={provider.base_url!r}, max_retries=0,
    limits=structx.Limits(requests_per_minute=1500, file={str(tmp_path / "rates")!r}),
)
rows = [{{"t": str(number)}} for number in range(15)]
print(extractor.extract(data=rows, query="q", model=str).failure_count)
"""
    command = [sys.executable, "-c", program]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in running] == [b"0"] * 3
    assert (provider.stats()["requests"], provider.stats()["throttled"]) == (45, 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"file": "x"}, "file shares requests_per_minute and tokens_per_minute: give at least one"),
        ({"requests_per_minute": 1, "file": 3}, "file must be the path of a file, not 3"),
        ({"requests_per_minute": 1, "file": "missing/x"}, "missing/x can't be used"),
        ({"requests_per_minute": 1, "file": "notes"}, "is no file of rate limits"),
    ],
)
def test_files_that_can_t_be_shared(
    settings: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes").write_text("keep me, there are more than 24 bytes of me")
    with pytest.raises(ConfigurationError, match=message):
        Limits(**settings)
    assert Path("notes").read_text().startswith("keep me")
