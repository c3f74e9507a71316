"""The kinds of columns for a caller's JSON Schema, whose items are plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from structx._engine import pointers
from structx._engine.items import fields_of
from structx._engine.long_form.kinds import JSON, TEXT, Kind, Part

_Schema: TypeAlias = "Mapping[str, Any]"

_NAMES = {
    "string": TEXT,
    "integer": Kind("int"),
    "number": Kind("float"),
    "boolean": Kind("bool"),
}


def members_of(root: _Schema) -> tuple[Part, ...] | None:
    """The members of items; None if items are one value each.

    What a schema says with `anyOf`, `oneOf`, `if` and the like has no type: it is JSON. Strings are
    texts whatever their `format`, as they are in items.
    """
    names = fields_of(root)
    if names is None:
        return None
    properties = _properties(root, root, frozenset())
    return tuple(Part(name, _kind(properties.get(name, {}), root, frozenset())) for name in names)


def kind_of(root: _Schema) -> Kind:
    """The kind of items that are one value each."""
    return _kind(root, root, frozenset())


def _kind(schema: Any, root: _Schema, seen: frozenset[str]) -> Kind:
    followed = _followed(schema, root, seen)
    if followed is None:
        return JSON
    schema, seen = followed
    names = schema.get("type")
    kinds = [names] if isinstance(names, str) else list(names or ())
    if "enum" in schema or "const" in schema:
        kinds = kinds or _types(schema.get("enum", [schema.get("const")]))
    kinds = [name for name in kinds if name != "null"]
    choices = [part for part in schema.get("anyOf", schema.get("oneOf", ())) if not _is_null(part)]
    if len(choices) == 1 and not kinds:
        return _kind(choices[0], root, seen)
    if len(kinds) != 1 or schema.keys() & {"anyOf", "oneOf", "allOf", "if", "not"}:
        return JSON
    if kinds[0] == "array" and isinstance(schema.get("items"), Mapping):
        is_list = "prefixItems" not in schema
        return Kind("list", 0, (Part("", _kind(schema["items"], root, seen)),)) if is_list else JSON
    if kinds[0] == "object":
        return _struct(schema, root, seen)
    return _NAMES.get(kinds[0], JSON)


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and cast("_Schema", schema).get("type") == "null"


def _struct(schema: _Schema, root: _Schema, seen: frozenset[str]) -> Kind:
    properties: Any = schema.get("properties")
    is_open = schema.get("patternProperties") or schema.get("additionalProperties", False)
    if is_open or not properties:
        return JSON
    parts = cast("Mapping[str, Any]", properties).items()
    return Kind("struct", 0, tuple(Part(name, _kind(part, root, seen)) for name, part in parts))


def _followed(
    schema: Any, root: _Schema, seen: frozenset[str]
) -> tuple[_Schema, frozenset[str]] | None:
    """The schema that references lead to; None for one inside of itself or without a target."""
    while isinstance(schema, Mapping) and "$ref" in schema:
        reference = cast("_Schema", schema)["$ref"]
        if not isinstance(reference, str) or reference in seen or not reference.startswith("#"):
            return None
        seen, schema = seen | {reference}, root
        for name in pointers.path(reference[1:]):
            schema = cast("Any", schema).get(name) if isinstance(schema, Mapping) else None
    return (cast("_Schema", schema), seen) if isinstance(schema, Mapping) else None


def _properties(schema: Any, root: _Schema, seen: frozenset[str]) -> dict[str, Any]:
    """The schemas of members, also of `allOf` and references, as `items.fields_of` names them."""
    if not isinstance(schema, Mapping):
        return {}
    known = cast("_Schema", schema)
    found = dict(known.get("properties") or {})
    parts: list[Any] = list(known.get("allOf") or ())
    if "$ref" in known and (followed := _followed({"$ref": known["$ref"]}, root, seen)):
        parts.append(followed[0])
        seen = followed[1]
    for part in parts:
        found = {**_properties(part, root, seen), **found}
    return found


def _types(values: list[Any]) -> list[str]:
    names: dict[type, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}
    kinds: set[type] = {type(value) for value in values if value is not None}
    return [names.get(kind, "") for kind in kinds]
