"""Settings reach the wire as they are meant, and mistaken ones are errors that say what to do."""

from __future__ import annotations

import json
import logging
import pickle
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from provider import FakeProvider
from servers import completion, serving
from structx import ConfigurationError, Extractor, HttpExchange

ANSWER = completion({"items": [{"word": "hello"}]})
KEY = "test-key-0123456789"


class Word(BaseModel):
    word: str


def ask(extractor: Extractor) -> None:
    [row] = extractor.extract(data="hello", query="the word", model=Word).rows
    assert row.status == "success", row.error


@pytest.fixture(autouse=True)
def no_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


def test_headers_and_accounts_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ANSWER) as server:
        base: dict[str, Any] = {"model": "openai/m", "api_key": KEY, "api_base": server.base_url}
        ask(Extractor(**base, organization="org", project="p", headers={"X-Team": " a "}))
        headers = server.requests[-1].headers
        assert headers["authorization"] == f"Bearer {KEY}"
        named = ("openai-organization", "openai-project", "x-team")
        assert [headers[name] for name in named] == ["org", "p", "a"]
        ask(Extractor(**base, headers={"Authorization": "Basic x", "user-agent": "mine"}))
        headers = server.requests[-1].headers
        assert (headers["authorization"], headers["user-agent"]) == ("Basic x", "mine")
        assert not headers.keys() & set(named)
        monkeypatch.setenv("OPENAI_ORG_ID", "org-2")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "p-2")
        ask(Extractor(**base))
        assert [server.requests[-1].headers[name] for name in named[:2]] == ["org-2", "p-2"]
        # Other providers get neither.
        ask(Extractor(**{**base, "model": "groq/m"}))
        assert not server.requests[-1].headers.keys() & set(named)


