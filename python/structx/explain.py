"""What a provider is asked for a model, and what it leaves to validation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

RawSchema: TypeAlias = "tuple[str, str, Any, bool, str, list[tuple[str, str, str]]]"
"""provider, model, method, is_enforced, the schema that is sent as JSON, losses"""

_ITEM = "/properties/items/items"
"""Where a reply's schema has the model's."""


@dataclass(frozen=True, slots=True)
class SchemaLoss:
    """A rule of a model's JSON Schema that the provider does not enforce."""

    pointer: str
    """JSON Pointer into `model.model_json_schema()`; empty for the whole."""
    keyword: str
    """The rule, such as `minLength`; empty for all rules of the place."""
    message: str
    """What became of it."""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.pointer, self.keyword) if part)
        return f"{place or 'the whole schema'}: {self.message}"


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """How a model is asked for, and which rules are left to validation.

    Replies are always validated against the model itself, whatever the provider enforces.
    """

    provider: str
    model: str
    """The language model, as it was given to the extractor."""
    method: Literal["strict", "schema", "tool", "json", "prompt"]
    """`strict`: the provider can write nothing else; `schema`: it is given the schema and follows
    it as it can; `tool`: as the parameters of a tool; `json` and `prompt`: the prompt tells the
    schema, and with `json` the provider sees to it that the reply is JSON."""
    is_enforced: bool
    """Whether a reply that does not fit `sent` can't be written at all."""
    sent: dict[str, Any]
    """The schema of a whole reply, a list of items, as the provider is given it."""
    losses: list[SchemaLoss]
    """What of the model's schema is not enforced."""
    fallbacks: list[SchemaReport] = field(default_factory=list["SchemaReport"])
    """The same for the models that are asked after this one."""

    def __str__(self) -> str:
        how = "enforced" if self.is_enforced else "not enforced"
        lines = [f"{self.model} (provider {self.provider}, method {self.method}): {how}"]
        return "\n".join(["\n- ".join([*lines, *map(str, self.losses)]), *map(str, self.fallbacks)])


def report_of(first: RawSchema, *others: RawSchema) -> SchemaReport:
    """The report that the core's plain tuples stand for, one for each model."""
    report = _report_of(first)
    report.fallbacks.extend(map(_report_of, others))
    return report


def _report_of(raw: RawSchema) -> SchemaReport:
    provider, model, method, is_enforced, sent, losses = raw
    return SchemaReport(
        provider,
        model,
        method,
        is_enforced,
        json.loads(sent),
        [
            SchemaLoss(pointer.removeprefix(_ITEM), keyword, outcome)
            for pointer, keyword, outcome in losses
        ],
    )
