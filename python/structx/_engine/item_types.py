"""What a caller gives as `model`: which kinds are taken, and what pydantic makes of them."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, FunctionType
from typing import Annotated, Any, ForwardRef, NamedTuple, NewType, cast, get_args, get_origin

from pydantic import VERSION, BaseModel, TypeAdapter
from pydantic.errors import (
    PydanticSchemaGenerationError,
    PydanticUndefinedAnnotation,
    PydanticUserError,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreConfig, SchemaValidator, core_schema

from structx._engine.items import is_named_tuple

ModelClass = type(BaseModel)
"""The class of pydantic's models. A check with it is also safe for what only looks like a class,
such as `list[int]` in Python 3.10."""

TAKEN = (
    "model must be a pydantic model, a dataclass, a TypedDict, a NamedTuple, an Enum, another type "
    "that pydantic validates (list[X], a union, str, Literal[...], Annotated[...]), a TypeAdapter, "
    "or a JSON Schema as a dict or as the path of a .json file"
)
"""How every refusal of a model begins."""

_LISTS: tuple[Any, ...] = (list, collections.abc.Sequence, collections.abc.Iterable)
"""The types that stand for the items of a row; a row has a list of them whatever the type says."""


class _ItemSchema(GenerateJsonSchema):
    """Says what texts a Decimal has: for pydantic 2.14, any text would do."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        decimal = super().decimal_schema(schema)
        for branch in decimal.get("anyOf", [decimal]):
            if branch.get("type") == "string":
                # crates/structx-embedded/src/grammar.rs knows it.
                branch.setdefault("pattern", r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$")
        return decimal


class ItemType(NamedTuple):
    """The type of items, with what pydantic makes of it."""

    model: Any
    schema: dict[str, Any]
    """The JSON Schema of one item."""
    validate: Callable[..., list[Any]]
    """From a reply `{"items": [...]}` as JSON, and the context of validators, to its items; raises
    pydantic.ValidationError."""


def item_of(model: Any) -> Any:
    """X of a `list[X]`, which asks for items of X as X alone does; other models as they are.

    Raises TypeError for what is no model.
    """
    _check(model)
    if not (model in _LISTS or get_origin(model) in _LISTS):
        return model
    item = (*get_args(model), Any)[0]
    _check(item)
    return item


def _check(model: object) -> None:
    if isinstance(model, (str, ForwardRef)):
        raise TypeError(f"{TAKEN}; {model!r} is only the name of a type")
    known: tuple[Any, ...] = (type, NewType, TypeAdapter)
    is_type = isinstance(model, known) or model is Any or get_origin(model) is not None
    if not is_type and type(model).__name__ != "TypeAliasType":
        is_function = isinstance(model, (FunctionType, BuiltinFunctionType))
        kind = "a function" if is_function else f"an instance of {type(model).__name__}"
        raise TypeError(f"{TAKEN}; not {kind}")


def of_class(model: type[BaseModel]) -> ItemType:
    """The type of a pydantic model."""
    # Comes first, so that an error in the model names the model.
    schema = model.model_json_schema(schema_generator=_ItemSchema)
    return ItemType(model, schema, _validator(TypeAdapter(model)))


def of_type(model: Any, is_item: bool) -> ItemType:
    """The type of anything else that pydantic validates; raises TypeError for what it does not.

    If it is not known to be the type of one item, a list under `Annotated` or in a TypeAdapter has
    the items.
    """
    try:
        is_adapter = isinstance(model, TypeAdapter)
        adapter = cast("TypeAdapter[Any]", model if is_adapter else TypeAdapter[Any](model))
        schema = adapter.json_schema(schema_generator=_ItemSchema)
    except PydanticSchemaGenerationError as error:
        reason = str(error).partition("\n")[0]
        raise TypeError(f"{TAKEN}; of {model!r} pydantic says: {reason}") from error
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        if getattr(error, "code", "") not in ("class-not-fully-defined", "undefined-annotation"):
            raise
        raise TypeError(
            f"{model!r} names a type that is not found where its module looks for it: define both "
            "at the level of the module, or give a TypeAdapter that is made where both are known"
        ) from error
    # Not public; without it, a list in an adapter is one item.
    item: Any = getattr(adapter, "_type", adapter)
    rows = None if is_item else _of_rows(item)
    if rows is not None:
        # The rules of the list, such as its length, are checked on the list of a reply.
        schema = {**schema.get("items", {}), **_definitions(schema)}
        return ItemType(rows, schema, _validator(adapter, is_list=True))
    if is_named_tuple(item):
        _name_parts(schema, item)
    return ItemType(item, schema, _validator(adapter))


def _of_rows(model: Any) -> Any | None:
    """X if the type is a list of X under any `Annotated` and `type` statement; None otherwise."""
    while get_origin(model) is Annotated or hasattr(model, "__value__"):
        model = get_args(model)[0] if get_origin(model) is Annotated else model.__value__
    if model in _LISTS or get_origin(model) in _LISTS:
        return (*get_args(model), Any)[0]
    return None


def _definitions(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"$defs": schema["$defs"]} if "$defs" in schema else {}


def _name_parts(schema: dict[str, Any], model: Any) -> None:
    """Turns the schema of a named tuple from a list into an object, which pydantic takes as well.

    Models know what the names of members mean, and most providers hold no order of a list.
    """
    reference = schema.get("$ref")
    part = schema["$defs"][reference.rpartition("/")[2]] if reference else schema
    parts = part.pop("prefixItems", None)
    if parts is None:
        return
    required = part.pop("minItems", 0)
    part.pop("maxItems", None)
    part |= {
        "title": model.__name__,
        "type": "object",
        "properties": dict(zip(model._fields, parts, strict=True)),
        "required": list(model._fields[:required]),
        "additionalProperties": False,
    }


def _validator(adapter: TypeAdapter[Any], *, is_list: bool = False) -> Callable[..., list[Any]]:
    """The validator of replies with items of this type, or with a list of this type."""
    core = adapter.core_schema
    options = _options(core)
    definitions: list[Any] = []
    if core["type"] == "definitions":
        definitions, core = core["definitions"], core["schema"]
    # Not public; only types that are no classes of pydantic's have one.
    given: dict[str, Any] = getattr(adapter, "_config", None) or {}
    config = {key: given[key] for key in CoreConfig.__annotations__.keys() & given.keys()}
    items = core if is_list else core_schema.list_schema(core)
    reply: Any = core_schema.typed_dict_schema(
        {"items": core_schema.typed_dict_field(items)},
        extra_behavior="forbid",
        config=cast("CoreConfig", config),
    )
    if definitions:
        reply = core_schema.definitions_schema(reply, definitions)
    validate_json: Any = SchemaValidator(reply).validate_json

    def validate(json: str, context: object = None) -> list[Any]:
        return list(validate_json(json, context=context, **options)["items"])

    return validate


def _options(core: object) -> dict[str, Any]:
    """How replies are validated.

    The schema of a field with an AliasPath has the field's name, which is then to be read, too.

    Raises TypeError where this release of pydantic can't do that.
    """
    if not _has_path(core):
        return {}
    if tuple(int(part) for part in VERSION.split(".")[:2]) < (2, 11):
        raise TypeError("a field of the model with an AliasPath needs pydantic 2.11 or newer")
    return {"by_name": True, "by_alias": True}


def _has_path(schema: object) -> bool:
    """Whether a core schema has a field that is read from within another one alone."""
    if isinstance(schema, dict):
        parts = cast("dict[str, object]", schema)
        alias = parts.get("validation_alias")
        if isinstance(alias, list) and alias:
            choices = cast("list[list[object]]", alias if isinstance(alias[0], list) else [alias])
            if all(len(path) > 1 for path in choices):
                return True
        return any(_has_path(part) for part in parts.values())
    return isinstance(schema, (list, tuple)) and any(
        _has_path(part) for part in cast("list[object]", schema)
    )
