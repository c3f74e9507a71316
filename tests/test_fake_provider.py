"""The fake provider follows its script, on which other tests rely."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from provider import FakeProvider
from waiting import eventually

SCHEMA = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
        "due": {"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]},
        "state": {"enum": ["open", "closed"]},
        "count": {"type": "integer", "minimum": 5},
    },
    "$defs": {
        "Item": {
            "type": "object",
            "properties": {
                "name": {"type": ["null", "string"], "maxLength": 3},
                "price": {"type": "number"},
                "parts": {"type": "array", "items": {"$ref": "#/$defs/Item"}, "maxItems": 0},
                "paid": {"type": "boolean"},
                "kind": {"const": "goods"},
            },
        }
    },
}


def ask(provider: FakeProvider, words: str = "hello") -> Any:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": words}],
        "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
    }
    request = Request(provider.base_url + "/chat/completions", data=json.dumps(body).encode())
    with build_opener(ProxyHandler({})).open(request, timeout=10) as reply:
        return json.load(reply)


def content(provider: FakeProvider, words: str = "hello") -> Any:
    return json.loads(ask(provider, words)["choices"][0]["message"]["content"])


def test_replies_follow_the_schema(provider: FakeProvider) -> None:
    item: dict[str, Any] = {"name": "tex", "price": 1.5, "parts": [], "paid": True, "kind": "goods"}
    expected: dict[str, Any] = {"items": [item], "due": "2026-01-31", "state": "open", "count": 5}
    assert content(provider) == expected
    provider.script(items=2)
    assert content(provider)["items"] == [item, item]


def test_steps_are_used_up_in_order_or_by_text(provider: FakeProvider) -> None:
    provider.script(
        {"content": '"b"', "when": "banana"}, {"content": '"a"', "times": 2}, {"status": 503}
    )
    assert [content(provider, word) for word in ("x", "banana", "x")] == ["a", "b", "a"]
    with pytest.raises(HTTPError) as failure:
        ask(provider)
    assert failure.value.code == 503
    failure.value.close()
    assert content(provider)["state"] == "open"


def test_requests_are_counted_and_kept(provider: FakeProvider) -> None:
    ask(provider, "one")
    ask(provider, "two")
    stats = provider.stats()
    assert (stats["requests"], stats["in_flight"], stats["aborted"]) == (2, 0, 0)
    words = [request["body"]["messages"][0]["content"] for request in provider.requests()]
    assert words == ["one", "two"]
    assert provider.requests()[0]["path"] == "/v1/chat/completions"
    assert provider.requests()[0]["credentials"] == []
    provider.script()
    assert provider.stats()["requests"] == 0


def test_open_connections_are_counted_without_those_that_count(provider: FakeProvider) -> None:
    before = provider.stats()
    provider.requests()
    assert provider.stats() == before
    connection = HTTPConnection(provider.base_url.split("/")[2], timeout=10)
    connection.connect()
    assert eventually(lambda: provider.stats()["open"] == before["open"] + 1)
    connection.close()
    assert eventually(lambda: provider.stats()["open"] == before["open"])
    assert provider.stats()["connections"] == before["connections"] + 1
