"""Validation errors in words for the language model."""

import json
from typing import Any

from pydantic import ValidationError

_Error = dict[str, Any]


def problems(error: ValidationError, reply: str) -> list[str]:
    """Describes the errors of a reply, without its values. The core calls it.

    Of a union, pydantic lists the errors of every branch; here are only those of the nearest
    branch, or of those that are equally near.
    """
    found: list[Any] = error.errors(include_url=False, include_context=False, include_input=False)
    try:
        data = json.loads(reply)
    except (ValueError, RecursionError):
        nearest = found
    else:
        nearest = _of_nearest_branches([(e, _branches(e, data)) for e in found])
    return [f"{'.'.join(map(str, e['loc'])) or 'reply'}: {e['msg']}" for e in nearest]


def _branches(error: _Error, data: Any) -> list[int]:
    """The positions in an error's location that name branches of unions, not parts of the data."""
    found: list[int] = []
    for position, part in enumerate(error["loc"]):
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            if error["type"] != "missing" or position < len(error["loc"]) - 1:
                found.append(position)
    return found


def _of_nearest_branches(errors: list[tuple[_Error, list[int]]], depth: int = 0) -> list[_Error]:
    """The errors of the nearest branches of unions that are inside of as many as `depth`."""
    unions: dict[tuple[Any, ...], dict[Any, list[tuple[_Error, list[int]]]]] = {}
    nearest: list[_Error] = []
    for error, branches in errors:
        if len(branches) > depth:
            loc, at = error["loc"], branches[depth]
            unions.setdefault(loc[:at], {}).setdefault(loc[at], []).append((error, branches))
        else:
            nearest.append(error)
    for path, branches_of_union in unions.items():
        ranked = [(_distance(inside, len(path)), inside) for inside in branches_of_union.values()]
        least = min(distance for distance, _ in ranked)
        for distance, inside in ranked:
            if distance == least:
                nearest += _of_nearest_branches(inside, depth + 1)
    return nearest


def _distance(errors: list[tuple[_Error, list[int]]], at: int) -> tuple[bool, int, int]:
    """How far a branch, named at position `at`, is from the data.

    First, whether it is of another type altogether; then the number of wrong constants, such as
    discriminators; then the number of errors.
    """
    is_other_type = any(len(error["loc"]) == at + 1 for error, _ in errors)
    constants = sum(error["type"] == "literal_error" for error, _ in errors)
    return is_other_type, constants, len(errors)
