"""Converts pydantic models to portable definitions.

A model with something that no definition can express is refused with an error that names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, cast, get_args, get_origin

import annotated_types
from pydantic import BaseModel, RootModel, Strict, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from structx import _core
from structx.definitions.definition import ExtractionRequest
from structx.definitions.generated import CONTAINERS, SCALARS
from structx.exceptions import ModelGenerationError


def model_to_extraction_request(
    model: type[BaseModel],
    *,
    model_name: str | None = None,
    model_description: str | None = None,
) -> ExtractionRequest:
    """Converts a model to its definition, in normal form.

    A model that was made from a definition has that definition; another is converted field by
    field.

    Args:
        model: the model, which is not changed.
        model_name: the name in the definition. Default: the name of the class.
        model_description: the description in the definition. Default: the docstring of the class.

    Raises:
        ModelGenerationError: the model has parts that definitions can't express: validators,
            serializers, computed fields, default factories, recursion, unions of several types,
            unsupported types.

    Examples:
        >>> request = structx.model_to_extraction_request(Invoice)
        >>> [field.type for field in request.fields]
        ['str', 'Decimal']
    """
    if not (isinstance(model, type) and issubclass(model, BaseModel)) or model is BaseModel:
        kind = model.__name__ if isinstance(model, type) else f"a {type(model).__name__}"
        raise ModelGenerationError(f"a class derived from pydantic.BaseModel is needed, not {kind}")
    fields = _fields(model, ())
    given = {
        "model_name": model.__name__ if model_name is None else model_name,
        "model_description": _doc(model) if model_description is None else model_description,
        "fields": fields,
    }
    try:
        normal = json.loads(_core.normalise(json.dumps(given, allow_nan=False)))
    except ModelGenerationError as error:
        raise _fail(model.__name__, str(error)) from error
    _check_kept(model.__name__, fields, normal["fields"])
    return ExtractionRequest.model_validate(normal)


def _fail(place: str, problem: str) -> ModelGenerationError:
    return ModelGenerationError(f"{place}: {problem}")


def _doc(model: type[BaseModel]) -> str:
    return cleandoc(model.__doc__ or "")


def _fields(model: type[BaseModel], outer: tuple[type[BaseModel], ...]) -> list[dict[str, Any]]:
    """The definitions of a model's fields; `outer` are the models that contain it."""
    if remembered := vars(model).get("__structx_definition__"):
        return remembered["fields"]
    name = model.__name__
    if model in outer:
        raise _fail(name, "contains itself, which no definition can express: leave that field out")
    try:
        model.model_rebuild()
    except (PydanticUserError, NameError) as error:
        raise _fail(name, f"its types are not all defined: {error}") from error
    _check_class(model)
    is_frozen = bool(model.model_config.get("frozen"))
    return [
        _field(f"{name}.{field}", field, info, (*outer, model), is_frozen)
        for field, info in model.model_fields.items()
    ]


_DECORATORS = {
    "validators": "validators",
    "field_validators": "validators",
    "root_validators": "validators",
    "model_validators": "validators",
    "field_serializers": "serializers",
    "model_serializers": "serializers",
    "computed_fields": "computed fields",
}
_HOOKS = (
    "__init__",
    "model_post_init",
    "__get_pydantic_core_schema__",
    "__get_pydantic_json_schema__",
)
# Settings that are visible in the fields, or do not concern the data.
_HARMLESS = {
    "alias_generator",
    "arbitrary_types_allowed",
    "defer_build",
    "from_attributes",
    "frozen",
    "hide_input_in_errors",
    "populate_by_name",
    "protected_namespaces",
    "use_attribute_docstrings",
    "use_enum_values",
    "validate_assignment",
    "validate_by_alias",
    "validate_by_name",
    "validate_default",
}


def _check_class(model: type[BaseModel]) -> None:
    """Raises an error for a model with code, or with settings that no definition has."""
    name = model.__name__
    if issubclass(model, RootModel):
        raise _fail(name, "a RootModel has no fields: use a BaseModel with one")
    for kind, words in _DECORATORS.items():
        if found := getattr(model.__pydantic_decorators__, kind, None):
            raise _fail(name, f"{words} are code ({', '.join(found)}): use a model without them")
    for base in model.__mro__[: model.__mro__.index(BaseModel)]:
        for hook in _HOOKS:
            # pydantic adds this hook for private attributes.
            own = getattr(vars(base).get(hook), "__name__", "init_private_attributes")
            if own != "init_private_attributes":
                raise _fail(name, f"`{hook}` is code: use a model without it")
    for setting, value in model.model_config.items():
        if setting not in _HARMLESS and (setting, value) != ("extra", "ignore"):
            raise _fail(name, f"the setting {setting}={value!r} has no portable form: remove it")


