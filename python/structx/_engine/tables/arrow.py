"""Columns of pyarrow with fixed types: a value that does not fit is told, and never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate
from operator import attrgetter
from typing import Any, cast

from pydantic_core import to_json

from structx._engine.flatten import ordered
from structx._engine.items import VALUE, values_of
from structx._engine.long_form.kinds import MOST_DIGITS, Kind, Part

_NEEDED = "a long table needs pyarrow: pip install 'structx-rs[pyarrow]'"


class MisfitError(Exception):
    """A value does not fit into its column. The message says why, without the value."""


def need_pyarrow() -> None:
    """Raises ModuleNotFoundError if pyarrow is not installed; does not import it."""
    if find_spec("pyarrow") is None:
        raise ModuleNotFoundError(_NEEDED, name="pyarrow")


def import_pyarrow() -> Any:
    """The module; raises ModuleNotFoundError if it is not installed."""
    need_pyarrow()
    return import_module("pyarrow")


def schema_of(kinds: Mapping[str, Kind]) -> Any:
    """The Arrow schema of columns of these kinds. All may be null."""
    pa = import_pyarrow()
    return pa.schema([(name, type_of(pa, kind)) for name, kind in kinds.items()])


def type_of(pa: Any, kind: Kind) -> Any:
    """The Arrow type of a kind."""
    match kind.name:
        case "decimal":
            return pa.decimal128(MOST_DIGITS, kind.scale)
        case "list":
            return pa.list_(type_of(pa, kind.parts[0].kind))
        case "struct":
            return pa.struct([(part.name, type_of(pa, part.kind)) for part in kind.parts])
        case name:
            return _types(pa).get(name) or pa.string()


def _types(pa: Any) -> dict[str, Any]:
    return {
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "bytes": pa.binary(),
        "date": pa.date32(),
        "time": pa.time64("us"),
        "naive": pa.timestamp("us"),
        "aware": pa.timestamp("us", "UTC"),
        "duration": pa.duration("us"),
    }


def column(kind: Kind, values: Sequence[Any]) -> tuple[Any, dict[int, str]]:
    """The values as an array of the kind; those that do not fit are null.

    Also returns why, by their positions.
    """
    pa = import_pyarrow()
    try:
        return _array(pa, kind, values), {}
    except Exception:  # pyarrow raises many classes
        found = ((number, _misfit(pa, kind, value)) for number, value in enumerate(values))
        misfits = {number: why for number, why in found if why is not None}
    kept = [None if number in misfits else value for number, value in enumerate(values)]
    return _array(pa, kind, kept), misfits


def _misfit(pa: Any, kind: Kind, value: Any) -> str | None:
    try:
        _array(pa, kind, [value])
    except MisfitError as error:
        return str(error)
    except Exception:  # without the message of pyarrow, which may quote the value
        return f"beyond {type_of(pa, kind)}"
    return None


def _array(pa: Any, kind: Kind, values: Sequence[Any]) -> Any:
    if kind.is_root:
        values = [value if value is None else value.root for value in values]
    if kind.name == "list":
        return _lists(pa, kind, values)
    if kind.name == "struct":
        return _structs(pa, kind, values)
    if spell := _SPELL.get(kind.name):
        return pa.array([None if value is None else spell(value) for value in values], pa.string())
    _check_types(kind, values)
    if check := _CHECKS.get(kind.name):
        values = [value if value is None else check(value) for value in values]
    return pa.array(values, type_of(pa, kind))


_TAKEN: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "text": (str,),
    "bytes": (bytes,),
    "decimal": (Decimal, int),
    "date": (date,),
    "time": (time,),
    "naive": (datetime,),
    "aware": (datetime,),
    "duration": (timedelta,),
}


def _check_types(kind: Kind, values: Sequence[Any]) -> None:
    """pyarrow converts some types without a word, such as a datetime to a date."""
    taken = _TAKEN[kind.name]
    # A bool is an int, and a datetime is a date.
    for other in set(map(type, values)) - {*taken, type(None)}:
        if not issubclass(other, taken) or issubclass(other, (bool, datetime)):
            raise MisfitError(f"{other.__name__} instead of {taken[0].__name__}")


def _without_zone(value: Any) -> Any:
    if value.tzinfo is not None:
        raise MisfitError("has an offset from UTC, which the type of the column does not keep")
    return value


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise MisfitError("has no offset from UTC")
    return value.astimezone(timezone.utc)


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "time": _without_zone,
    "naive": _without_zone,
    "aware": _in_utc,
    "decimal": _decimal,
}


def _enum(value: Any) -> str:
    plain = value.value if isinstance(value, Enum) else value
    return plain if isinstance(plain, str) else str(plain)


def _iso(value: Any) -> str:
    if not isinstance(value, datetime):
        raise MisfitError(f"{type(value).__name__} instead of datetime")
    return value.isoformat()


def json_text(value: Any) -> str:
    """A value of any type as JSON, with the names of fields; sets are sorted."""
    plain = ordered(values_of(value, None)[VALUE])
    return to_json(plain, fallback=str, inf_nan_mode="strings").decode()


_SPELL: dict[str, Callable[[Any], str]] = {
    "enum": _enum,
    "iso": _iso,
    "spelled": str,
    "json": json_text,
}


def _lists(pa: Any, kind: Kind, values: Sequence[Any]) -> Any:
    lists: list[list[Any] | None] = [_as_list(value) for value in values]
    inner = [part for one in lists if one for part in one]
    offsets = [0, *accumulate(len(one) if one else 0 for one in lists)]
    nulls = pa.array([one is None for one in lists], pa.bool_())
    parts = _array(pa, kind.parts[0].kind, inner)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), parts, mask=nulls)


def _as_list(value: Any) -> list[Any] | None:
    if value is None or isinstance(value, list):
        return cast("list[Any] | None", value)
    if isinstance(value, (set, frozenset)):
        # The order of a set differs from process to process.
        return sorted(cast("set[Any]", value), key=str)
    if isinstance(value, tuple):
        return list(cast("tuple[Any, ...]", value))
    raise MisfitError(f"{type(value).__name__} instead of list")


def _structs(pa: Any, kind: Kind, values: Sequence[Any]) -> Any:
    if any(has_others(kind.parts, value) for value in values):
        raise MisfitError("has members that the model does not name")
    arrays: list[Any] = []
    for part, parts in zip(kind.parts, members(kind.parts, values), strict=True):
        try:
            arrays.append(_array(pa, part.kind, parts))
        except MisfitError as error:
            raise MisfitError(f"`{part.name}`: {error}") from None
    nulls = pa.array([value is None for value in values], pa.bool_())
    names = [part.name for part in kind.parts]
    return pa.StructArray.from_arrays(arrays, names, mask=nulls)


def has_others(parts: Sequence[Part], value: Any) -> bool:
    """Whether an object has members that are none of these parts."""
    if isinstance(value, dict):
        known = {part.name for part in parts}
        return not cast("dict[Any, Any]", value).keys() <= known
    return bool(getattr(value, "__pydantic_extra__", None))


def members(parts: Sequence[Part], values: Sequence[Any]) -> list[list[Any]]:
    """The members of objects of any kind, a list for each part; None for those of None.

    Raises MisfitError for a value that is no such object.
    """
    kinds = set(map(type, values))
    if len(kinds) == 1 and not kinds & {dict, type(None)}:
        try:
            return [list(map(attrgetter(part.name), values)) for part in parts]
        except AttributeError:
            pass  # said below
    return [[_member(value, part.name) for value in values] for part in parts]


def _member(value: Any, name: str) -> Any:
    if value is None:
        return None
    if isinstance(value, dict):
        return cast("dict[Any, Any]", value).get(name)
    try:
        return getattr(value, name)
    except AttributeError:
        raise MisfitError(f"{type(value).__name__} without `{name}`") from None
