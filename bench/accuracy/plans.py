"""Plain queries without a model, each with the fields of a good plan (`planning.json`).

They were written before the first run; each second one asks for a held-out text. `name` is a
regular expression of accepted names. A plan is right if its fields are the wanted ones, each with
an accepted name and kind; whether one thing or many are asked for shows in the number of items.
"""

from __future__ import annotations

import re
import types
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import permutations
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.alias_generators import to_snake

from cases import FOLDER, is_held_out, read, text

Kind = Literal["text", "number", "date", "time", "boolean", "list"]


@dataclass(frozen=True)
class WantedField:
    name: str
    kinds: tuple[Kind, ...]

    def admits(self, name: str, planned: Kind | None) -> bool:
        return planned in self.kinds and re.fullmatch(self.name, to_snake(name)) is not None


@dataclass(frozen=True)
class PlanningCase:
    query: str
    text_name: str
    many: bool
    fields: list[WantedField]
    held_out: bool

    @property
    def text(self) -> str:
        return text(self.text_name)


def load() -> list[PlanningCase]:
    return [
        PlanningCase(
            query=entry["query"],
            text_name=entry["text"],
            many=entry["many"],
            fields=[WantedField(one["name"], tuple(one["kinds"])) for one in entry["fields"]],
            held_out=is_held_out(position),
        )
        for position, entry in enumerate(read(FOLDER / "planning.json"))
    ]


def is_right(case: PlanningCase, planned: dict[str, Any]) -> bool:
    """Whether `planned`, the annotations by name, are the fields of a good plan."""
    given: list[tuple[str, Kind | None]] = [(name, kind(one)) for name, one in planned.items()]
    return len(given) == len(case.fields) and any(
        all(
            field.admits(name, kind) for field, (name, kind) in zip(case.fields, order, strict=True)
        )
        for order in permutations(given)
    )


def kind(annotation: Any) -> Kind | None:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(arguments[0])
    if origin in (Union, types.UnionType):
        members = [member for member in arguments if member is not type(None)]
        return kind(members[0]) if len(members) == 1 else None
    if origin is Literal:
        return "text"
    base = origin or annotation
    if not isinstance(base, type):
        return None
    kinds: list[tuple[tuple[type, ...], Kind]] = [
        ((bool,), "boolean"),
        ((str,), "text"),
        ((int, float, Decimal), "number"),
        ((date, datetime), "date"),
        ((time,), "time"),
        ((list, set, frozenset, tuple), "list"),
    ]
    return next((name for bases, name in kinds if issubclass(base, bases)), None)
