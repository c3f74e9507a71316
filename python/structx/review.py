"""The review page of results, and the corrections that a person made on it.

    result.review("review.html")  # open it, correct values, save corrections.jsonl
    corrections = review.read_corrections("corrections.jsonl")
    items = review.apply(result, corrections)

On the command line: `structx extract ... --review review.html > items.jsonl`, and then
`structx review apply corrections.jsonl items.jsonl > corrected.jsonl`.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import pydantic

from structx._engine import leaves, pointers, response_models
from structx._engine.problems import problems
from structx._engine.review import writer
from structx._engine.threads import in_thread
from structx.exceptions import FileError, ValidationError
from structx.results import ExtractionResult

__all__ = ["Correction", "apply", "apply_to_records", "read_corrections", "write", "write_async"]

T = TypeVar("T")
_ACTIONS = ("accept", "edit", "anchor")


@dataclass(frozen=True)
class Correction:
    """What a person decided for one value: a line of the file that the review page saves.

    Examples:
        >>> structx.review.Correction("a.pdf", 0, "/0/number", "edit", "A1", "A7", None, None).new
        'A7'
    """

    source: str
    """The name of the source."""
    row: int
    """The position of the row."""
    pointer: str
    """A JSON Pointer into the items of the row: `/0/total`. Empty for a failed row as a whole."""
    action: Literal["accept", "edit", "anchor"]
    """`edit`: another value. `anchor`: the same value at another place. `accept`: neither."""
    old: Any
    new: Any
    start: int | None
    """Where the value stands, in code points of `row.input_data`; None without a place."""
    end: int | None


def write(
    results: Mapping[str, ExtractionResult[Any, Any]],
    path: str | os.PathLike[str],
    *,
    image_bytes: int = writer.IMAGE_BYTES,
) -> Path:
    """Writes one page for several results by name; see `ExtractionResult.review`.

    Examples:
        >>> structx.review.write({"May": result, "June": result}, "review.html").name
        'review.html'
    """
    named = ((name, result, None) for name, result in results.items())
    return writer.write(named, path, image_bytes)


async def write_async(
    results: Mapping[str, ExtractionResult[Any, Any]],
    path: str | os.PathLike[str],
    *,
    image_bytes: int = writer.IMAGE_BYTES,
) -> Path:
    """`write` for asyncio: writes in another thread.

    Examples:
        >>> import asyncio
        >>> asyncio.run(structx.review.write_async({"May": result}, "review.html")).name
        'review.html'
    """
    return await in_thread(partial(write, results, path, image_bytes=image_bytes))


def read_corrections(path: str | os.PathLike[str]) -> list[Correction]:
    """Reads the corrections that a review page saved.

    Raises:
        FileError: the file can't be read.
        ValidationError: a line is none of a review page.

    Examples:
        >>> line = '{"source": "a.pdf", "row": 0, "pointer": "/0/number", "action": "edit", '
        >>> line += '"old": "HPB-20417", "new": "A7", "start": null, "end": null}'
        >>> _ = Path("corrections.jsonl").write_text(line)
        >>> structx.review.read_corrections("corrections.jsonl")[0].new
        'A7'
    """
    return [_correction(number, line) for number, line in lines(Path(path))]


def apply(result: ExtractionResult[T, Any], corrections: Iterable[Correction]) -> list[T]:
    """The items of all rows with these corrections, validated again by their model.

    Items without a correction are those of the result. Against a model that is a JSON Schema, items
    are not validated again; the page has checked the values.

    Raises ValidationError: a correction is not for this result, or an item is not valid with it.

    Examples:
        >>> number = result.data[0].number
        >>> edit = structx.review.Correction("a", 0, "/0/number", "edit", number, "A7", None, None)
        >>> structx.review.apply(result, [edit])[0].number
        'A7'
    """
    edits = _edits((correction.row, correction) for correction in corrections)
    items: list[T] = []
    for row in result.rows:
        of_items = edits.pop(row.position, {})
        plain = leaves.plain(row.items) if of_items else []
        for index, item in enumerate(row.items):
            of_item = of_items.pop(index, [])
            items.append(_item(result.model, plain[index], of_item) if of_item else item)
        _refuse(of_items)
    for of_items in edits.values():
        _refuse(of_items)
    return items


def apply_to_records(
    records: Iterable[dict[str, Any]], corrections: Iterable[Correction]
) -> Iterator[dict[str, Any]]:
    """The output of `structx extract` with these corrections, which are for the same sources.

    Raises ValidationError: a correction is not for these records.
    """
    edits = _edits((one.row, one) for one in corrections)
    counts: dict[Any, int] = defaultdict(int)
    for record in records:
        row = record["row"]
        for correction in edits.get(row, {}).pop(counts[row], []):
            record["item"] = _edited(record["item"], correction)
        counts[row] += 1
        yield record
    for of_items in edits.values():
        _refuse(of_items)


def _edits(corrections: Iterable[tuple[Any, Correction]]) -> dict[Any, dict[int, list[Correction]]]:
    """Those that change a value, by row and by the index of the item."""
    edits: dict[Any, dict[int, list[Correction]]] = {}
    for row, correction in corrections:
        if correction.action == "edit":
            index = pointers.path(correction.pointer)[0]
            edits.setdefault(row, {}).setdefault(int(index), []).append(correction)
    return edits


def _refuse(of_items: Mapping[int, list[Correction]]) -> None:
    for left in of_items.values():
        raise _unfit(left[0], "there is no such item")


def _item(model: Any, plain: Any, corrections: list[Correction]) -> Any:
    for correction in corrections:
        plain = _edited(plain, correction)
    if isinstance(model, Mapping):
        return plain
    validate = cast("Any", response_models.of_model(model).validate)
    reply = json.dumps({"items": [plain]})
    try:
        return validate(reply)[0]
    except pydantic.ValidationError as error:
        raise _unfit(corrections[0], "; ".join(problems(error, reply))) from error


def _edited(item: Any, correction: Correction) -> Any:
    """The item with the new value in place of the old one."""
    root: list[Any] = [item]
    parent: Any = root
    step: Any = 0
    for token in pointers.path(correction.pointer)[1:]:
        parent = parent[step]
        step = _step(parent, token)
        if step is None:
            raise _unfit(correction, "the item has no such value")
    if json.dumps(parent[step]) != json.dumps(correction.old):
        raise _unfit(correction, "the item has another value than the page had")
    parent[step] = correction.new
    return root[0]


def _step(parent: Any, token: str) -> str | int | None:
    """The name or index of a part; None if there is no such part."""
    if isinstance(parent, list):
        count = len(cast("list[Any]", parent))
        is_index = token.isascii() and token.isdigit() and int(token) < count
        return int(token) if is_index else None
    return token if isinstance(parent, dict) and token in parent else None


def _unfit(correction: Correction, why: str) -> ValidationError:
    return ValidationError(
        f"the correction of {correction.pointer} in row {correction.row} of "
        f"{correction.source!r}: {why}"
    )


def _correction(number: int, line: str) -> Correction:
    try:
        correction = Correction(**json.loads(line))
        if _is_one(correction):
            return correction
    except (TypeError, ValueError, RecursionError):
        pass
    raise ValidationError(f"line {number} is no correction of a review page")


def _is_one(correction: Correction) -> bool:
    source, row, pointer = correction.source, correction.row, correction.pointer
    if not (isinstance(source, str) and isinstance(row, int) and isinstance(pointer, str)):
        return False
    is_of_item = pointer.startswith("/") and pointers.path(pointer)[0].isdecimal()
    return correction.action in _ACTIONS and (is_of_item or correction.action != "edit")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, with their numbers from 1; raises FileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: can't be read: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line
