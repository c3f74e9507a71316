"""The kinds of columns, decided by the core schema that pydantic made of a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias, cast

Core: TypeAlias = "Mapping[str, Any]"

MOST_DIGITS = 38
"""Digits of Arrow's decimal128, and of the decimals of Spark, DuckDB and BigQuery."""
DEFAULT_SCALE = 18
"""Digits behind the point of a Decimal without `decimal_places`: as Spark has for those of Java and
Python (`DecimalType.SYSTEM_DEFAULT`)."""
_INT64 = range(-(2**63), 2**63)


class Kind(NamedTuple):
    """What a column has; `structx.arrow_schema` documents them."""

    name: str
    """int, float, bool, text, bytes, decimal, date, time, naive, aware, duration, enum, iso,
    spelled, json, list or struct."""
    scale: int = 0
    """Digits behind the point of a decimal."""
    parts: tuple[Part, ...] = ()
    """The members of a struct; the items of a list have no name."""
    is_root: bool = False
    """Whether the values are those of root models, which hold the value of this kind."""


class Part(NamedTuple):
    """A member of an object."""

    name: str
    kind: Kind
    keys: tuple[str, ...] = ()
    """Its names in a JSON Pointer that may differ from `name`: its aliases."""


TEXT, JSON = Kind("text"), Kind("json")

_SIMPLE = {
    "str": TEXT,
    "float": Kind("float"),
    "bool": Kind("bool"),
    "bytes": Kind("bytes"),
    "date": Kind("date"),
    "time": Kind("time"),
    "timedelta": Kind("duration"),
    "enum": Kind("enum"),
    "uuid": Kind("spelled"),
    "url": Kind("spelled"),
    "multi-host-url": Kind("spelled"),
}
# The schema inside of these is that of the value.
_INNER = {
    "default": "schema",
    "nullable": "schema",
    "function-before": "schema",
    "function-after": "schema",
    "function-wrap": "schema",
    "custom-error": "schema",
    "lax-or-strict": "strict_schema",
    "json-or-python": "python_schema",
}
_OBJECTS = {"model", "dataclass", "typed-dict", "named-tuple", "call"}


