"""Evidence: where the values of a row stand in its source.

    result = extractor.extract(data="invoice.pdf", query="extract number and total", model=Invoice)
    found = result.rows[0].evidence["/0/total"]
    found.status, found.text  # ('normalized', '1.982,54')
    found.spans[0].page, found.spans[0].boxes  # (1, [(401.2, 640.1, 455.0, 652.3)])

structx finds the places itself, after the model has answered: no model claims them. Negations and
meaning are not judged: `Paris` is found in `not in Paris`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, cast

from typing_extensions import TypedDict

from structx._engine.pointers import escaped

__all__ = ["Evidence", "EvidenceStatus", "RowEvidence", "Span", "Uncited"]

EvidenceStatus: TypeAlias = Literal[
    "exact", "normalized", "fuzzy", "ambiguous", "missing", "inferred", "unverifiable"
]
"""How well the source says a value:

- `exact`: in the same characters.
- `normalized`: the same number, date, amount or words in another spelling.
- `fuzzy`: in nearly the same words; never for numbers and short values.
- `ambiguous`: at several places that are as good, or at one that can be read in two ways.
- `missing`: not at all.
- `inferred`: not at all, and it need not: a boolean, a value of an `enum`, or one whose schema has
  `"x-copied": false`.
- `unverifiable`: not in the text, but the model also saw an image that structx has no text of.
"""

EvidenceKind: TypeAlias = Literal["number", "date", "date_time", "time", "boolean", "enum", "text"]
"""The kind of a value."""

Box: TypeAlias = "tuple[float, float, float, float]"
"""left, top, right, bottom in points (1/72 inch) from the top left corner of the page."""
Cell: TypeAlias = "tuple[str, str] | tuple[int, int, int] | tuple[str, int, str]"
"""Of a workbook the sheet and the address, `("Sheet1", "B7")`; of a table in a document its number,
the row and the column, from 0; of a row of a table the name of the table, the position of the row
and the name of the column."""


@dataclass(frozen=True)
class Span:
    """A place in the text of a row.

    Examples:
        >>> span = row.evidence["/0/total"].spans[0]
        >>> span.page, span.text
        (1, '2,685.60')
        >>> row.input_data[span.start : span.end]
        '2,685.60'
    """

    start: int
    """The first character, in code points of `row.input_data`, which for a document is its text."""
    end: int
    """The character after the last."""
    text: str
    page: int | None
    """From 1; None where the source has no pages."""
    boxes: list[Box]
    """One for each line; empty where the source has no boxes."""
    cell: Cell | None
    source: str
    """The name of the file or table, or `text`."""


@dataclass(frozen=True)
class Evidence:
    """What the source says of one value.

    Examples:
        >>> found = row.evidence["/0/total"]
        >>> found.status, found.text, found.occurrences
        ('normalized', '2,685.60', 1)
    """

    value: Any
    """The value in the reply of the model, before the validators of the response model."""
    text: str
    """What the source says, in its own spelling; empty without a place."""
    status: EvidenceStatus
    score: float
    """How alike value and text are, from 0 (not said) to 1 (the same characters). In a recognised
    text (OCR), times the lowest score of the words there."""
    spans: list[Span]
    """The place. A value that crosses lines or cells has several spans."""
    occurrences: int
    """The number of places that say the value, this one included."""
    kind: EvidenceKind = "text"
    """What the schema asks for: the rule by which the text is read."""


@dataclass(frozen=True)
class Uncited:
    """What the source states and no value cites.

    Examples:
        >>> left = row.uncited[0]
        >>> left.omission in ("amount", "date", "table_row")
        True
    """

    omission: Literal["amount", "date", "table_row"]
    """A number with a currency or decimals, a date, or a row of a table that has cited rows."""
    span: Span


class RowEvidence(Mapping[str, Evidence]):
    """The evidence of a row's values by JSON Pointer (RFC 6901) into its items: `/0/lines/2/price`.

    Nulls and empty texts have no entry.

    Attributes:
        stated: the number of amounts and dates in the source.
        cited: the number of those that a value cites, or that say the same as one that a value
            cites.
        uncited: what no value cites, in the order of the text.

    Examples:
        >>> list(row.evidence)
        ['/0/number', '/0/total']
        >>> row.evidence
        RowEvidence({'/0/number': exact, '/0/total': normalized})
    """

    def __init__(
        self,
        found: Mapping[str, Evidence],
        stated: int = 0,
        cited: int = 0,
        uncited: Sequence[Uncited] = (),
    ) -> None:
        self._found = dict(found)
        self.stated = stated
        self.cited = cited
        self.uncited = list(uncited)

    def __getitem__(self, pointer: str) -> Evidence:
        return self._found[pointer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        """Without texts of the source: a repr ends up in logs."""
        statuses = ", ".join(f"{pointer!r}: {one.status}" for pointer, one in self._found.items())
        return f"RowEvidence({{{statuses}}})"


class RawSpan(TypedDict):
    """The fields of a Span."""

    start: int
    end: int
    text: str
    page: int | None
    boxes: list[Box]
    cell: Cell | None
    source: str


class RawEvidence(TypedDict):
    """The fields of an Evidence, and its pointer."""

    pointer: str
    value: Any
    text: str
    kind: EvidenceKind
    status: EvidenceStatus
    score: float
    spans: list[RawSpan]
    occurrences: int


class RawUncited(TypedDict):
    """The fields of an Uncited."""

    omission: Literal["amount", "date", "table_row"]
    span: RawSpan


class RawRowEvidence(TypedDict):
    """The evidence of a row."""

    values: list[RawEvidence]
    stated: int
    cited: int
    uncited: list[RawUncited]


class _Row(Protocol):
    """A RowResult."""

    @property
    def items(self) -> list[Any]: ...
    @property
    def evidence(self) -> Mapping[str, Evidence]: ...


def of_raw(found: RawRowEvidence) -> RowEvidence:
    """Converts the evidence that the core found."""
    return RowEvidence(
        {one["pointer"]: _evidence(one) for one in found["values"]},
        found["stated"],
        found["cited"],
        [Uncited(one["omission"], Span(**one["span"])) for one in found["uncited"]],
    )


def _evidence(raw: RawEvidence) -> Evidence:
    spans = [Span(**span) for span in raw["spans"]]
    return Evidence(
        raw["value"],
        raw["text"],
        raw["status"],
        raw["score"],
        spans,
        raw["occurrences"],
        raw["kind"],
    )


def of_part(row: _Row, item: object, path: tuple[str | int, ...]) -> Evidence | None:
    """The evidence of a part of an item; see `RowResult.evidence_of`."""
    items = row.items
    index = item if isinstance(item, int) else _index(items, item)
    pointer, part = f"/{index}", items[index]
    for step in path:
        name = _name_in_schema(part, step) if isinstance(step, str) else str(step)
        pointer += "/" + escaped(name)
        part = _part(part, step)
    return row.evidence.get(pointer)


def _index(items: list[Any], item: object) -> int:
    for index, known in enumerate(items):
        if known is item:
            return index
    raise ValueError("the item is not one of row.items: give one of these objects, or its index")


def _part(value: Any, step: str | int) -> Any:
    is_attribute = isinstance(step, str) and not hasattr(value, "__getitem__")
    return getattr(value, cast(str, step)) if is_attribute else value[step]


def _name_in_schema(value: Any, attribute: str) -> str:
    """The name of an attribute in the schema: its alias, if it has one."""
    fields: Any = getattr(cast(Any, type(value)), "model_fields", {})
    field = fields.get(attribute)
    alias = getattr(field, "validation_alias", None) or getattr(field, "alias", None)
    return alias if isinstance(alias, str) else attribute
