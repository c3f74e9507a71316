"""The measured texts: for each a query, the fields of its model, and the gold items.

`texts/NAME.txt` is a text as structx reads it; `gold/TYPE.json` has the gold of all texts of a
type, in a fixed order: the first, third, ... are tuned on, the others held out. All people,
companies and figures are invented. The gold was written before the first run; a later change must
be justified by the text.

A field is `"text"`, another key of `TYPES`, a list of the allowed values, or an object:

- `type`, `description`, `optional` (it may be null)
- `free`: the value is changed, computed or chosen, not copied; `marked` if the schema says so with
  `"x-copied": false`, `unmarked` if nothing says it
- `fields`: the field is a list of objects with these fields

In the gold, `{"any": [...]}` lists equally correct values; a line break joins the lines of a value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

FOLDER = Path(__file__).parent
TYPES: dict[str, Any] = {
    "text": str,
    "integer": int,
    "float": float,
    "decimal": Decimal,
    "date": date,
    "datetime": datetime,
    "time": time,
    "boolean": bool,
    "texts": list[str],
}


@dataclass(frozen=True)
class FieldSpec:
    type: str
    """A key of `TYPES`, `enum` or `objects`."""
    description: str | None = None
    optional: bool = False
    free: Literal["marked", "unmarked"] | None = None
    choices: tuple[str, ...] = ()
    fields: dict[str, FieldSpec] | None = None


@dataclass(frozen=True)
class Case:
    name: str
    type: str
    """The type of document."""
    language: str
    query: str
    text: str
    fields: dict[str, FieldSpec]
    gold: list[dict[str, Any]]
    held_out: bool = False


def load() -> list[Case]:
    """All texts, first one of each type, so that the first few are of many types."""
    entries = [
        (position, path.stem, name, entry)
        for path in sorted((FOLDER / "gold").glob("*.json"))
        for position, (name, entry) in enumerate(read(path).items())
    ]
    return [
        Case(
            name=name,
            type=kind,
            language=entry["language"],
            query=entry["query"],
            text=text(name),
            fields={key: field_of(given) for key, given in entry["fields"].items()},
            gold=entry["gold"],
            held_out=is_held_out(position),
        )
        for position, kind, name, entry in sorted(entries, key=itemgetter(0))
    ]


def is_held_out(position: int) -> bool:
    return position % 2 == 1


def text(name: str) -> str:
    return (FOLDER / "texts" / f"{name}.txt").read_text(encoding="utf-8")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def field_of(given: str | list[str] | dict[str, Any]) -> FieldSpec:
    if isinstance(given, str):
        return FieldSpec(given)
    if isinstance(given, list):
        return FieldSpec("enum", choices=tuple(given))
    if "fields" in given:
        fields = {name: field_of(inner) for name, inner in given["fields"].items()}
        return FieldSpec("objects", fields=fields)
    return FieldSpec(**given)


def model_of(case: Case) -> type[BaseModel]:
    """The model that the embedded model fills, as a user would write it."""
    return model("Item", case.fields)


def model(name: str, fields: dict[str, FieldSpec]) -> type[BaseModel]:
    definitions: dict[str, Any] = {key: definition(key, spec) for key, spec in fields.items()}
    return create_model(name, **definitions)


def definition(name: str, spec: FieldSpec) -> tuple[Any, Any]:
    annotation: Any
    if spec.fields is not None:
        annotation = list[model(name.capitalize(), spec.fields)]
    elif spec.choices:
        annotation = Literal[spec.choices]
    else:
        annotation = TYPES[spec.type]
    extra: dict[str, Any] | None = {"x-copied": False} if spec.free == "marked" else None
    if spec.optional:
        annotation |= None
        info = Field(default=None, description=spec.description, json_schema_extra=extra)
    else:
        info = Field(description=spec.description, json_schema_extra=extra)
    return annotation, info
