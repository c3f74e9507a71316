"""Converts the items of rows to columns of a table.

Columns are in the order of the model's fields, and within a field in the order in which they first
occur. The status follows those of first items, then come those of second and later items
(`field_1`, `field_2`, ...), so that these move no other column.
Items without fields, such as numbers, are in one column, `value`.

With `expand_nested`, an object becomes columns such as `a_b`, a list that contains objects becomes
columns such as `list_0_x`, and any other list becomes JSON text in one column. The column of the
whole value, `a` or `list`, remains only if no row has parts to expand or a row has a whole value
other than None and empty ones.

If the source or another column already has a name, the suffix `_extracted`, then `_extracted_2` and
so on is appended: nothing is ever overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pydantic_core import to_jsonable_python

from structx._engine.items import VALUE, fields_of, values_of

if TYPE_CHECKING:
    from structx.evidence import Evidence

Place: TypeAlias = "tuple[Any, ...]"
"""The place of a value: the number of the item in its row, the field, keys and indices in it."""
Cells: TypeAlias = "dict[Place, dict[int, Any]]"
"""The values of each column by row; rows without a value are left out."""

FindEvidence: TypeAlias = "Callable[[int, Place], Evidence | None]"
"""Finds the evidence of the value at a place of the row at a position."""

STATUS = "extraction_status"
MAX_COLUMNS = 1_600
"""Columns that the items may add to a table.

The limit of PostgreSQL; SQLite has 2,000, and a sheet of Excel 16,384. A column takes memory in
every row of the source, even if only one row needs it: without this limit, one row with 1,000 items
of 5 fields made 5,001 columns and took 814 MB.
"""
_LISTS = (list, tuple, set, frozenset)


class TooManyColumnsError(ValueError):
    """The items need more columns than MAX_COLUMNS."""

    def __init__(self, row: int, items: int) -> None:
        super().__init__(
            f"they need more than {MAX_COLUMNS:,} columns: the row at position {row} has {items:,} "
            "items, and each item (with expand_nested, each of its parts) has its own columns; use "
            "return_df=False, or ask for fewer items per row. Nothing is lost: the `results` of "
            "this error have all items in their rows"
        )


def columns_of(
    rows: Sequence[tuple[str, Sequence[Any]]],
    model: Any,
    source_columns: Iterable[str],
    *,
    expand_nested: bool,
    evidence_of: FindEvidence | None = None,
) -> dict[str, list[Any]]:
    """The columns to append to a source, with one value for each row.

    Args:
        rows: the status and the items of each row.
        model: the type of the items; each of its fields has a column, even without items.
        source_columns: the names of the source's columns.
        expand_nested: the parts of nested values have their own columns.
        evidence_of: finds the evidence of a value, whose status and place then have columns.

    Raises TooManyColumnsError before any column is built.
    """
    cells = _cells([items for _, items in rows], model, expand_nested)
    taken = set(source_columns)
    # Programs look for the status under its name, so a field of this name is the one renamed.
    status = free_name(STATUS, taken)
    names = {place: free_name(_name(place), taken) for place in cells}
    columns: dict[str, list[Any]] = {}
    for place, values in cells.items():
        if place[0] and status not in columns:
            columns[status] = [text for text, _ in rows]
        columns[names[place]] = [_cell(values.get(row), expand_nested) for row in range(len(rows))]
    columns.setdefault(status, [text for text, _ in rows])
    if evidence_of is not None:
        for place, values in cells.items():
            found = {row: one for row in values if (one := evidence_of(row, place)) is not None}
            if found:
                columns |= _evidence_columns(names[place], found, len(rows), taken)
    return columns


def _evidence_columns(
    name: str, found: dict[int, Evidence], rows: int, taken: set[str]
) -> dict[str, list[Any]]:
    """The status of a column's values, and the page and the characters of their first place."""
    columns: dict[str, list[Any]] = {}
    for part in ("status", "page", "start", "end"):
        values: list[Any] = [None] * rows
        for row, one in found.items():
            span = one.spans[0] if one.spans else None
            values[row] = one.status if part == "status" else getattr(span, part, None)
        columns[free_name(f"{name}_{part}", taken)] = values
    return columns


def _cells(rows: Iterable[Sequence[Any]], model: Any, expand_nested: bool) -> Cells:
    """The columns, in their order."""
    fields = fields_of(model)
    names = [VALUE] if fields is None else fields
    order = {name: position for position, name in enumerate(names)}
    cells: Cells = {(0, name): {} for name in names}
    for row, items in enumerate(rows):
        for number, item in enumerate(items):
            for name, value in values_of(item, fields).items():
                order.setdefault(name, len(order))
                for place, leaf in _leaves((number, name), value, expand_nested):
                    if place not in cells and len(cells) >= MAX_COLUMNS:
                        raise TooManyColumnsError(row, len(items))
                    cells.setdefault(place, {})[row] = leaf
    expanded = {place[1:end] for place in cells for end in range(2, len(place))}
    return {
        place: cells[place]
        for place in sorted(cells, key=lambda place: (place[0], order[place[1]]))
        if place[1:] not in expanded or not all(map(_is_nothing, cells[place].values()))
    }


def _leaves(place: Place, value: Any, expand_nested: bool) -> Iterator[tuple[Place, Any]]:
    parts: Iterable[tuple[Any, Any]] = ()
    if expand_nested and isinstance(value, dict):
        parts = cast("dict[Any, Any]", value).items()
    elif expand_nested and _holds_objects(value):
        parts = enumerate(cast("Iterable[Any]", value))
    is_whole = True
    for key, part in parts:
        is_whole = False
        yield from _leaves((*place, key), part, expand_nested)
    if is_whole:
        yield place, value


def _holds_objects(value: Any) -> bool:
    return isinstance(value, _LISTS) and any(
        isinstance(part, dict) or _holds_objects(part) for part in cast("Iterable[Any]", value)
    )


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (*_LISTS, dict)) and not value)


def _cell(value: Any, expand_nested: bool) -> Any:
    if expand_nested and isinstance(value, (*_LISTS, dict)):
        plain = to_jsonable_python(ordered(value), fallback=str, inf_nan_mode="null")
        return json.dumps(plain, ensure_ascii=False)
    return value


def ordered(value: Any) -> Any:
    """Replaces sets, whose order differs from process to process, by sorted lists."""
    if isinstance(value, dict):
        return {key: ordered(part) for key, part in cast("dict[Any, Any]", value).items()}
    if isinstance(value, _LISTS):
        parts = [ordered(part) for part in cast("Iterable[Any]", value)]
        return sorted(parts, key=str) if isinstance(value, (set, frozenset)) else parts
    return value


def _name(place: Place) -> str:
    number, *parts = place
    words = [str(part.value if isinstance(part, Enum) else part) for part in parts]
    return "_".join([*words, str(number)] if number else words)


def free_name(name: str, taken: set[str]) -> str:
    """Reserves and returns the name, with the suffix `_extracted` if it is taken."""
    free, number = name, 1
    while free in taken:
        free = f"{name}_extracted" if number == 1 else f"{name}_extracted_{number}"
        number += 1
    taken.add(free)
    return free
