"""What the core extracts into: a pydantic model, its JSON Schema and the validator of replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from structx.schema import create_model as create_extraction_model


@dataclass(frozen=True, eq=False)
class Target:
    """A model and all that the core needs of it."""

    model: type[BaseModel]
    name: str
    schema: dict[str, Any]
    """The JSON Schema of one item."""
    validate: Callable[[str], list[BaseModel]]
    """From a reply `{"items": [...]}` as JSON to its items; raises pydantic.ValidationError."""


_targets: WeakKeyDictionary[type[BaseModel], Target] = WeakKeyDictionary()


def of_model(model: type[BaseModel]) -> Target:
    """The target of a model, made once for each model."""
    target = _targets.get(model)
    if target is None:
        target = _targets[model] = _of_model(model)
    return target


def _of_model(model: type[BaseModel]) -> Target:
    reply: Any = create_model(
        "Reply",
        __config__=ConfigDict(extra="forbid"),
        items=(list[model], ...),  # pyright: ignore[reportInvalidTypeForm]
    )
    validate_json = reply.__pydantic_validator__.validate_json

    def validate(json: str) -> list[BaseModel]:
        return validate_json(json).items

    schema = model.model_json_schema()
    return Target(model=model, name=model.__name__, schema=schema, validate=validate)


def of_definition(definition: Mapping[str, Any]) -> Target:
    """The target of a planned definition."""
    return of_model(create_extraction_model(definition))


def problems(error: ValidationError) -> list[str]:
    """What is wrong, in words for the model and without the values themselves."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [f"{'.'.join(map(str, e['loc'])) or 'reply'}: {e['msg']}" for e in found]
