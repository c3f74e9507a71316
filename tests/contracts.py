"""Checks requests and replies against the types of the providers' official clients.

A request must match the types that callers of the client fill in, so that an invented or misspelled
member is an error. A reply is parsed by the class with which the client parses it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import ollama
from anthropic.types import Message
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from google.genai import types as genai
from ollama._types import ChatRequest
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses import Response
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter
from pydantic_core import SchemaValidator
from typing_extensions import Required, TypedDict


class Answer(NamedTuple):
    """The content of a reply."""

    text: str | None
    """The arguments as JSON if a tool is called."""
    finish: str | None
    """In the provider's own spelling."""
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    thinking_tokens: int | None


class Contract(NamedTuple):
    """One wire format."""

    request: SchemaValidator
    read: Callable[[bytes], Answer]

    def check(self, body: object) -> None:
        """Raises `pydantic_core.ValidationError` for a body that the client would not send."""
        self.request.validate_json(json.dumps(body), strict=True, by_alias=True, by_name=False)


def exact(schema: Any) -> Any:
    """The schema of a type that rejects unknown members at any depth."""
    if isinstance(schema, list | tuple):
        return type(schema)(map(exact, schema))
    if not isinstance(schema, dict):
        return schema
    changed = {name: exact(value) for name, value in schema.items()}
    match schema.get("type"):
        case "model" | "function-before":
            # The members only: a class accepts more than it sends.
            inner = changed["schema"]
            return {**inner, "ref": schema["ref"]} if "ref" in schema else inner
        case "typed-dict" | "model-fields":
            changed["extra_behavior"] = "forbid"
        case "generator":
            # Would only be read if it were iterated.
            changed["type"] = "list"
    return changed


def request(type_: Any) -> SchemaValidator:
    return SchemaValidator(exact(TypeAdapter(type_).core_schema), {"val_json_bytes": "base64"})


class AnthropicBody(MessageCreateParamsNonStreaming, total=False):
    """Adds members that the API accepts for older models only, and that the client has dropped."""

    temperature: float
    top_k: int
    top_p: float


class GeminiBody(TypedDict, total=False):
    """Callers of the client pass everything except the contents as a `GenerateContentConfig`, which
    it spreads over these members (`_GenerateContentParameters_to_mldev` in its models.py)."""

    contents: Required[list[genai.Content]]
    systemInstruction: genai.Content
    generationConfig: genai.GenerationConfig
    tools: list[genai.Tool]
    toolConfig: genai.ToolConfig
    safetySettings: list[genai.SafetySetting]
    cachedContent: str
    serviceTier: genai.ServiceTier
    store: bool


class OllamaMessage(ollama.Message):
    """The form on the wire; the client's callers may also pass images as files."""

    images: list[str] | None = None


class OllamaBody(ChatRequest):
    """The client also passes on dictionaries of its callers unread. Two members exist only on the
    server (ollama/ollama, api/types.go)."""

    messages: list[OllamaMessage]
    options: ollama.Options | None = None
    stream: bool
    truncate: bool | None = None
    shift: bool | None = None


def chat(body: bytes) -> Answer:
    reply = ChatCompletion.model_validate_json(body)
    choice, usage = reply.choices[0], reply.usage
    calls = choice.message.tool_calls
    prompt = usage and usage.prompt_tokens_details
    completion = usage and usage.completion_tokens_details
    return Answer(
        calls[0].function.arguments if calls else choice.message.content,
        choice.finish_reason,
        usage and usage.prompt_tokens,
        usage and usage.completion_tokens,
        prompt and prompt.cached_tokens,
        completion and completion.reasoning_tokens,
    )


def responses(body: bytes) -> Answer:
    reply = Response.model_validate_json(body)
    calls = [item.arguments for item in reply.output if item.type == "function_call"]
    cut = reply.incomplete_details
    usage = reply.usage
    return Answer(
        calls[0] if calls else reply.output_text or None,
        cut.reason if cut else reply.status,
        usage and usage.input_tokens,
        usage and usage.output_tokens,
        usage and usage.input_tokens_details.cached_tokens,
        usage and usage.output_tokens_details.reasoning_tokens,
    )


def messages(body: bytes) -> Answer:
    reply = Message.model_validate_json(body)
    usage = reply.usage
    texts = [block.text for block in reply.content if block.type == "text"]
    inputs = [block.input for block in reply.content if block.type == "tool_use"]
    cached, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    details = usage.output_tokens_details
    return Answer(
        json.dumps(inputs[0]) if inputs else "".join(texts) or None,
        reply.stop_reason,
        # "Total input tokens in a request is the summation of ..." (the client's Message.usage)
        usage.input_tokens + (cached or 0) + (written or 0),
        usage.output_tokens,
        cached,
        details and details.thinking_tokens,
    )


def gemini(body: bytes) -> Answer:
    reply = genai.GenerateContentResponse.model_validate_json(body)
    candidate = reply.candidates[0] if reply.candidates else None
    usage = reply.usage_metadata
    calls = reply.function_calls
    return Answer(
        json.dumps(calls[0].args) if calls else reply.text or None,
        candidate and candidate.finish_reason and candidate.finish_reason.value,
        usage and usage.prompt_token_count,
        usage and (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        usage and usage.cached_content_token_count,
        usage and usage.thoughts_token_count,
    )


def ollama_chat(body: bytes) -> Answer:
    reply = ollama.ChatResponse.model_validate_json(body)
    calls = reply.message.tool_calls
    return Answer(
        json.dumps(dict(calls[0].function.arguments)) if calls else reply.message.content,
        reply.done_reason,
        reply.prompt_eval_count,
        reply.eval_count,
        None,
        None,
    )


CONTRACTS = {
    "openai_chat": Contract(request(CompletionCreateParamsNonStreaming), chat),
    "openai_responses": Contract(request(ResponseCreateParamsNonStreaming), responses),
    "anthropic": Contract(request(AnthropicBody), messages),
    "gemini": Contract(request(GeminiBody), gemini),
    "ollama": Contract(request(OllamaBody), ollama_chat),
}
