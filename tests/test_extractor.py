"""The public Extractor against the scripted provider: results, errors, retries, cancellation."""

from __future__ import annotations

import asyncio
import json
import pickle
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

import structx
from provider import FakeProvider
from structx import ConfigurationError, ExtractionError, Extractor


class Line(BaseModel):
    text: str
    amount: float


class Invoice(BaseModel):
    """An invoice."""

    number: str
    due: date
    total: Decimal
    lines: list[Line]
    currency: Literal["EUR", "USD"] = "EUR"
    note: str | None = None


GOOD = {
    "number": "A-1",
    "due": "2026-01-31",
    "total": "12.50",
    "lines": [{"text": "nails", "amount": 12.5}],
    "currency": "USD",
    "note": None,
}


class Word(BaseModel):
    word: str


def reply(*items: dict[str, Any], **step: Any) -> dict[str, Any]:
    return {"content": json.dumps({"items": items}), **step}


def extractor(provider: FakeProvider, **settings: Any) -> Extractor:
    settings = {"max_retries": 2, "min_wait": 0, "max_wait": 0, **settings}
    return Extractor(
        model="openai/fake", api_key="sk-secret", api_base=provider.base_url, **settings
    )


def test_text_becomes_an_instance_of_the_callers_model(provider: FakeProvider) -> None:
    provider.script(reply(GOOD))
    result = extractor(provider).extract(data="Invoice A-1", query="the invoice", model=Invoice)
    assert result.data == [Invoice.model_validate(GOOD)]
    assert result.model is Invoice
    [row] = result.rows
    assert (row.position, row.source_index, row.input_data, row.status, row.error) == (
        0,
        0,
        "Invoice A-1",
        "success",
        None,
    )
    assert row.items == result.data
    assert result.usage.total_tokens == row.usage.total_tokens > 0
    [call] = result.usage.get_step("extraction")
    assert call.total_tokens == call.prompt_tokens + call.completion_tokens
    assert result.usage.get_step(structx.ExtractionStep.SCHEMA_GENERATION) == []
    assert json.loads(result.usage.model_dump_json())["steps"].keys() == {"extraction"}


def test_the_request_carries_schema_query_and_document_and_nothing_unasked(
    provider: FakeProvider,
) -> None:
    provider.script(reply(GOOD))
    extractor(provider).extract(data="INVOICE TEXT", query="the QUERY", model=Invoice)
    [request] = provider.requests()
    body = request["body"]
    assert body.keys() == {"model", "messages", "response_format"}
    assert body["model"] == "fake"
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert "the QUERY" in json.dumps(body["messages"])
    assert "<document>\\nINVOICE TEXT\\n</document>" in json.dumps(body["messages"])


def test_provider_options_are_sent_as_they_are(provider: FakeProvider) -> None:
    extractor(provider, temperature=0.5, seed=7).extract(data="a text", query="q", model=Word)
    [request] = provider.requests()
    assert (request["body"]["temperature"], request["body"]["seed"]) == (0.5, 7)


def test_every_dict_is_a_row_and_rows_keep_their_order(provider: FakeProvider) -> None:
    records = [{"id": i, "text": f"word{i:02}"} for i in range(40)]
    provider.script(
        *[reply({"word": f"w{i:02}"}, when=f"word{i:02}", delay_ms=(40 - i)) for i in range(40)]
    )
    result = extractor(provider).extract(data=records, query="the word", model=Word)
    assert [item.word for item in result.data] == [f"w{i:02}" for i in range(40)]
    assert [row.position for row in result.rows] == list(range(40))
    assert result.rows[3].input_data == "id: 3\ntext: word03"
    assert 2 <= provider.stats()["max_in_flight"] <= 10


def test_rows_end_as_success_empty_or_failed_and_never_stop_the_others(
    provider: FakeProvider,
) -> None:
    provider.script(
        reply({"word": "one"}, {"word": "two"}, when="first"),
        reply(when="second"),
        {"status": 400, "body": {"error": {"message": "no"}}, "when": "third"},
    )
    records = [{"t": "first"}, {"t": "second"}, {"t": "third"}]
    result = extractor(provider).extract(data=records, query="words", model=Word)
    assert [row.status for row in result.rows] == ["success", "empty", "failed"]
    assert (result.attempted_count, result.success_count, result.empty_count) == (3, 2, 1)
    assert (result.extracted_count, result.failure_count) == (2, 1)
    assert result.success_rate == pytest.approx(200 / 3)
    failed = result.failed
    failed = failed.to_dict("records") if not isinstance(failed, list) else failed
    [failure] = failed
    assert failure["index"] == 2
    assert failure["text"] == "t: third"
    assert "400" in failure["error"] and "no" in failure["error"]


