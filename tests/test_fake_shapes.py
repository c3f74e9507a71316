"""The fake provider replies to each wire format in the form that the provider's client reads."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from contracts import CONTRACTS, Answer
from provider import FakeProvider

TEXT = {"type": "string"}
SCHEMA = {"type": "object", "properties": {"name": TEXT}}
GEMINI_SCHEMA = {
    "type": "OBJECT",
    "properties": {"name": {"type": "STRING", "nullable": True}},
    "propertyOrdering": ["name"],
}
MESSAGES = [{"role": "user", "content": "hello"}]
CONTENTS = [{"role": "user", "parts": [{"text": "hello"}]}]


class Shape(NamedTuple):
    """One way to send the schema in a wire format."""

    wire: str
    path: str
    body: dict[str, Any]
    request_id: str | None = None
    """The header with the id of the request."""


def chat(path: str, **asked: Any) -> Shape:
    body = {"model": "m", "messages": MESSAGES, **asked}
    return Shape("openai_chat", path, body, "x-request-id")


def responses(**asked: Any) -> Shape:
    body = {"model": "m", "input": MESSAGES, **asked}
    return Shape("openai_responses", "/v1/responses", body, "x-request-id")


def messages(**asked: Any) -> Shape:
    body = {"model": "m", "max_tokens": 100, "messages": MESSAGES, **asked}
    return Shape("anthropic", "/v1/messages", body, "request-id")


def gemini(**asked: Any) -> Shape:
    body = {"contents": CONTENTS, **asked}
    return Shape("gemini", "/v1beta/models/m:generateContent", body)


def ollama(**asked: Any) -> Shape:
    body = {"model": "m", "messages": MESSAGES, "stream": False, **asked}
    return Shape("ollama", "/api/chat", body)


FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": SCHEMA}}
FUNCTION = {"type": "function", "function": {"name": "answer", "parameters": SCHEMA}}
AZURE = "/openai/deployments/m/chat/completions?api-version=2024-10-21"
MIME_TYPE = {"responseMimeType": "application/json"}

SHAPES = {
    "chat": chat("/v1/chat/completions", response_format=FORMAT),
    "chat tool": chat("/v1/chat/completions", tools=[FUNCTION]),
    "azure": chat(AZURE, response_format=FORMAT),
    "responses": responses(
        text={"format": {"type": "json_schema", "name": "n", "strict": True, "schema": SCHEMA}}
    ),
    "responses tool": responses(
        tools=[{"type": "function", "name": "answer", "strict": True, "parameters": SCHEMA}]
    ),
    "messages": messages(output_config={"format": {"type": "json_schema", "schema": SCHEMA}}),
    "messages tool": messages(tools=[{"name": "answer", "input_schema": SCHEMA}]),
    "gemini": gemini(generationConfig={**MIME_TYPE, "responseJsonSchema": SCHEMA}),
    "gemini's own": gemini(generationConfig={**MIME_TYPE, "responseSchema": GEMINI_SCHEMA}),
    "gemini tool": gemini(
        tools=[{"functionDeclarations": [{"name": "answer", "parametersJsonSchema": SCHEMA}]}]
    ),
    "ollama": ollama(format=SCHEMA),
    "ollama tool": ollama(tools=[FUNCTION]),
}


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def ask(provider: FakeProvider, shape: Shape) -> Reply:
    with closing(HTTPConnection(urlsplit(provider.origin).netloc, timeout=10)) as connection:
        connection.request("POST", shape.path, json.dumps(shape.body), {"X-Api-Key": "secret"})
        reply = connection.getresponse()
        headers = {name.lower(): value for name, value in reply.getheaders()}
        return Reply(reply.status, headers, reply.read())


def read(shape: Shape, reply: Reply) -> Answer:
    assert reply.status == 200
    return CONTRACTS[shape.wire].read(reply.body)


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


def test_what_is_asked_here_is_what_the_client_asks(shape: Shape) -> None:
    CONTRACTS[shape.wire].check(shape.body)


def test_a_reply_holds_an_instance_of_the_schema_and_the_usage(
    provider: FakeProvider, shape: Shape
) -> None:
    reply = ask(provider, shape)
    answer = read(shape, reply)
    assert json.loads(answer.text or "") == {"name": "text"}
    counts = (None, None) if shape.wire == "ollama" else (4, 2)
    assert answer[2:] == (10, 5, *counts)
    assert (shape.request_id is None) == (reply.headers.get(shape.request_id or "") is None)
    [request] = provider.requests()
    assert (request["path"], request["credentials"]) == (shape.path, ["x-api-key"])
    assert "secret" not in json.dumps(request)


def test_a_script_means_the_same_in_every_shape(provider: FakeProvider, shape: Shape) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}
    provider.script(
        {"content": '{"name": "scripted"}', "usage": usage},
        {"content": '{"name": "cut', "finish_reason": "length"},
    )
    answer = read(shape, ask(provider, shape))
    assert json.loads(answer.text or "") == {"name": "scripted"}
    assert (answer.prompt_tokens, answer.completion_tokens) == (7, 1)
    cut = read(shape, ask(provider, shape))
    assert cut.finish in {"length", "max_output_tokens", "max_tokens", "MAX_TOKENS"}


@pytest.mark.parametrize(
    ("name", "finish", "filtered"),
    [
        ("chat", "stop", "content_filter"),
        ("responses", "completed", "content_filter"),
        ("messages", "refusal", "refusal"),
        ("gemini", None, "SAFETY"),
    ],
)
def test_nothing_is_said_where_the_model_or_a_filter_declines(
    provider: FakeProvider, name: str, finish: str | None, filtered: str
) -> None:
    provider.script({"refusal": "I won't"}, {"content": "", "finish_reason": "content_filter"})
    for word in (finish, filtered):
        answer = read(SHAPES[name], ask(provider, SHAPES[name]))
        assert (answer.text or None, answer.finish) == (None, word)


ERRORS = {
    "openai_chat": {"error": {"message": "as scripted", "type": "scripted"}},
    "openai_responses": {"error": {"message": "as scripted", "type": "scripted"}},
    "anthropic": {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "as scripted"},
        "request_id": "fake-1",
    },
    "gemini": {"error": {"code": 529, "message": "as scripted", "status": "UNKNOWN"}},
    "ollama": {"error": "as scripted"},
}


def test_an_error_is_spelled_as_the_provider_spells_it(
    provider: FakeProvider, shape: Shape
) -> None:
    provider.script({"status": 529})
    reply = ask(provider, shape)
    body = json.loads(reply.body)
    if isinstance(body["error"], dict):
        body["error"] = {name: it for name, it in body["error"].items() if it is not None}
    assert (reply.status, body) == (529, ERRORS[shape.wire])
