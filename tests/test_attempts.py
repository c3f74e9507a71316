"""The attempts of a row: errors, continuations, and the model that answered."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from loops import Word
from provider import FakeProvider
from structx import (
    AttemptError,
    ConfigurationError,
    ContentFilterError,
    ExtractionError,
    Extractor,
    ProviderError,
    RefusalError,
    RowResult,
)

MODELS = ["openai/first", "openai/second"]


def extractor(provider: FakeProvider, **settings: Any) -> Extractor:
    defaults: dict[str, Any] = {
        "model": MODELS,
        "api_key": "k",
        "api_base": provider.base_url,
        "max_retries": 1,
        "min_wait": 0,
        "max_wait": 0,
    }
    return Extractor(**{**defaults, **settings})


def row_of(subject: Extractor) -> RowResult[Word]:
    return subject.extract(data="a text", query="the word", model=Word).rows[0]


def reply(*words: str, cut: bool = False) -> dict[str, Any]:
    text = json.dumps({"items": [{"word": word} for word in words]})
    if cut:
        return {"content": text.removesuffix("]}") + ', {"wor', "finish_reason": "length"}
    return {"content": text}


def asked(provider: FakeProvider) -> list[str]:
    return [request["body"]["model"] for request in provider.requests()]


@pytest.mark.parametrize(
    ("step", "requests"),
    [
        ({"status": 500, "times": 2}, ["first", "first", "second"]),
        ({"status": 401}, ["first", "second"]),
        ({"status": 429, "body": {"error": {"code": "insufficient_quota"}}}, ["first", "second"]),
        ({"refusal": "no"}, ["first", "second"]),
    ],
)
def test_the_next_model_answers_where_a_provider_fails_for_good(
    provider: FakeProvider, step: dict[str, Any], requests: list[str]
) -> None:
    provider.script(step, reply("one"))
    row = row_of(extractor(provider))
    assert (row.status, row.model) == ("success", "openai/second")
    assert asked(provider) == requests
    assert [error.model for error in row.errors] == ["openai/first"] * (len(requests) - 1)
    assert len(row.usage.get_step("extraction")) == len(requests)


def test_replies_that_are_not_valid_are_no_reason_for_another_model(
    provider: FakeProvider,
) -> None:
    provider.script({"content": "none", "times": 9})
    row = row_of(extractor(provider))
    assert (row.status, row.model) == ("failed", None)
    assert asked(provider) == ["first", "first"]
    assert [error.kind for error in row.errors] == ["invalid", "invalid"]


def test_the_last_error_is_the_row_s_and_all_are_told(provider: FakeProvider) -> None:
    provider.script({"status": 503, "times": 3}, {"status": 400})
    row = row_of(extractor(provider))
    told = [(error.model, error.kind, error.status) for error in row.errors]
    assert told == [
        ("openai/first", "server", 503),
        ("openai/first", "server", 503),
        ("openai/second", "server", 503),
        ("openai/second", "rejected", 400),
    ]
    assert "400" in (row.error or "")
    assert "after 4 attempts" in (row.error or "")
    assert row.errors[0].request_id == "fake-1"
    assert pickle.loads(pickle.dumps(row)) == row


def test_planning_has_the_same_models(provider: FakeProvider) -> None:
    provider.script({"status": 401}, {"status": 401})
    with pytest.raises(ExtractionError):
        extractor(provider).get_schema(data="a text", query="the word")
    assert asked(provider) == ["first", "second"]


@pytest.mark.parametrize("model", [[], ["openai/a", ""], ["openai/a", 1], ["openai/a", "openai/a"]])
def test_a_list_of_models_is_checked(model: list[Any]) -> None:
    with pytest.raises(ConfigurationError, match="model"):
        Extractor(model=model, api_key="k")


def test_what_was_right_in_the_end_tells_what_went_wrong_before(provider: FakeProvider) -> None:
    provider.script({"status": 500}, reply("one"))
    row = row_of(extractor(provider, model="openai/only"))
    assert (row.status, row.model) == ("success", "openai/only")
    assert isinstance(row.errors[0], AttemptError)
    assert str(row.errors[0]) == row.errors[0].message


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ({"refusal": "no"}, "refusal"),
        (reply("a") | {"finish_reason": "content_filter"}, "content_filter"),
    ],
)
def test_refusals_and_filters_are_told_apart(
    provider: FakeProvider, step: dict[str, Any], kind: str
) -> None:
    provider.script(step)
    row = row_of(extractor(provider, model="openai/only"))
    assert [error.kind for error in row.errors] == [kind]
    assert provider.stats()["requests"] == 1


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ({"refusal": "no"}, RefusalError),
        (reply("a") | {"finish_reason": "content_filter"}, ContentFilterError),
        ({"status": 401}, ProviderError),
    ],
)
def test_planning_fails_with_the_kind_of_error(
    provider: FakeProvider, step: dict[str, Any], error: type[ProviderError]
) -> None:
    provider.script(step)
    with pytest.raises(ExtractionError) as raised:
        extractor(provider, model="openai/only").get_schema(data="a text", query="the word")
    cause = raised.value.__cause__
    assert type(cause) is error
    assert isinstance(cause, ProviderError)
    assert cause.kind is not None
    copy = pickle.loads(pickle.dumps(cause))
    assert (copy.kind, copy.provider, str(copy)) == (cause.kind, "openai", str(cause))


def test_what_was_mended_is_listed(provider: FakeProvider) -> None:
    provider.script({"content": "Sure:\n```json\n{'items': [{'Word': 5,},]}\n```"})
    row = row_of(extractor(provider, model="openai/only"))
    assert [item.word for item in row.items] == ["5"]
    assert any("code fence" in repair for repair in row.repairs)
    assert any(repair.startswith("/0/") for repair in row.repairs)


@pytest.mark.parametrize("model", ["hosted_vllm/any", "ollama/any"])
def test_servers_that_only_hold_to_the_schema_are_told_it(
    provider: FakeProvider, model: str
) -> None:
    base = provider.base_url.removesuffix("/v1") if "ollama" in model else provider.base_url
    assert row_of(extractor(provider, model=model, api_base=base)).status == "success"
    [request] = provider.requests()
    system = request["body"]["messages"][0]["content"]
    assert '"word":{"title":"Word","type":"string"}' in system
    assert request["body"].keys() & {"response_format", "format"}


def test_a_reply_that_was_cut_is_continued(provider: FakeProvider) -> None:
    provider.script(reply("one", "two", cut=True), reply("three", cut=True), reply("four"))
    row = row_of(extractor(provider, max_retries=2))
    assert [item.word for item in row.items] == ["one", "two", "three", "four"]
    assert [error.kind for error in row.errors] == ["truncated"] * 2
    messages = provider.requests()[2]["body"]["messages"]
    assert json.loads(messages[-2]["content"]) == json.loads(
        reply("one", "two", "three")["content"]
    )
    assert "after 3 complete items" in messages[-1]["content"]


def test_a_damaged_continuation_loses_nothing(provider: FakeProvider) -> None:
    damaged = {"content": '{"items": [{"word": "three"}, {"word"'}
    provider.script(reply("one", "two", cut=True), damaged, reply("three", "four"))
    row = row_of(extractor(provider, max_retries=2))
    assert [item.word for item in row.items] == ["one", "two", "three", "four"]
    assert [error.kind for error in row.errors] == ["truncated", "invalid"]
    assert any("more than one reply" in repair for repair in row.repairs)


def test_what_was_cut_to_the_end_is_failed_and_keeps_its_items_apart(
    provider: FakeProvider,
) -> None:
    provider.script(reply("one", cut=True), reply("two", cut=True))
    result = extractor(provider, model="openai/only").extract(data="t", query="q", model=Word)
    row = result.rows[0]
    assert row.status == "failed"
    assert result.data == row.items == []
    assert [item.word for item in row.incomplete_items] == ["one", "two"]


def test_a_plan_that_was_cut_is_asked_for_once_more_and_shorter(provider: FakeProvider) -> None:
    provider.script(*[reply("one", cut=True)] * 4)
    with pytest.raises(ExtractionError):
        extractor(provider, model="openai/only").get_schema(data="a text", query="the word")
    first, second = (request["body"]["messages"] for request in provider.requests())
    assert second[: len(first)] == first
    assert "as few words" in second[-1]["content"]


def test_a_reply_cut_before_its_first_item_costs_one_more_request(
    provider: FakeProvider,
) -> None:
    nothing = {"content": '{"items": [{"wor', "finish_reason": "length"}
    provider.script(nothing, nothing, reply("never asked for"), reply("never asked for"))
    result = extractor(provider, model="openai/only").extract(data="t", query="q", model=Word)
    (row,) = result.rows
    assert row.status == "failed" and [error.kind for error in row.errors] == ["truncated"] * 2
    first, second = (request["body"]["messages"] for request in provider.requests())
    assert second[: len(first)] == first and len(second) == len(first) + 1


def test_a_shorter_reply_after_one_that_was_cut_is_the_result(provider: FakeProvider) -> None:
    nothing = {"content": '{"items": [{"wor', "finish_reason": "length"}
    provider.script(nothing, reply("one"))
    result = extractor(provider, model="openai/only").extract(data="t", query="q", model=Word)
    assert [item.word for item in result.data] == ["one"]
