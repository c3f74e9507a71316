"""The columns of a long table, by the model of its items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, TypeAdapter

from structx._engine.flatten import free_name
from structx._engine.items import VALUE
from structx._engine.long_form import json_schema
from structx._engine.long_form.kinds import TEXT, Kind, Kinds, Part

BEFORE = {"row_id": Kind("int"), "source": TEXT, "item": Kind("int")}
"""The columns before those of the fields."""
AFTER = {
    "status": TEXT,
    "error": TEXT,
    "prompt_tokens": Kind("int"),
    "completion_tokens": Kind("int"),
    "cost": Kind("float"),
    "model": TEXT,
}
"""The columns after those of the fields."""
OF_EVIDENCE = {"status": TEXT, "page": Kind("int"), "start": Kind("int"), "end": Kind("int")}
"""The ends of the names of the columns for the evidence of a field."""
_MANY = ("list", "struct")
"""Kinds whose values have several places."""


class Columns(NamedTuple):
    """The columns of a long table, in their order."""

    fields: dict[str, Part]
    """The fields of the items, by the names of their columns."""
    is_value: bool
    """Whether items are one value each, in the one column of `fields`."""
    evidence: dict[str, dict[str, str]]
    """For a field's column, the columns of its evidence: by their names the part of it."""

    def kinds(self) -> dict[str, Kind]:
        """All columns with their kinds."""
        fields = {name: part.kind for name, part in self.fields.items()}
        found = {
            name: OF_EVIDENCE[part]
            for names in self.evidence.values()
            for name, part in names.items()
        }
        return {**BEFORE, **fields, **AFTER, **found}


def columns_of(model: Any, *, evidence: bool = False, taken: Iterable[str] = ()) -> Columns:
    """The columns for items of a model.

    The table's own columns keep their names. A field with the name of one, or of one of `taken`,
    has the suffix `_extracted`, then `_extracted_2` and so on; the columns of evidence come last.

    Args:
        model: the type of one item, as an ExtractionResult has it.
        evidence: with columns for the evidence of fields.
        taken: further names that columns can't have.
    """
    members, kind = _read(model)
    names = {*BEFORE, *AFTER, *taken}
    if members is None:
        is_root = kind.is_root and isinstance(model, type(BaseModel))
        parts = (Part("root" if is_root else VALUE, kind),)
    else:
        parts = members
    fields = {free_name(part.name, names): part for part in parts}
    found = {
        name: {free_name(f"{name}_{end}", names): end for end in OF_EVIDENCE}
        for name, part in fields.items()
        if evidence and part.kind.name not in _MANY
    }
    return Columns(fields, members is None, found)


def _read(model: Any) -> tuple[tuple[Part, ...] | None, Kind]:
    if isinstance(model, Mapping):
        schema = cast("Mapping[str, Any]", model)
        members = json_schema.members_of(schema)
        return members, json_schema.kind_of(schema) if members is None else TEXT
    kinds = Kinds(cast("Any", TypeAdapter[Any](model).core_schema))
    members = kinds.members()
    return members, kinds.kind() if members is None else TEXT
