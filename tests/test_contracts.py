"""The cassettes agree with the official clients, which would send the same requests and read the
same from the replies."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import ValidationError

from contracts import CONTRACTS, Contract

FOLDER = Path(__file__).parent / "cassettes"
CASSETTES = {
    path.relative_to(FOLDER).with_suffix("").as_posix(): json.loads(path.read_text("utf-8"))
    for path in sorted(FOLDER.rglob("*.json"))
}
REQUESTS = [name for name, it in CASSETTES.items() if "http" in it]
REPLIES = [name for name, it in CASSETTES.items() if "text" in it.get("decoded", {})]

CUT = {"length", "max_output_tokens", "max_tokens", "MAX_TOKENS", "model_context_window_exceeded"}
"""The clients' names of the limit of output tokens."""


def contract(cassette: dict[str, Any]) -> Contract:
    """The contract; OpenAI's for all providers with its chat format."""
    provider, _, rest = cassette["model"].partition("/")
    if provider == "openai" and rest.startswith("responses/"):
        provider = "openai_responses"
    return CONTRACTS.get(provider, CONTRACTS["openai_chat"])


def test_every_wire_format_has_cassettes_of_both_kinds() -> None:
    for names in (REQUESTS, REPLIES):
        assert {id(contract(CASSETTES[name])) for name in names} == set(map(id, CONTRACTS.values()))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_one_that_the_client_sends(name: str) -> None:
    contract(CASSETTES[name]).check(CASSETTES[name]["http"]["body"])


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_read_as_the_client_reads_it(name: str) -> None:
    cassette = CASSETTES[name]
    answer = contract(cassette).read(json.dumps(cassette["reply"]["body"]).encode())
    decoded = cassette["decoded"]
    assert said(answer.text) == said(decoded["text"])
    cut = {
        "length",
        "max_output_tokens",
        "max_tokens",
        "MAX_TOKENS",
        "model_context_window_exceeded",
    }
    assert (answer.finish in cut) == (decoded["finish"] == "length")
    counts = {name: count for name, count in decoded["usage"].items() if name != "total_tokens"}
    assert {name: getattr(answer, name) for name in counts} == counts


def said(text: str | None) -> object:
    """Parses JSON; the arguments of a tool may also be an object."""
    try:
        return json.loads(text or "")
    except ValueError:
        return text


def is_schema(name: str | int, member: Any) -> bool:
    """Whether clients pass a member on unread; `format` is one only in Ollama's format."""
    schemas = {"schema", "parameters", "input_schema", "responseJsonSchema"}
    return name in schemas or (name == "format" and member.get("type") == "object")


def places(value: Any, within: str | int = "") -> Iterator[Callable[[Any], dict[str, Any]]]:
    """The paths to the objects in a body whose members the client knows."""
    if isinstance(value, dict) and within != "properties":
        yield lambda body: body
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for name, member in members:
        if isinstance(member, dict | list) and not is_schema(name, member):
            for place in places(member, name):
                yield lambda body, name=name, place=place: place(body[name])


def damaged(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The body with an additional or misspelled member, or one of a wrong type."""
    for place in places(body):
        for name in [*place(body), None]:
            for damage in ("invented", "misspelt", "of a wrong type"):
                if (name is None) != (damage == "invented"):
                    continue
                changed = copy.deepcopy(body)
                members = place(changed)
                if name is None:
                    members["invented"] = 1
                elif damage == "misspelt":
                    members[name + "x"] = members.pop(name)
                elif name == "responseJsonSchema":
                    continue  # May be anything.
                else:
                    members[name] = [[None]]
                yield f"{name or 'a member'} is {damage}", changed


def is_sent(contract: Contract, body: dict[str, Any]) -> bool:
    try:
        contract.check(body)
    except (ValidationError, AttributeError):  # The second from Gemini's enumerations.
        return False
    return True


@pytest.mark.parametrize("name", REQUESTS)
def test_any_damage_to_a_request_is_seen(name: str) -> None:
    held_to = contract(CASSETTES[name])
    bodies = damaged(CASSETTES[name]["http"]["body"])
    assert [damage for damage, body in bodies if is_sent(held_to, body)] == []
