"""Each wire format end to end: a query goes out over HTTP and comes back as data.

Each request must be one that the provider's own client could send.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, field_validator

from contracts import CONTRACTS
from provider import FakeProvider
from services import SERVICES, Service
from structx import ExtractionError, Extractor, RowResult
from test_vision import png

KEY = "test-key-very-secret-0123456789"


class Part(BaseModel):
    name: str
    price: float | None


class Bill(BaseModel):
    number: str
    currency: Literal["EUR", "USD"]
    total: float
    parts: list[Part]

    @field_validator("total")
    @classmethod
    def positive(cls, total: float) -> float:
        if total < 0:
            raise ValueError("must not be negative")
        return total


BILL: dict[str, Any] = {
    "number": "A-17",
    "currency": "USD",
    "total": 12.5,
    "parts": [{"name": "nails", "price": None}],
}
PLAN = {
    "model_name": "Contact",
    "fields": [
        {"name": "full name", "type": "string", "description": "of the person"},
        {"name": "age", "type": "integer", "description": "in years"},
    ],
}


def reply(*items: dict[str, Any]) -> dict[str, Any]:
    return {"content": json.dumps({"items": items})}


@pytest.fixture(params=SERVICES)
def service(
    request: pytest.FixtureRequest, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """Each provider; its requests are checked against its client after the test."""
    service = SERVICES[request.param]
    for name in ("AZURE_API_VERSION", "OPENAI_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    yield service
    sent = provider.requests()
    assert sent
    for each in sent:
        assert (each["path"], each["credentials"]) == (service.path, [service.credential])
        CONTRACTS[service.contract].check(each["body"])


@pytest.fixture
def subject(provider: FakeProvider, service: Service) -> Extractor:
    return Extractor(
        model=service.model,
        api_key=KEY,
        api_base=provider.origin + service.base,
        max_retries=1,
        min_wait=0,
        max_wait=0,
    )


def row_of(subject: Extractor) -> RowResult[Bill]:
    [row] = subject.extract(data="Bill A-17: 12.50", query="the bill", model=Bill).rows
    return row


def roles(body: Any) -> list[str]:
    """The texts, in the order of the messages."""
    if isinstance(body, dict):
        own = [body["role"]] if "role" in body else []
        return own + [role for member in body.values() for role in roles(member)]
    return [role for it in body for role in roles(it)] if isinstance(body, list) else []


def answers(body: Any) -> list[Any]:
    """The texts that are JSON."""
    if isinstance(body, str):
        return [json.loads(body)] if body.startswith("{") else []
    members = body.values() if isinstance(body, dict) else body if isinstance(body, list) else []
    return [answer for member in members for answer in answers(member)]


def test_rows_are_extracted(provider: FakeProvider, subject: Extractor, service: Service) -> None:
    row = row_of(subject)
    assert row.status == "success", row.error
    assert (row.items[0].currency, row.items[0].parts[0].name) == ("EUR", "text")
    assert row.repairs == []
    [call] = row.usage.get_step("extraction")
    assert (call.prompt_tokens, call.completion_tokens, call.total_tokens) == (10, 5, 15)
    counted = (None, None) if service.contract == "ollama" else (4, 2)
    assert (call.cached_tokens, call.thinking_tokens) == counted
    assert KEY not in json.dumps(provider.requests())


def test_without_a_model_a_plan_is_asked_for(provider: FakeProvider, subject: Extractor) -> None:
    provider.script({"content": json.dumps(PLAN)}, reply({"full_name": "Ada", "age": 36}))
    result = subject.extract(data="Ada, 36", query="name and age")
    assert [item.model_dump() for item in result.data] == [{"full_name": "Ada", "age": 36}]
    assert len(provider.requests()) == 2


def test_a_page_that_is_an_image_is_shown(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png(30, 20))
    result = subject.extract(data=path, query="the bill", model=Bill)
    assert [row.image_pages for row in result.rows] == [[1]]
    [request] = provider.requests()
    assert base64.b64encode(path.read_bytes()).decode() in json.dumps(request["body"])


def test_an_invalid_reply_is_told_why_and_asked_again(
    provider: FakeProvider, subject: Extractor, service: Service
) -> None:
    wrong = {**BILL, "total": -1}
    provider.script(reply(wrong), reply(BILL))
    row = row_of(subject)
    assert row.items == [Bill.model_validate(BILL)]
    second = provider.requests()[1]["body"]
    assert roles(second) == list(service.roles)
    assert "items.0.total: Value error, must not be negative" in json.dumps(second)
    assert {"items": [wrong]} in answers(second)


def test_a_reply_that_was_cut_is_continued(
    provider: FakeProvider, subject: Extractor, service: Service
) -> None:
    other = {**BILL, "number": "B-2"}
    whole = reply(BILL, other)
    cut = {"content": whole["content"][:-20], "finish_reason": "length"}
    # Arguments of a tool are complete or missing.
    provider.script(cut, whole if service.calls else reply(other))
    row = row_of(subject)
    assert [error.kind for error in row.errors] == ["truncated"]
    assert [item.number for item in row.items] == ["A-17", "B-2"]


def test_a_limit_is_waited_for(
    provider: FakeProvider, subject: Extractor, service: Service
) -> None:
    provider.script(service.limited, reply(BILL))
    row = row_of(subject)
    assert row.status == "success", row.error
    kind = "rate_limit" if service.limited["status"] == 429 else "server"
    assert [error.kind for error in row.errors] == [kind]
    first, second = (request["at_ms"] for request in provider.requests())
    assert second - first >= service.wait * 1000


def test_what_does_not_pass_is_told_apart_and_not_asked_again(
    provider: FakeProvider, subject: Extractor, service: Service
) -> None:
    for step, kind in service.kinds.items():
        provider.script(getattr(service, step), reply(BILL))
        row = row_of(subject)
        assert (row.status, [error.kind for error in row.errors]) == ("failed", [kind])
        assert provider.stats()["requests"] == 1


def test_an_error_names_the_exchange_and_never_the_key(
    provider: FakeProvider, subject: Extractor, service: Service
) -> None:
    body = {"error": {"type": "authentication_error", "message": f"bad key {KEY}", "code": KEY}}
    provider.script({"status": 401, "body": body})
    row = row_of(subject)
    [error] = row.errors
    assert (error.kind, error.status) == ("authentication", 401)
    assert error.request_id == ("fake-1" if service.names_requests else None)
    assert "bad key" in error.message
    assert KEY not in repr(error) + str(row.error) + repr(row)
    provider.script({"status": 401, "body": body})
    with pytest.raises(ExtractionError) as raised:
        subject.get_schema(data="a text", query="q")
    assert KEY not in str(raised.value) + repr(raised.value.__cause__)