@pytest.mark.parametrize(
    "step",
    [
        {"status": 500},
        {"status": 503},
        {"status": 529},
        {"status": 429},
        {"status": 408},
        {"fault": "reset"},
        {"fault": "truncate"},
        {"fault": "malformed"},
        {"content": "no json at all"},
        {"content": '{"items": [{"word": ["x", "y"]}]}'},
        {"content": '{"items": [{"other": "x"}]}'},
    ],
    ids=str,
)
def test_an_always_failing_row_costs_exactly_max_retries_and_one_requests(
    provider: FakeProvider, step: dict[str, Any]
) -> None:
    provider.script({**step, "times": 1000})
    result = extractor(provider).extract(data="a text", query="q", model=Word)
    assert provider.stats()["requests"] == 3
    [row] = result.rows
    assert row.status == "failed"
    assert "3 attempts" in (row.error or "")
    assert len(row.usage.get_step("extraction")) == 3
    assert "secret" not in (row.error or "")


@pytest.mark.parametrize(
    "step",
    [
        {"status": 401},
        {"status": 403},
        {"status": 404},
        {"status": 429, "body": {"error": {"message": "m", "code": "insufficient_quota"}}},
    ],
    ids=str,
)
def test_what_can_not_pass_is_not_repeated(provider: FakeProvider, step: dict[str, Any]) -> None:
    provider.script({**step, "times": 1000})
    result = extractor(provider).extract(data="a text", query="q", model=Word)
    assert provider.stats()["requests"] == 1
    assert result.rows[0].status == "failed"


def test_failures_of_every_kind_share_one_budget(provider: FakeProvider) -> None:
    provider.script(
        *[{"status": 500}, {"content": "no json"}, {"fault": "reset"}, reply({"word": "at last"})]
    )
    result = extractor(provider, max_retries=3).extract(data="a text", query="q", model=Word)
    assert result.data == [Word(word="at last")]
    assert provider.stats()["requests"] == 4


def test_what_pydantic_finds_wrong_is_sent_back(provider: FakeProvider) -> None:
    class Even(BaseModel):
        number: int

        @field_validator("number")
        @classmethod
        def even(cls, number: int) -> int:
            if number % 2:
                raise ValueError("must be even")
            return number

    provider.script(reply({"number": 3}), reply({"number": 4}))
    result = extractor(provider).extract(data="three", query="q", model=Even)
    assert [item.number for item in result.data] == [4]
    second = provider.requests()[1]["body"]["messages"]
    assert [message["role"] for message in second] == ["system", "user", "assistant", "user"]
    assert json.loads(second[2]["content"]) == {"items": [{"number": 3}]}
    assert "items.0.number: Value error, must be even" in second[3]["content"]


