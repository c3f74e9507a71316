"""Converts portable definitions to pydantic models.

The core normalises a definition first. In normal form, each field has its type as a `tree` of
nested lists: `["List", ["Optional", "date"]]`.
"""

from __future__ import annotations

import copyreg
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from inspect import cleandoc
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
    """What another process needs to make a generated class again."""

    definition: Mapping[str, Any]
    """The definition of the outermost model."""
    key: str
    """Distinguishes outermost classes with the same definition."""
    path: tuple[str, ...]
    """The fields that lead from the outermost model to this one."""


class _GeneratedMeta(ModelMetaclass):
    """The type of generated classes, for which a pickle function is registered."""

    @property
    def usage(self) -> ExtractorUsage:
        """Tokens of the requests of `get_schema` or `refine_data_model` that made the class.

        Instances and derived classes do not have it, since they may have a field of this name.
        """
        if "__structx_usage__" not in vars(self):
            raise AttributeError("usage")
        return vars(self)["__structx_usage__"]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Shows the fields in IPython and notebooks, where a class has no HTML."""
        definition: Mapping[str, Any] = vars(self).get("__structx_definition__", {})
        fields = "\n".join(_described(definition.get("fields", ()), "    "))
        printer.text(f"{self.__name__}\n{fields}" if fields else repr(self))


def _described(fields: Iterable[Mapping[str, Any]], indent: str) -> Iterator[str]:
    """A line for each field: its name, its type and its description."""
    for one in fields:
        text = " ".join(one["description"].split())
        yield f"{indent}{one['name']}: {one['type']}{f'  # {text}' if text else ''}"
        yield from _described(one["nested_fields"] or (), indent + "    ")


class GeneratedModel(BaseModel, metaclass=_GeneratedMeta):
    """The base class of all models that are made from a definition."""

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
    """Converts a definition, or a dict of one, to a pydantic model.

    Args:
        x: the definition; its names, types and constraints are normalised.

    Returns:
        A new class. The class and its instances pickle.

    Raises:
        ModelGenerationError: the definition is not usable; the message names the field.

    Examples:
        >>> Order = structx.model_from_extraction_request(
        ...     {
        ...         "model_name": "Order",
        ...         "model_description": "An order.",
        ...         "fields": [
        ...             {"name": "articles", "type": "string[]", "description": "what is ordered"}
        ...         ],
        ...     }
        ... )
        >>> Order(articles=["a", "b"]).articles
        ['a', 'b']
    """
    if not isinstance(x, (ExtractionRequest, Mapping)):
        raise ModelGenerationError(
            f"an ExtractionRequest or a dict of one is needed, not {type(x).__name__}"
        )
    try:
        definition = to_json(x)
    except ValueError as error:
        raise ModelGenerationError(f"the definition is not valid JSON: {error}") from error
    return create_model(json.loads(_core.normalise(definition.decode())))


def create_model(definition: Mapping[str, Any]) -> type[GeneratedModel]:
    """Makes a class from a definition in normal form. The class and its instances pickle.

    Raises ModelGenerationError if a constraint or a default does not match the type of its field.
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
        __doc__=cleandoc(definition["model_description"]) or None,
        __module__=__name__,
        **fields,
    )
    made.__structx_definition__ = definition
    made.__structx_origin__ = origin
    _classes[origin.key, origin.path] = made
    return made


def _field(field: Mapping[str, Any], origin: _Origin) -> tuple[Any, Any]:
    """The type and the FieldInfo of a field, for pydantic."""
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


# The constraints on the value of a field; the others describe the field.
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
    """The Python type of a tree; `nested` is the model in it, if any."""
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
    """The name of the model in a tree. The core guarantees that it is the innermost type."""
    while tree[0] != "Model":
        tree = tree[-1]
    return tree[1]


def _rule(field: Mapping[str, Any], name: str, kind: Any) -> Any:
    """The value of a constraint; bounds of dates and times are parsed from text."""
    value = field["validation"][name]
    if name in {"gt", "ge", "lt", "le"} and isinstance(value, str):
        return _read(field, name, value, kind)
    return value


def _default(field: Mapping[str, Any], kind: Any) -> Any:
    return None if field["default"] is None else _read(field, "default", field["default"], kind)


def _read(field: Mapping[str, Any], what: str, value: Any, kind: Any) -> Any:
    """Converts a value from JSON to the type of the field."""
    try:
        return TypeAdapter(kind).validate_json(json.dumps(value))
    except pydantic.ValidationError as error:
        raise ModelGenerationError(
            f"{field['name']}: {what} is not a valid {field['type']}"
        ) from error


def _restore(definition: Mapping[str, Any], key: str, path: tuple[str, ...]) -> type[Any]:
    """Unpickles a class: itself in its own process, a new class in each other process."""
    known = _classes.get((key, path))
    if known is not None:
        return known
    outermost = _build(definition, _Origin(definition, key, ()))
    return _classes[key, path] if path else outermost


def _reduce(made: _GeneratedMeta) -> str | tuple[Any, ...]:
    origin: _Origin | None = vars(made).get("__structx_origin__")
    # A derived class of the caller is in a module and pickles by its name.
    return made.__qualname__ if origin is None else (_restore, tuple(origin))


copyreg.pickle(_GeneratedMeta, _reduce)
