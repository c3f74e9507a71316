"""The pickle of an extractor contains no API key, unless the user allows it."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from provider import FakeProvider
from structx import ConfigurationError, Extractor

KEY = "sk-a-key-that-nobody-may-see"
PROGRAM = (
    "import pickle, sys\n"
    "from structx import Extractor\n"
    "extractor = pickle.load(open(sys.argv[1], 'rb'))\n"
    "print(extractor)\n"
    "pickle.dumps(extractor)\n"
)


class Word(BaseModel):
    word: str


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


def extract(extractor: Extractor, provider: FakeProvider) -> dict[str, Any]:
    """The request that an extraction sends."""
    extractor.extract(data="a text", query="q", model=Word)
    return provider.requests()[-1]


def unpickled_elsewhere(content: bytes, folder: Path, **variables: str) -> str:
    """The output of a process with these variables that loads the pickle."""
    file = folder / "extractor.pickle"
    file.write_bytes(content)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


def test_a_key_of_the_providers_variable_is_read_by_each_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    content = pickle.dumps(Extractor(model="openai/gpt-4o"))
    assert KEY.encode() not in content
    assert unpickled_elsewhere(content, tmp_path) == "Extractor(model='openai/gpt-4o')\n"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "ConfigurationError" in (told := unpickled_elsewhere(content, tmp_path))
    assert "OPENAI_API_KEY" in told
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        pickle.loads(content)


def test_a_pickle_names_the_variable_of_a_key_that_was_given(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MY_SERVERS_KEY", KEY)
    extractor = Extractor(
        model="openai/fake", api_key=os.environ["MY_SERVERS_KEY"], api_base=provider.base_url
    )
    content = pickle.dumps(extractor)
    assert KEY.encode() not in content
    assert b"MY_SERVERS_KEY" in content
    again: Extractor = pickle.loads(content)
    assert pickle.dumps(again) == content
    assert extract(again, provider)["credentials"] == ["authorization"]
    assert unpickled_elsewhere(content, tmp_path) == "Extractor(model='openai/fake')\n"
    monkeypatch.delenv("MY_SERVERS_KEY")
    told = unpickled_elsewhere(content, tmp_path)
    assert "MY_SERVERS_KEY is not set: the pickled extractor takes its api_key from it" in told


def test_another_key_that_was_given_is_pickled_only_if_the_user_asks(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A variable that happens to have the same value is not the source of the key.
    monkeypatch.setenv("SOMETHING_ELSE", KEY)
    settings: dict[str, Any] = {
        "model": "openai/fake",
        "api_key": KEY,
        "api_base": provider.base_url,
    }
    with pytest.raises(ConfigurationError, match="pickle_api_key=True"):
        pickle.dumps(Extractor(**settings))
    content = pickle.dumps(Extractor(**settings, pickle_api_key=True))
    assert KEY.encode() in content
    assert unpickled_elsewhere(content, tmp_path) == "Extractor(model='openai/fake')\n"
    with pytest.raises(ConfigurationError, match="pickle_api_key must be True or False, not 1"):
        Extractor(**settings, pickle_api_key=1)


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_a_copy_keeps_the_key(provider: FakeProvider, make: Callable[[Any], Any]) -> None:
    extractor = Extractor(model="openai/fake", api_key=KEY, api_base=provider.base_url)
    copied = make(extractor)
    extractor.close()
    assert extract(copied, provider)["credentials"] == ["authorization"]