def test_a_validator_that_breaks_fails_its_row_without_another_request(
    provider: FakeProvider,
) -> None:
    class Broken(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def look_up(cls, word: str) -> str:
            return {}[word]

    result = extractor(provider).extract(data="a text", query="q", model=Broken)
    assert "KeyError" in (result.rows[0].error or "")
    assert provider.stats()["requests"] == 1


def test_retry_after_is_honoured(provider: FakeProvider) -> None:
    provider.script({"status": 429, "headers": {"retry-after": "1"}}, reply({"word": "w"}))
    start = time.monotonic()
    result = extractor(provider).extract(data="a text", query="q", model=Word)
    assert result.data == [Word(word="w")]
    assert time.monotonic() - start >= 1.0


def test_optional_fields_may_be_left_out_and_defaults_hold(provider: FakeProvider) -> None:
    provider.script(reply({**GOOD, "currency": None, "note": None}))
    result = extractor(provider).extract(data="a text", query="q", model=Invoice)
    assert (result.data[0].currency, result.data[0].note) == ("EUR", None)


def test_numbers_keep_their_spelling_in_both_directions(provider: FakeProvider) -> None:
    class Large(BaseModel):
        number: int
        note: str = "none"

    provider.script(
        {"content": '{"items": [{"number": 123456789012345678901234567890, "note": null}]}'}
    )
    result = extractor(provider).extract(data=[{"n": 10**30}], query="q", model=Large)
    assert result.data == [Large(number=123456789012345678901234567890)]
    assert result.rows[0].input_data == f"n: {10**30}"


def test_base_url_is_another_name_of_api_base(provider: FakeProvider) -> None:
    subject = Extractor(model="openai/fake", api_key="k", base_url=provider.base_url)
    assert subject.extract(data="a text", query="q", model=Word).success_count == 1
    assert "base_url" not in provider.requests()[0]["body"]


def test_the_instructions_of_a_plan_stay_with_its_model(provider: FakeProvider) -> None:
    provider.script({"content": json.dumps(PLAN)})
    subject = extractor(provider)
    model = subject.extract(data="Ada Lovelace, 36", query="name and age").model
    subject.extract(data="Alan Turing, 41", query="name and age", model=model)
    assert "Names as written." in json.dumps(provider.requests()[2]["body"]["messages"])


PLAN = {
    "model_name": "Contact",
    "fields": [
        {"name": "full name", "type": "string", "description": "of the person"},
        {"name": "age", "type": "integer", "description": "in years"},
    ],
    "instructions": "Names as written.",
}


def test_without_a_model_one_planning_request_makes_it(provider: FakeProvider) -> None:
    provider.script({"content": json.dumps(PLAN)}, reply({"full_name": "Ada Lovelace", "age": 36}))
    result = extractor(provider).extract(data="Ada Lovelace, 36", query="name and age")
    assert result.model.__name__ == "Contact"
    assert list(result.model.model_fields) == ["full_name", "age"]
    assert result.data[0].model_dump() == {"full_name": "Ada Lovelace", "age": 36}
    assert len(result.usage.get_step("schema_generation")) == 1
    assert result.usage.total_tokens == sum(
        call.total_tokens for calls in result.usage.steps.values() for call in calls
    )
    assert "Names as written." in json.dumps(provider.requests()[1]["body"]["messages"])
    assert pickle.loads(pickle.dumps(result.data)) == result.data


def test_only_planned_columns_are_sent(provider: FakeProvider) -> None:
    plan = {**PLAN, "target_columns": ["text", "unknown"]}
    provider.script({"content": json.dumps(plan)})
    records = [{"id": 1, "text": "Ada", "secret": "x"}]
    result = extractor(provider).extract(data=records, query="name and age")
    assert result.rows[0].input_data == "text: Ada"


def test_a_plan_that_is_no_plan_is_asked_again_and_then_an_error(provider: FakeProvider) -> None:
    provider.script({"content": json.dumps({**PLAN, "fields": []}), "times": 1000})
    with pytest.raises(ExtractionError) as raised:
        extractor(provider).extract(data="a text", query="q")
    assert isinstance(raised.value.__cause__, structx.ModelGenerationError)
    assert provider.stats()["requests"] == 3
    assert raised.value.usage.total_tokens == 3 * 15
    assert pickle.loads(pickle.dumps(raised.value)).usage == raised.value.usage


def test_a_provider_error_while_planning_keeps_its_facts(provider: FakeProvider) -> None:
    body = {"error": {"message": "bad key sk-secret", "code": "invalid_api_key"}}
    provider.script({"status": 401, "body": body})
    with pytest.raises(ExtractionError) as raised:
        extractor(provider).extract(data="a text", query="q")
    cause = raised.value.__cause__
    assert isinstance(cause, structx.ProviderError)
    assert (cause.provider, cause.status, cause.code, cause.request_id) == (
        "openai",
        401,
        "invalid_api_key",
        "fake-1",
    )
    assert "sk-secret" not in str(raised.value) + str(cause)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"data": "text", "query": "  "}, "query"),
        ({"data": "text", "query": None}, "query"),
        ({"data": "", "query": "q"}, "empty"),
        ({"data": "  \n", "query": "q"}, "empty"),
        ({"data": [], "query": "q"}, "no rows"),
        ({"data": [{}], "query": "q"}, "column"),
        ({"data": [{"a": 1}, 5], "query": "q"}, r"data\[1\]"),
        ({"data": 5, "query": "q"}, "int"),
        ({"data": b"", "query": "q"}, "bytes"),
        ({"data": "\ud800", "query": "q"}, "surrogates"),
        ({"data": "text", "query": "\ud800"}, "surrogates"),
        ({"data": [{1: 2, "1": 3}], "query": "q"}, "same name"),
        ({"data": {"a": 1}, "query": "q"}, "dict"),
        ({"data": "./missing.pdf", "query": "q"}, "missing.pdf"),
        ({"data": Path("missing.txt"), "query": "q"}, "missing.txt"),
        ({"data": "./", "query": "q"}, "directory"),
        ({"data": "text", "query": "q", "model": FakeProvider}, "FakeProvider"),
        ({"data": "text", "query": "q", "model": Word(word="w")}, "pydantic model"),
    ],
    ids=str,
)
def test_bad_arguments_are_errors_before_any_request(
    provider: FakeProvider, arguments: dict[str, Any], words: str
) -> None:
    subject = extractor(provider)
    with pytest.raises(ExtractionError, match=f"(?i){words}") as raised:
        subject.extract(**arguments)
    assert raised.value.__cause__ is not None
    with pytest.raises(ExtractionError, match=f"(?i){words}"):
        asyncio.run(subject.extract_async(**arguments))
    assert provider.stats()["requests"] == 0


