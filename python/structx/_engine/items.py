"""Items of any kind by the names of their parts, for tables and notebooks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic_core import SchemaSerializer, core_schema
from typing_extensions import is_typeddict

from structx._engine import pointers

VALUE = "value"
"""The name of an item that has no parts with names."""
_MOST_REFERENCES = 32
"""The longest chain of references that is followed; chosen by hand, not measured."""


def name_of(model: Any) -> str:
    """A short name of the type of items, such as `Invoice` or `int | str`."""
    if isinstance(model, Mapping):
        return str(cast("Mapping[str, Any]", model).get("title", "Item"))
    origin = get_origin(model)
    if origin is Annotated:
        return name_of(get_args(model)[0])
    if origin in (Union, UnionType):
        return " | ".join(map(name_of, get_args(model)))
    if model is type(None):
        return "None"
    return getattr(model, "__name__", None) or getattr(origin, "__name__", None) or str(model)


def fields_of(model: Any) -> list[str] | None:
    """The names of the parts that items have, in their order.

    None if items are one value each. Items may have more parts than these.
    """
    if isinstance(model, Mapping):
        return _properties(cast("Mapping[str, Any]", model))
    while get_origin(model) is Annotated:
        model = get_args(model)[0]
    kind: Any = get_origin(model) or model
    if isinstance(kind, type(BaseModel)):
        return [name for name, field in kind.model_fields.items() if not field.exclude]
    if dataclasses.is_dataclass(kind):
        infos: Mapping[str, Any] = getattr(kind, "__pydantic_fields__", {})
        names = [field.name for field in dataclasses.fields(kind)]
        return [name for name in names if not getattr(infos.get(name), "exclude", False)]
    if is_typeddict(kind):
        return list(kind.__annotations__)
    return list(kind._fields) if is_named_tuple(kind) else None


def is_named_tuple(kind: Any) -> bool:
    """Whether this is the class of named tuples."""
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")  # pyright: ignore[reportUnknownArgumentType]


def _properties(schema: Mapping[str, Any]) -> list[str] | None:
    """The names that a JSON Schema has for members; None if it is not that of an object."""
    names, is_object = _named(schema, schema, _MOST_REFERENCES)
    return names if is_object else None


def _named(part: Any, root: Any, steps: int) -> tuple[list[str], bool]:
    if not isinstance(part, Mapping) or not steps:
        return [], False
    schema = cast("Mapping[str, Any]", part)
    names: dict[str, None] = dict.fromkeys(schema.get("properties", ()))
    is_object = schema.get("type") == "object" or "properties" in schema
    inner = list(schema.get("allOf", ()))
    if "$ref" in schema:
        inner.append(_target(schema["$ref"], root))
    for other in inner:
        more, is_also = _named(other, root, steps - 1)
        names |= dict.fromkeys(more)
        is_object |= is_also
    return list(names), is_object


def _target(reference: str, root: Any) -> Any:
    part = root
    for name in pointers.path(reference.partition("#")[2]):
        part = part.get(name) if isinstance(part, Mapping) else None  # pyright: ignore
    return part  # pyright: ignore[reportUnknownVariableType]


def values_of(item: Any, fields: list[str] | None) -> dict[Any, Any]:
    """The parts of an item as plain Python values by name; `fields` are those of its model."""
    if fields is None:
        return {VALUE: _plain(item)}
    if is_named_tuple(type(item)):
        return dict(zip(item._fields, _plain(tuple(item)), strict=True))
    plain = _plain(item)
    # A root model, or a serializer of the caller's, gives one value without a name.
    if isinstance(plain, dict) and not isinstance(item, RootModel):
        return cast("dict[Any, Any]", plain)
    return {"root" if isinstance(item, BaseModel) else VALUE: plain}


def value_of(item: Any, name: str) -> Any:
    """One part of an item as it is; None if the item does not have it."""
    if isinstance(item, Mapping):
        return cast("Mapping[str, Any]", item).get(name)
    return getattr(item, name, None)


def _plain(item: Any) -> Any:
    if isinstance(item, BaseModel):
        return item.model_dump(by_alias=False)
    return _serializer().to_python(item, by_alias=False)


@cache
def _serializer() -> SchemaSerializer:
    return SchemaSerializer(core_schema.any_schema())
