"""The leaves of JSON: values without parts, with their JSON Pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_jsonable_python

from structx._engine.items import is_named_tuple
from structx._engine.pointers import escaped


def plain(items: list[Any]) -> list[Any]:
    """Items of any kind as JSON, with the names of their schema; NaN and infinity become texts."""
    named = [item._asdict() if is_named_tuple(type(item)) else item for item in items]
    try:
        return _plain(named)
    except PydanticSerializationError:  # bytes that are no UTF-8
        return _plain(named, bytes_mode="base64")


def _plain(items: list[Any], **options: Any) -> list[Any]:
    return to_jsonable_python(
        items, by_alias=True, round_trip=True, inf_nan_mode="strings", fallback=str, **options
    )


def of_json(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The pointer and the value of each leaf; an object or a list without parts is one."""
    if isinstance(value, dict) and value:
        for name, part in cast("dict[str, Any]", value).items():
            yield from of_json(part, f"{pointer}/{escaped(name)}")
    elif isinstance(value, list) and value:
        for index, part in enumerate(cast("list[Any]", value)):
            yield from of_json(part, f"{pointer}/{index}")
    else:
        yield pointer, value