def test_arguments_are_keyword_only(provider: FakeProvider) -> None:
    with pytest.raises(TypeError):
        extractor(provider).extract("text", "query")  # pyright: ignore


@pytest.mark.parametrize(
    "settings",
    [
        {"max_threads": 0},
        {"max_threads": True},
        {"max_retries": -1},
        {"max_retries": 1.5},
        {"min_wait": -1},
        {"min_wait": 2, "max_wait": 1},
        {"max_wait": "3"},
        {"min_wait": float("nan")},
        {"model": "nobody/knows"},
        {"model": ""},
        {"model": "local/nowhere.gguf"},
        {"model": "bedrock/claude"},
        {"output_mode": "xml"},
        {"output_mode": 3},
        {"model": "deepseek/deepseek-chat", "output_mode": "strict"},
        {"api_version": 3},
        {"model": "openai/gpt", "api_key": None, "api_base": None},
        {"model": "openai/gpt", "api_base": "no url"},
        {"model": 3},
        {"api_key": 5},
        {"max_threads": 10**30},
        {"max_retries": 10**30},
        {"max_wait": 10**400},
        {"temperature": float("nan")},
        {"stop": object()},
        {"batch_size": 0},
        {"client": object()},
    ],
    ids=str,
)
def test_wrong_settings_are_configuration_errors(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "STRUCTX_LOCAL_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STRUCTX_CACHE_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError):
        Extractor(**{"model": "openai/gpt", "api_key": "k", **settings})


def test_without_model_and_weights_the_error_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STRUCTX_MODEL", raising=False)
    monkeypatch.delenv("STRUCTX_LOCAL_MODEL", raising=False)
    monkeypatch.setenv("STRUCTX_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-present")
    with pytest.raises(ConfigurationError, match="structx models pull") as raised:
        Extractor()
    assert "\n" not in str(raised.value)


def test_no_connection_is_an_error_with_words(provider: FakeProvider) -> None:
    subject = Extractor(
        model="openai/fake",
        api_key="sk-secret",
        api_base="http://127.0.0.1:1/v1",
        max_retries=1,
        min_wait=0,
        max_wait=0,
    )
    result = subject.extract(data="a text", query="q", model=Word)
    assert "connect" in (result.rows[0].error or "").lower()


def test_the_key_is_shown_nowhere(provider: FakeProvider) -> None:
    subject = extractor(provider)
    result = subject.extract(data="a text", query="q", model=Word)
    assert "secret" not in repr(subject) + repr(result) + str(result)
    assert provider.requests()[0]["credentials"] == ["authorization"]


def test_an_extractor_pickles_by_its_settings(provider: FakeProvider) -> None:
    copy = pickle.loads(pickle.dumps(extractor(provider, pickle_api_key=True)))
    assert copy.extract(data="a text", query="q", model=Word).rows[0].status == "success"


def test_from_litellm_is_the_constructor(provider: FakeProvider) -> None:
    subject = Extractor.from_litellm(
        model="openai/fake", api_key="k", api_base=provider.base_url, max_threads=2
    )
    assert subject.extract(data="a text", query="q", model=Word).success_count == 1


def test_field_constraints_are_told_and_checked(provider: FakeProvider) -> None:
    class Score(BaseModel):
        value: int = Field(ge=0, le=10, description="from 0 to 10")

    provider.script(reply({"value": 11}), reply({"value": 10}))
    result = extractor(provider).extract(data="eleven", query="q", model=Score)
    assert result.data == [Score(value=10)]
    assert "from 0 to 10" in json.dumps(provider.requests()[0]["body"]["response_format"])