class Kinds:
    """Finds the kinds of one core schema."""

    def __init__(self, core: Core) -> None:
        self._definitions: dict[str, Core] = {}
        self._core = self._entered(core)

    def members(self) -> tuple[Part, ...] | None:
        """The members of items; None if items are one value each."""
        core = self._object(self._core, frozenset())
        return None if core is None else self._members(*core)

    def kind(self) -> Kind:
        """The kind of items that are one value each."""
        return self._kind(self._core, frozenset())

    def _entered(self, core: Core) -> Core:
        while core["type"] == "definitions":
            self._definitions |= {one["ref"]: one for one in core["definitions"]}
            core = core["schema"]
        return core

    def _inner(self, core: Core, seen: frozenset[str]) -> tuple[Core | None, frozenset[str]]:
        """Without what wraps the value; None for what is inside of itself."""
        while True:
            core = self._entered(core)
            kind = core["type"]
            if kind == "definition-ref":
                reference = core["schema_ref"]
                if reference in seen or reference not in self._definitions:
                    return None, seen
                seen, core = seen | {reference}, self._definitions[reference]
            elif kind == "chain":
                core = core["steps"][-1]
            elif kind in _INNER:
                core = core[_INNER[kind]]
            else:
                return core, seen

    def _object(self, core: Core, seen: frozenset[str]) -> tuple[Core, frozenset[str]] | None:
        inner, seen = self._inner(core, seen)
        if inner is None or inner["type"] not in _OBJECTS or inner.get("root_model"):
            return None
        return inner, seen

    def _members(self, core: Core, seen: frozenset[str]) -> tuple[Part, ...]:
        fields: Any = core
        if core["type"] in ("model", "dataclass"):
            fields, seen = self._inner(core["schema"], seen)
        elif core["type"] == "call":  # a named tuple in pydantic before 2.14
            fields = {"fields": core["arguments_schema"]["arguments_schema"]}
        fields = fields or {}
        listed: Any = fields.get("fields", {})
        named: list[tuple[str, Any]] = (
            list(cast("Mapping[str, Any]", listed).items())
            if isinstance(listed, Mapping)
            else [(field["name"], field) for field in listed]
        )
        found = [
            Part(name, self._kind(field["schema"], seen), _aliases(field))
            for name, field in named
            if not field.get("serialization_exclude")
        ]
        for field in fields.get("computed_fields", ()):
            found.append(Part(field["property_name"], self._kind(field["return_schema"], seen)))
        return tuple(found)

    def _kind(self, core: Core, seen: frozenset[str]) -> Kind:
        inner, seen = self._inner(core, seen)
        if inner is None:
            return JSON
        match inner["type"]:
            case "int":
                return _integer(inner)
            case "decimal":
                return _decimal(inner)
            case "datetime":
                return Kind({"aware": "aware", "naive": "naive"}.get(_zone(inner), "iso"))
            case "literal":
                return _literal(inner["expected"])
            case "list" | "set" | "frozenset":
                return _list(self._kind(inner.get("items_schema") or {"type": "any"}, seen))
            case "tuple":
                parts = {self._kind(part, seen) for part in inner["items_schema"]}
                return _list(parts.pop()) if len(parts) == 1 else JSON
            case "union" | "tagged-union":
                return self._union(inner, seen)
            case "model" if inner.get("root_model"):
                kind = self._kind(inner["schema"], seen)
                return JSON if kind.is_root or kind == JSON else kind._replace(is_root=True)
            case name if name in _OBJECTS:
                members = self._members(inner, seen)
                return Kind("struct", 0, members) if members and not _is_open(inner) else JSON
            case name:
                return _SIMPLE.get(name, JSON)

    def _union(self, core: Core, seen: frozenset[str]) -> Kind:
        choices: Any = core["choices"]
        if isinstance(choices, Mapping):
            choices = list(cast("Mapping[Any, Any]", choices).values())
        kinds: set[Kind] = set()
        for choice in choices:
            part = cast("Any", choice)[0] if isinstance(choice, tuple) else choice
            # A tag may name another one.
            if isinstance(part, Mapping) and part["type"] != "none":
                kinds.add(self._kind(cast("Core", part), seen))
        return kinds.pop() if len(kinds) == 1 and _is_scalar(kinds) else JSON


def _is_scalar(kinds: set[Kind]) -> bool:
    return not any(kind.parts or kind.is_root for kind in kinds)


def _list(kind: Kind) -> Kind:
    return Kind("list", 0, (Part("", kind),))


def _aliases(field: Core) -> tuple[str, ...]:
    alias = field.get("validation_alias", field.get("alias"))
    return (alias,) if isinstance(alias, str) else ()


def _integer(core: Core) -> Kind:
    bounds = [core[name] for name in ("ge", "gt", "le", "lt") if core.get(name) is not None]
    # `lt=2**63` and `gt=-2**63 - 1` are within.
    return Kind("int" if all(abs(bound) <= _INT64.stop for bound in bounds) else "spelled")


def _decimal(core: Core) -> Kind:
    scale = core.get("decimal_places")
    scale = DEFAULT_SCALE if scale is None else scale
    return Kind("decimal", scale) if 0 <= scale <= MOST_DIGITS else Kind("spelled")


def _zone(core: Core) -> Any:
    return core.get("tz_constraint")


def _literal(values: list[Any]) -> Kind:
    kinds: set[type] = {type(value) for value in values if value is not None}
    if len(kinds) != 1:
        return JSON
    (kind,) = kinds
    if kind is int:
        return Kind("int") if all(value is None or value in _INT64 for value in values) else JSON
    return {str: TEXT, bool: Kind("bool")}.get(kind, Kind("enum"))


def _is_open(core: Core) -> bool:
    """Whether objects may have members without a name in the schema."""
    config: Any = core.get("config") or {}
    return "allow" in (core.get("extra_behavior"), config.get("extra_fields_behavior"))
