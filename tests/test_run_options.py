"""The options of a single call, and the settings of an extractor that limit all its calls."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path
from typing import Any

import pytest

from loops import Run, Word
from provider import FakeProvider
from structx import ConfigurationError, ExtractionError, Extractor, RunOptions

CALL: dict[str, Any] = {"data": "a text", "query": "words"}
METHODS = ["extract", "extract_async", "extract_queries", "extract_queries_async"]
STREAMS = ["extract_stream", "extract_stream_async"]


def call(subject: Extractor, name: str, run: Run, **options: Any) -> object:
    arguments = {"data": "a text", "queries": ["words"]} if "queries" in name else CALL
    made = getattr(subject, name)(**arguments, **options)
    return run(made) if inspect.iscoroutine(made) else made


@pytest.mark.parametrize("name", METHODS + STREAMS)
def test_an_unknown_option_is_a_type_error_in_the_words_of_python(
    provider: FakeProvider, subject: Extractor, run: Run, name: str
) -> None:
    words = rf"^Extractor\.{name}\(\) got an unexpected keyword argument 'max_costs'$"
    with pytest.raises(TypeError, match=words):
        call(subject, name, run, max_costs=1)
    assert provider.stats()["requests"] == 0


@pytest.mark.parametrize("name", ["get_schema", "estimate"])
def test_other_operations_take_no_such_options(subject: Extractor, name: str) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'deadline'"):
        getattr(subject, name)(**CALL, deadline=1)


WRONG: list[tuple[str, Any, str]] = [
    ("journal", 3, "journal must be the path of a file, not 3"),
    ("journal", " ", "journal must be the path of a file, not ' '"),
    ("journal", b"run.db", "journal must be the path of a file"),
    ("max_cost", "1", "max_cost must be a number of at least 0, not '1'"),
    ("max_cost", -1, "max_cost must be a number of at least 0, not -1"),
    ("max_cost", float("inf"), "max_cost must be a number of at least 0, not inf"),
    ("max_tokens", 1.5, "max_tokens must be an integer of at least 0, not 1.5"),
    ("max_tokens", True, "max_tokens must be an integer of at least 0, not True"),
    ("fail_fast", 1, "fail_fast must be True or False, not 1"),
    ("deadline", 0, "deadline must be a number greater than 0, not 0"),
    ("deadline", float("nan"), "deadline must be a number greater than 0, not nan"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_value_is_told_before_anything_is_sent(
    provider: FakeProvider, subject: Extractor, name: str, value: Any, message: str
) -> None:
    for made in (
        lambda: subject.extract(**CALL, **{name: value}),
        lambda: next(subject.extract_stream(**CALL, **{name: value})),
    ):
        with pytest.raises(ExtractionError, match=message) as raised:
            made()
        assert isinstance(raised.value.__cause__, ValueError)
    assert provider.stats()["requests"] == 0


def test_none_is_as_good_as_nothing(subject: Extractor, run: Run) -> None:
    nothing: Any = dict.fromkeys(RunOptions.__annotations__)
    given: Any = {**CALL, "model": Word, **nothing}
    assert subject.extract(**given).failure_count == 0
    assert run(subject.extract_async(**given)).failure_count == 0
    assert len(list(subject.extract_stream(**given))) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"connect_timeout": 0}, "connect_timeout must be at least a millisecond, not 0"),
        ({"connect_timeout": None}, "connect_timeout must be a number of seconds, not None"),
        ({"first_byte_timeout": "1"}, "first_byte_timeout must be a number of seconds, not '1'"),
        ({"first_byte_timeout": -1}, "first_byte_timeout must be at least a millisecond, not -1"),
        ({"cache": 3}, "cache must be the path of a file, not 3"),
        ({"cache": ""}, "cache must be the path of a file, not ''"),
        ({"cache_size": 0}, "cache_size must be an integer of at least 1, not 0"),
        ({"cache_size": 1e9}, "cache_size must be an integer of at least 1, not 1000000000.0"),
    ],
)
def test_wrong_settings_are_configuration_errors(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Extractor(model="openai/fake", api_key="k", **settings)


def test_settings_of_runs_pickle(provider: FakeProvider, tmp_path: Path) -> None:
    subject = Extractor(
        model="openai/fake",
        api_key="k",
        pickle_api_key=True,
        api_base=provider.base_url,
        cache=str(tmp_path / "replies.db"),
        cache_size=1 << 20,
        connect_timeout=1,
        first_byte_timeout=5,
    )
    assert pickle.loads(pickle.dumps(subject)).__getstate__() == subject.__getstate__()