class _Type(NamedTuple):
    """The text of a type, and its parts."""

    text: str
    nested: type[BaseModel] | None = None
    nullable: bool = False
    rules: Mapping[str, Any] = {}


def _field(
    place: str, name: str, info: FieldInfo, models: tuple[type[BaseModel], ...], is_frozen: bool
) -> dict[str, Any]:
    kind = _type(place, info.annotation)
    rules = {**kind.rules, **_rules(place, info.metadata), **_words(place, info)}
    if is_frozen:
        rules["frozen"] = True
    has_default = not info.is_required()
    nested = None if kind.nested is None else _fields(kind.nested, models)
    doc = "" if kind.nested is None else _doc(kind.nested)
    return {
        "name": name,
        "type": kind.text,
        "description": info.description or doc,
        "validation": rules,
        "nested_fields": nested,
        "required": not has_default,
        "nullable": kind.nullable,
        "has_default": has_default,
        "default": _default(place, info) if has_default else None,
    }


_SCALARS: dict[Any, str] = {kind: name for name, kind in SCALARS.items()}
_CONTAINERS: dict[Any, str] = {kind: name for name, kind in CONTAINERS.items()}


def _type(place: str, kind: Any) -> _Type:
    """Converts the type of a field, which may be annotated or optional."""
    if get_origin(kind) is Annotated:
        inner, *metadata = get_args(kind)
        read = _type(place, inner)
        return read._replace(rules={**read.rules, **_rules(place, metadata)})
    if get_origin(kind) in (Union, UnionType):
        members = [member for member in get_args(kind) if member is not NoneType]
        if len(members) != 1:
            raise _fail(place, f"{kind} is a union of several types: choose one, or Any")
        return _type(place, members[0])._replace(nullable=True)
    text, nested = _inner(place, kind)
    return _Type(text, nested)


