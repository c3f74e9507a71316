"""Reports of how providers are sent the schema of a model, and what is left to validation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from structx import _core


_ITEM = "/properties/items/items"
"""The place of the model's schema in that of a reply."""


@dataclass(frozen=True, slots=True)
class SchemaLoss:
    """A rule of a model's JSON Schema that the provider does not enforce.

    Examples:
        >>> report = Extractor(model="deepseek/deepseek-chat", api_key="k").explain_schema(Invoice)
        >>> report.losses[0].pointer
        ''
    """

    pointer: str
    """JSON Pointer into the JSON Schema of an item, which is `model.model_json_schema()` for a
    pydantic model, with the pattern of a Decimal, which pydantic 2.14 leaves out; empty for the
    whole schema."""
    keyword: str
    """The rule, such as `minLength`; empty for all rules at the pointer."""
    message: str
    """How the rule is handled instead."""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.pointer, self.keyword) if part)
        return f"{place or 'the whole schema'}: {self.message}"


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """How a provider is sent the schema of a model, and which rules are left to validation.

    Replies are always validated against the model, whatever the provider enforces.

    Examples:
        >>> report = extractor.explain_schema(Invoice)
        >>> report.method, report.is_enforced
        ('strict', True)
    """

    provider: str
    model: str
    """The name of the language model, as the caller of the extractor gave it."""
    method: Literal["strict", "schema", "tool", "json", "prompt"]
    """`strict`: the provider enforces the schema; `schema`: it receives the schema and follows it
    as well as it can; `tool`: the schema is that of the parameters of a tool; `json` and `prompt`:
    the prompt contains the schema, and with `json` the provider enforces that the reply is JSON."""
    is_enforced: bool
    """Whether the provider can only produce replies that match `sent`."""
    sent: dict[str, Any]
    """The schema of a whole reply, a list of items, as it is sent to the provider."""
    losses: list[SchemaLoss]
    """The rules of the model's schema that are not enforced."""
    fallbacks: list[SchemaReport] = field(default_factory=list["SchemaReport"])
    """The reports of the fallback models."""

    def __str__(self) -> str:
        how = "enforced" if self.is_enforced else "not enforced"
        lines = [f"{self.model} (provider {self.provider}, method {self.method}): {how}"]
        return "\n".join(["\n- ".join([*lines, *map(str, self.losses)]), *map(str, self.fallbacks)])


def report_of(first: _core.RawSchema, *others: _core.RawSchema) -> SchemaReport:
    """Converts the raw reports of the core, one for each model."""
    report = _report_of(first)
    report.fallbacks.extend(map(_report_of, others))
    return report


def _report_of(raw: _core.RawSchema) -> SchemaReport:
    losses = [
        SchemaLoss(loss["pointer"].removeprefix(_ITEM), loss["keyword"], loss["message"])
        for loss in raw["losses"]
    ]
    sent = json.loads(raw["sent"])
    return SchemaReport(
        raw["provider"], raw["model"], raw["method"], raw["is_enforced"], sent, losses
    )
