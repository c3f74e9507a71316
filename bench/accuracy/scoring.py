"""Scores extracted items against the gold of a text.

A field is right if its values over all items of the text equal the gold values, in order: a
missing or additional item makes all fields of its list wrong. A column of a list of objects is a
field, too. Items are JSON data, as `model_dump(mode="json")` returns them.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any, TypeAlias, cast

from cases import Case, FieldSpec

SameText: TypeAlias = Callable[[str, str], bool]
Item: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class FieldScore:
    field: str
    """Its name, or `list.column`."""
    kind: str
    right: bool
    wanted: list[Any]
    got: list[Any]


@dataclass(frozen=True)
class CaseScore:
    fields: list[FieldScore]
    over_listed: int
    """Entries of lists beyond the number in the gold: items, objects and texts."""
    under_listed: int


def similar(wanted: str, got: str) -> bool:
    """Equal but for case, spaces and surrounding punctuation, and commas between lines."""
    if "\n" in wanted:
        wanted, got = wanted.replace(",", " "), got.replace(",", " ")
    return plain(wanted) == plain(got)


def plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(string.punctuation + string.whitespace)


def score(case: Case, items: list[Item], same_text: SameText = similar) -> CaseScore:
    fields = list(field_scores(case.fields, case.gold, items, same_text))
    surplus = list(surpluses(case.fields, case.gold, items))
    return CaseScore(
        fields,
        over_listed=sum(max(0, more) for more in surplus),
        under_listed=sum(max(0, -more) for more in surplus),
    )


def field_scores(
    fields: dict[str, FieldSpec], gold: list[Item], items: list[Item], same_text: SameText
) -> Iterator[FieldScore]:
    for name, spec in fields.items():
        wanted, got = values(name, gold), values(name, items)
        if spec.fields is None:
            right = same(spec, wanted, got, same_text)
            yield FieldScore(name, kind(spec, wanted), right, wanted, got)
            continue
        for column, inner in spec.fields.items():
            wanted_column = [values(column, entries) for entries in wanted]
            got_column = [values(column, entries or []) for entries in got]
            right = same(inner, wanted_column, got_column, same_text)
            flat = [value for entries in wanted_column for value in entries]
            yield FieldScore(
                f"{name}.{column}", kind(inner, flat), right, wanted_column, got_column
            )


def values(name: str, items: list[Item]) -> list[Any]:
    return [item.get(name) for item in items]


def same(spec: FieldSpec, wanted: Any, got: Any, same_text: SameText) -> bool:
    if isinstance(wanted, dict):
        accepted = cast(dict[str, list[Any]], wanted)["any"]
        return any(same(spec, variant, got, same_text) for variant in accepted)
    if wanted is None or got is None:
        return wanted is got
    if isinstance(wanted, list):
        entries, found = cast(list[Any], wanted), cast(list[Any], got)
        return len(entries) == len(found) and all(
            same(spec, one, other, same_text) for one, other in zip(entries, found, strict=True)
        )
    match spec.type:
        case "text" | "texts":
            return same_text(wanted, got)
        case "float" | "decimal":
            return Decimal(str(wanted)) == Decimal(str(got))
        case "datetime":
            # The texts name no zone, or the one zone that all of their times have.
            return moment(wanted) == moment(got)
        case "time":
            return time.fromisoformat(wanted) == time.fromisoformat(got).replace(tzinfo=None)
        case _:
            return wanted == got


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=None)


def kind(spec: FieldSpec, wanted: list[Any]) -> str:
    """What is hard about a field, for the summary."""
    if spec.free is not None:
        return f"changed, {spec.free}"
    if all(value is None for value in wanted):
        return "absent"
    if spec.type == "text" and any("\n" in str(variant) for variant in variants(wanted)):
        return "text of several lines"
    return spec.type


def variants(wanted: Any) -> Iterator[Any]:
    """The single values of a gold value, with all that are equally correct."""
    if isinstance(wanted, dict):
        yield from variants(cast(dict[str, list[Any]], wanted)["any"])
    elif isinstance(wanted, list):
        for entry in cast(list[Any], wanted):
            yield from variants(entry)
    else:
        yield wanted


def surpluses(fields: dict[str, FieldSpec], gold: list[Item], items: list[Item]) -> Iterator[int]:
    """For each list the number of entries beyond that of the gold; negative if some are missing."""
    yield len(items) - len(gold)
    for name, spec in fields.items():
        if spec.type in ("objects", "texts"):
            for wanted, got in zip(values(name, gold), values(name, items), strict=False):
                yield len(got or []) - len(wanted or [])