def test_a_header_may_take_the_place_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match="needs an API key"):
        Extractor(model="anthropic/claude-x", headers={"x-team": "a"})
    Extractor(model="anthropic/claude-x", headers={"Authorization": "Bearer t"})
    Extractor(model="anthropic/claude-x", headers={"X-API-Key": "t"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"headers": "x"}, "headers must be a dict"),
        ({"headers": {"x": 1}}, "the name and the value of 'x' must be texts"),
        ({"headers": {"x y": "secret"}}, "'x y'|\"x y\" is no name of a header"),
        ({"headers": {"x": "se\ncret"}}, "has a value that no HTTP header can carry"),
        ({"headers": {"Content-Type": "secret"}}, "is set by structx"),
        ({"organization": 3}, "organization must be a text"),
        ({"model": "anthropic/x", "organization": "o"}, "organization is a setting of OpenAI"),
        ({"model": "gemini/x", "project": "o"}, "project is a setting of OpenAI"),
        ({"extra_body": [1]}, "extra_body must be a dict"),
        ({"options": "x"}, "options must be a dict"),
        ({"options": {"seed": 1}, "seed": 1}, "seed is given twice"),
        ({"on_request": 3}, "on_request must be a function"),
    ],
)
def test_wrong_settings_are_errors(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        Extractor(**{"model": "openai/m", "api_key": KEY, **arguments})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("keyword", "advice"),
    [
        ("max_thread", "did you mean max_threads?"),
        ("tempreature", "did you mean temperature?"),
        ("pickle_api_kei", "did you mean pickle_api_key?"),
        ("Temperature", "did you mean temperature?"),
        ("max_token", "did you mean max_tokens?"),
        ("ouput_mode", "did you mean output_mode?"),
        ("retries", "give max_retries="),
        ("http_client", "give model='provider/name'"),
        ("verify", "give ca_file="),
        ("proxy", "set the environment variable HTTPS_PROXY"),
        ("default_headers", "give headers="),
        ("request_timeout", "give timeout="),
        ("max_workers", "give max_threads="),
        ("frobnicate", "nor is it a known option of the provider"),
        ("num_ctx", "options={'num_ctx': ...}"),
    ],
)
def test_keywords_that_nobody_knows_are_errors(keyword: str, advice: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Extractor(model="openai/m", api_key=KEY, **{keyword: 1})
    assert keyword in str(raised.value) and advice in str(raised.value)


@pytest.mark.parametrize(
    ("model", "keywords"),
    [
        (
            "openai/m",
            ["temperature", "seed", "reasoning_effort", "logit_bias", "chat_template_kwargs"],
        ),
        ("openai/responses/m", ["reasoning", "max_output_tokens", "truncation"]),
        ("anthropic/m", ["thinking", "top_k", "stop_sequences", "max_tokens"]),
        ("gemini/m", ["topK", "thinking_config", "safety_settings"]),
        ("ollama/m", ["num_ctx", "keep_alive", "think"]),
        (["openai/m", "ollama/m"], ["num_ctx", "seed"]),
    ],
)
def test_options_of_the_provider_may_be_keywords(model: Any, keywords: list[str]) -> None:
    for keyword in keywords:
        Extractor(model=model, api_key=KEY, **{keyword: None})


def test_options_reach_the_body_as_they_are_given() -> None:
    with serving(ANSWER) as server:
        base: dict[str, Any] = {"model": "openai/m", "api_key": KEY, "api_base": server.base_url}
        extra = {"chat_template_kwargs": {"a": 1}, "seed": 2}
        ask(
            Extractor(
                **base, temperature=0, options={"frobnicate": [1], "seed": 1}, extra_body=extra
            )
        )
        body = server.requests[-1].body
        names = ("temperature", "frobnicate", "chat_template_kwargs", "seed", "extra_body")
        assert [body.get(name) for name in names] == [0, [1], {"a": 1}, 2, None]
        extractor = Extractor(**base, extra_body={"messages": []}, max_retries=0)
        [row] = extractor.extract(data="hello", query="q", model=Word).rows
        assert "the option `messages` is set by structx" in str(row.error)


@pytest.mark.parametrize("end", ["/chat/completions", "/chat/completions/", "/"])
def test_an_address_may_be_the_whole_endpoint(end: str) -> None:
    with serving(ANSWER) as server:
        ask(Extractor(model="openai/m", api_key=KEY, api_base=server.base_url + end))
        assert server.requests[0].path == "/v1/chat/completions"


def test_a_hook_sees_each_exchange_without_secrets(provider: FakeProvider) -> None:
    provider.script({"status": 500, "body": {"error": f"broken {KEY}"}}, {"status": 200})
    seen: list[HttpExchange] = []
    threads = set[str]()

    def hook(exchange: HttpExchange) -> None:
        seen.append(exchange)
        threads.add(threading.current_thread().name)

    extractor = Extractor(
        model="openai/m",
        api_key=KEY,
        api_base=provider.base_url,
        headers={"X-Auth-Token": "token-abcdefgh", "X-Team": "a"},
        min_wait=0,
        on_request=hook,
    )
    ask(extractor)
    failed, good = seen
    assert (failed.status, good.status, good.error) == (500, 200, None)
    assert failed.error == "openai answered 500: broken *** [request fake-1]"
    assert failed.response_body == '{"error":"broken ***"}'
    sent = [request["body"] for request in provider.requests()]
    assert [json.loads(exchange.request_body) for exchange in seen] == sent
    assert good.url == f"{provider.base_url}/chat/completions"
    headers = good.request_headers
    assert (headers["authorization"], headers["x-auth-token"], headers["x-team"]) == (
        "***",
        "***",
        "a",
    )
    assert good.response_headers["x-request-id"] == "fake-2"
    assert json.loads(good.response_body)["choices"]
    assert good.seconds > 0
    everything = "".join(repr(exchange) + str(vars_of(exchange)) for exchange in seen)
    assert KEY not in everything and "token-abcdefgh" not in everything
    # The representation leaves the document out.
    assert "hello" not in repr(good)
    assert threading.current_thread().name not in threads


def vars_of(exchange: HttpExchange) -> list[Any]:
    return [getattr(exchange, name) for name in HttpExchange.__dataclass_fields__]


def test_a_hook_is_told_of_requests_without_a_response() -> None:
    with serving(ANSWER) as server:
        pass
    seen: list[HttpExchange] = []
    base = server.base_url
    extractor = Extractor(
        model="openai/m", api_key=KEY, api_base=base, max_retries=0, on_request=seen.append
    )
    extractor.extract(data="hello", query="q", model=Word)
    [exchange] = seen
    assert (exchange.status, exchange.response_headers, exchange.response_body) == (None, {}, "")
    assert "no connection to" in str(exchange.error)


def test_a_hook_that_fails_is_called_no_more(
    provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[HttpExchange] = []

    def hook(exchange: HttpExchange) -> None:
        calls.append(exchange)
        raise RuntimeError("a mistake")

    extractor = Extractor(
        model="openai/m", api_key=KEY, api_base=provider.base_url, on_request=hook
    )
    with caplog.at_level(logging.ERROR, "structx"):
        ask(extractor)
        ask(extractor)
    assert len(calls) == 1
    assert "on_request raised" in caplog.text


def test_a_hook_sees_streams_and_plans(provider: FakeProvider) -> None:
    seen: list[HttpExchange] = []
    extractor = Extractor(
        model="openai/m", api_key=KEY, api_base=provider.base_url, on_request=seen.append
    )
    rows = list(extractor.extract_stream(data=[{"a": 1}, {"a": 2}], query="q", model=Word))
    assert (len(rows), len(seen)) == (2, 2)


def test_secret_headers_are_pickled_like_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ANSWER) as server:
        headers = {"X-Auth": "a-secret-of-mine", "X-Team": "a"}
        base: dict[str, Any] = {
            "model": "custom-m",
            "api_base": server.base_url,
            "headers": headers,
        }
        with pytest.raises(ConfigurationError, match="the header X-Auth"):
            pickle.dumps(Extractor(**base))
        whole = pickle.dumps(Extractor(**base, pickle_api_key=True))
        monkeypatch.setenv("MY_TOKEN", headers["X-Auth"])
        named = pickle.dumps(Extractor(**base))
        assert headers["X-Auth"].encode() not in named
        for pickled in (whole, named):
            ask(pickle.loads(pickled))
            sent = server.requests[-1].headers
            assert (sent["x-auth"], sent["x-team"]) == (headers["X-Auth"], "a")
        monkeypatch.delenv("MY_TOKEN")
        with pytest.raises(ConfigurationError, match="MY_TOKEN is not set"):
            pickle.loads(named)
