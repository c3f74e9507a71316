"""Converts portable definitions to pydantic models.

The core normalises a definition first. In normal form, each field has its type as a `tree` of
nested lists: `["List", ["Optional", "date"]]`.
"""

from __future__ import annotations

import copyreg
import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

import pydantic
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError, to_json

from structx import _core
from structx.definitions.definition import ExtractionRequest
from structx.exceptions import ModelGenerationError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass

    from structx.usage import ExtractorUsage
else:
    ModelMetaclass = type(BaseModel)


class _Origin(NamedTuple):
    """What a generated class is made from again in another process."""

    definition: Mapping[str, Any]
    """The definition of the outermost model."""
    key: str
    """Tells one outermost class from another of the same definition."""
    path: tuple[str, ...]
    """The fields that lead from the outermost model to this one."""


class _GeneratedMeta(ModelMetaclass):
    """The type of generated classes: pickle finds by it how to write them."""

    @property
    def usage(self) -> ExtractorUsage:
        """Tokens of the requests of `get_schema` or `refine_data_model`, where they made the class.

        Of the class alone, never of its instances or of classes derived from it, which may have a
        field of this name.
        """
        if "__structx_usage__" not in vars(self):
            raise AttributeError("usage")
        return vars(self)["__structx_usage__"]


class GeneratedModel(BaseModel, metaclass=_GeneratedMeta):
    """The base of all classes that are made from a definition."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())

    __structx_definition__: ClassVar[Mapping[str, Any]]
    __structx_origin__: ClassVar[_Origin]
    __structx_usage__: ClassVar[ExtractorUsage]


_classes: WeakValueDictionary[tuple[str, tuple[str, ...]], type[GeneratedModel]] = (
    WeakValueDictionary()
)


def model_from_extraction_request(
    x: ExtractionRequest | Mapping[str, Any],
) -> type[GeneratedModel]:
    """A pydantic model from a definition, or from a dict of one.

    Args:
        x: the definition; its names, types and constraints are normalised first.

    Returns:
        A new class; it and its instances pickle.

    Raises:
        ModelGenerationError: the definition can't be used; the message names the field.
    """
    if not isinstance(x, (ExtractionRequest, Mapping)):
        raise ModelGenerationError(
            f"an ExtractionRequest or a dict of one is needed, not {type(x).__name__}"
        )
    try:
        definition = to_json(x)
    except ValueError as error:
        raise ModelGenerationError(f"the definition is no JSON: {error}") from error
    return create_model(json.loads(_core.normalise(definition.decode())))


def create_model(definition: Mapping[str, Any]) -> type[GeneratedModel]:
    """A new class from a definition in normal form. The class and its instances pickle.

    Raises ModelGenerationError if a rule or a default is not of its field's type.
    """
    try:
        return _build(definition, _Origin(definition, uuid4().hex, ()))
    except (PydanticUserError, SchemaError, RuntimeError, TypeError) as error:
        raise ModelGenerationError(f"{definition['model_name']}: {error}") from error


def _build(definition: Mapping[str, Any], origin: _Origin) -> type[GeneratedModel]:
    fields: dict[str, Any] = {
        field["name"]: _field(field, origin) for field in definition["fields"]
    }
    made = pydantic.create_model(
        definition["model_name"],
        __base__=GeneratedModel,
        __doc__=definition["model_description"] or None,
        __module__=__name__,
        **fields,
    )
    made.__structx_definition__ = definition
    made.__structx_origin__ = origin
    _classes[origin.key, origin.path] = made
    return made


def _field(field: Mapping[str, Any], origin: _Origin) -> tuple[Any, Any]:
    """What pydantic wants to know of a field: its type, and the rest."""
    nested = None
    if field["nested_fields"] is not None:
        inner = {
            "model_name": _model_name(field["tree"]),
            "model_description": "",
            "fields": field["nested_fields"],
        }
        nested = _build(inner, origin._replace(path=(*origin.path, field["name"])))
    plain = _type(field["tree"], nested)
    kind = plain | None if field["nullable"] and plain is not Any else plain
    rules = {name: _rule(field, name, plain) for name in field["validation"]}
    description = field["description"] or None
    if field["required"]:
        return kind, Field(description=description, **rules)
    bounds = {name: rule for name, rule in rules.items() if name in _BOUNDS}
    default = _default(field, Annotated[kind, Field(**bounds)])
    return kind, Field(default=default, description=description, **rules)


# The rules that a value is held to; the others are for the field.
_BOUNDS = {"gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "strict"}
SCALARS: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "date": date,
    "datetime": datetime,
    "time": time,
    "Decimal": Decimal,
    "UUID": UUID,
    "Any": Any,
}
CONTAINERS: dict[str, Any] = {"List": list, "Set": set, "FrozenSet": frozenset}


def _type(tree: str | list[Any], nested: type[GeneratedModel] | None) -> Any:
    """The Python type that a tree stands for; `nested` is the model in it, if there is one."""
    if isinstance(tree, str):
        return SCALARS[tree]
    head, *parts = tree
    if head == "Model":
        return nested
    if head == "Literal":
        return Literal[tuple(parts)]
    types: list[Any] = [... if part == "..." else _type(part, nested) for part in parts]
    if head == "Tuple":
        return tuple[tuple(types)]
    if head == "Dict":
        return dict[str, types[0]]
    if head == "Optional":
        return types[0] | None
    return CONTAINERS[head][types[0]]


def _model_name(tree: list[Any]) -> str:
    """The name of the model in a tree; it is the innermost type, as the core sees to."""
    while tree[0] != "Model":
        tree = tree[-1]
    return tree[1]


def _rule(field: Mapping[str, Any], name: str, kind: Any) -> Any:
    """A constraint's value; the bounds of dates and times are written as text."""
    value = field["validation"][name]
    if name in {"gt", "ge", "lt", "le"} and isinstance(value, str):
        return _read(field, name, value, kind)
    return value


def _default(field: Mapping[str, Any], kind: Any) -> Any:
    return None if field["default"] is None else _read(field, "default", field["default"], kind)


def _read(field: Mapping[str, Any], what: str, value: Any, kind: Any) -> Any:
    """A value of the field's type from JSON."""
    try:
        return TypeAdapter(kind).validate_json(json.dumps(value))
    except pydantic.ValidationError as error:
        raise ModelGenerationError(
            f"{field['name']}: {what} is not what {field['type']} can be"
        ) from error


def _restore(definition: Mapping[str, Any], key: str, path: tuple[str, ...]) -> type[Any]:
    """The class of this origin: the very same in its own process, else one for each process."""
    known = _classes.get((key, path))
    if known is not None:
        return known
    outermost = _build(definition, _Origin(definition, key, ()))
    return _classes[key, path] if path else outermost


def _reduce(made: _GeneratedMeta) -> str | tuple[Any, ...]:
    origin: _Origin | None = vars(made).get("__structx_origin__")
    # A class of somebody's own that only derives from a generated one has a place in a module.
    return made.__qualname__ if origin is None else (_restore, tuple(origin))


copyreg.pickle(_GeneratedMeta, _reduce)