def _inner(place: str, kind: Any) -> tuple[str, type[BaseModel] | None]:
    """The text of a type, and the model in it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if (origin or kind) in _CONTAINERS:
        item, nested = _part(place, arguments[0]) if arguments else ("Any", None)
        return f"{_CONTAINERS[origin or kind]}[{item}]", nested
    if (origin or kind) is dict:
        if arguments and arguments[0] is not str:
            raise _fail(place, f"the keys of {kind} are not str: use Dict[str, T]")
        item, nested = _part(place, arguments[1]) if arguments else ("Any", None)
        return f"Dict[str, {item}]", nested
    if (origin or kind) is tuple:
        return _tuple(place, arguments)
    if origin is Literal:
        return _literal(place, arguments), None
    if kind in _SCALARS:
        return _SCALARS[kind], None
    if isinstance(kind, type) and issubclass(kind, Enum) and not _has_code(kind):
        return _literal(place, [member.value for member in kind]), None
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _class_name(kind), kind
    raise _fail(place, f"{kind!r} is not supported: use a type of get_type_capabilities()")


def _part(place: str, kind: Any) -> tuple[str, type[BaseModel] | None]:
    """Converts a type inside another type, where no constraints are allowed."""
    read = _type(place, kind)
    if read.rules:
        rules = ", ".join(read.rules)
        raise _fail(place, f"constraints ({rules}) inside a type: only fields can have them")
    return f"Optional[{read.text}]" if read.nullable else read.text, read.nested


def _tuple(place: str, arguments: tuple[Any, ...]) -> tuple[str, None]:
    items = [
        ("...", None) if item is ... else _part(place, item) for item in arguments or (Any, ...)
    ]
    if any(nested for _, nested in items):
        raise _fail(place, "a model in a tuple has no portable form: use List")
    return f"Tuple[{', '.join(text for text, _ in items)}]", None


def _literal(place: str, values: Iterable[Any]) -> str:
    """The text of a choice of values."""
    texts: list[str] = []
    for value in values:
        if value is not None and type(value) not in (str, int, bool):
            raise _fail(place, f"the choice {value!r} is not a string, an integer or a boolean")
        texts.append(json.dumps(value) if isinstance(value, str) else repr(value))
    if not texts:
        raise _fail(place, "a choice without members: add some")
    return f"Literal[{', '.join(texts)}]"


def _has_code(kind: type[Enum]) -> bool:
    """Whether the enum accepts other values than those of its members."""
    return any("_missing_" in vars(base) for base in kind.__mro__[: kind.__mro__.index(Enum)])


def _class_name(model: type[BaseModel]) -> str:
    """The name of a nested model, changed if it is also the name of a type."""
    name = re.sub(r"\W+", "_", model.__name__)
    probe = {"model_name": "Probe", "fields": [{"name": "probe", "type": name}]}
    try:
        _core.normalise(json.dumps(probe))
    except ModelGenerationError:
        return name
    return f"{name}Model"


_RULES: dict[type[Any], str] = {
    annotated_types.Gt: "gt",
    annotated_types.Ge: "ge",
    annotated_types.Lt: "lt",
    annotated_types.Le: "le",
    annotated_types.MultipleOf: "multiple_of",
    annotated_types.MinLen: "min_length",
    annotated_types.MaxLen: "max_length",
    Strict: "strict",
}
_RULE_NAMES = {*_RULES.values(), "pattern"}
# Attributes of a FieldInfo that a definition can't express.
_UNPORTABLE = ("default_factory", "discriminator", "exclude_if", "field_title_generator")
_WORDS = ("alias", "title", "examples", "frozen", "exclude", "json_schema_extra")


def _rules(place: str, metadata: Iterable[Any]) -> dict[str, Any]:
    """The constraints in the metadata of a type."""
    return {name: _rule_value(place, name, value) for name, value in _metadata(place, metadata)}


def _metadata(place: str, metadata: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for item in metadata:
        kind = cast("type[Any]", type(item))
        if (rule := _RULES.get(kind)) is not None:
            yield rule, getattr(item, rule)
        elif isinstance(item, annotated_types.GroupedMetadata):
            yield from _metadata(place, cast("Iterable[Any]", item))
        elif isinstance(item, FieldInfo):
            if item.description or item.alias or item.title or not item.is_required():
                raise _fail(
                    place,
                    "an inner Field(...) has more than constraints: move the rest to the field",
                )
            yield from _metadata(place, item.metadata)
        elif kind.__module__.startswith("pydantic._internal"):
            rules: dict[str, Any] = vars(cast("object", item))
            for rule, value in rules.items():
                if value is not None:
                    if rule not in _RULE_NAMES:
                        raise _fail(place, f"{rule}={value!r} has no portable form: remove it")
                    yield rule, value
        else:
            raise _fail(place, f"{item!r} has no portable form: remove it")


def _rule_value(place: str, rule: str, value: Any) -> Any:
    if isinstance(value, re.Pattern):
        pattern = cast("re.Pattern[str]", value)
        if pattern.flags != re.UNICODE:
            raise _fail(place, "the flags of the pattern have no portable form: remove them")
        return pattern.pattern
    if isinstance(value, Decimal):
        number = int(value) if value == value.to_integral_value() else float(value)
        if Decimal(str(number)) != value:
            raise _fail(place, f"{rule}={value} has more digits than JSON keeps: use fewer")
        return number
    return _json(place, rule, value)


def _words(place: str, info: FieldInfo) -> dict[str, Any]:
    """The attributes of a field other than its type, constraints and default."""
    for name in _UNPORTABLE:
        if getattr(info, name, None) is not None:
            instead = ": use a default" if name == "default_factory" else ": remove it"
            raise _fail(place, f"{name} has no portable form{instead}")
    if any(a not in (info.alias, None) for a in (info.validation_alias, info.serialization_alias)):
        raise _fail(place, "aliases that differ have no portable form: use one alias")
    words = {name: value for name in _WORDS if (value := getattr(info, name)) is not None}
    if info.deprecated is not None:
        words["deprecated"] = getattr(info.deprecated, "message", info.deprecated)
    if not info.repr:
        words["repr"] = False
    if callable(info.json_schema_extra):
        raise _fail(place, "json_schema_extra is code: use a dict")
    return {name: _json(place, name, value) for name, value in words.items()}


def _default(place: str, info: FieldInfo) -> Any:
    default = _json(place, "default", info.default)
    kind: Any = info.annotation
    if info.metadata:
        kind = Annotated[(kind, *info.metadata)]
    try:
        read = TypeAdapter[Any](kind).validate_json(json.dumps(default))
    except ValueError as error:
        if default is None:
            return None
        raise _fail(place, "the default is not of the field's type: use one that is") from error
    if read != info.default:
        raise _fail(place, "JSON can't express the default: use another")
    return default


def _json(place: str, name: str, value: Any) -> Any:
    """Converts a value to JSON types."""
    try:
        plain = to_jsonable_python(value, by_alias=False)
        json.dumps(plain, allow_nan=False)
    except ValueError as error:
        raise _fail(place, f"JSON can't express its {name}: use another") from error
    return plain


def _check_kept(
    place: str, given: Iterable[Mapping[str, Any]], normal: Iterable[Mapping[str, Any]]
) -> None:
    """Raises an error if the normal form differs from the existing model."""
    for before, after in zip(given, normal, strict=True):
        where = f"{place}.{before['name']}"
        if after["name"] != before["name"]:
            raise _fail(where, f"a definition has to call it `{after['name']}`: rename the field")
        if lost := before["validation"].keys() - after["validation"].keys():
            raise _fail(where, f"its {lost.pop()} is not valid for Rust's regex: use a simpler one")
        _check_kept(where, before["nested_fields"] or (), after["nested_fields"] or ())
