"""Models, results and strategies for tests of long tables."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, Field, NaiveDatetime
from typing_extensions import TypedDict

from structx import ExtractionResult, RowResult
from structx.usage import ExtractionStep, ExtractorUsage, StepUsage


class Color(enum.Enum):
    RED = "red"
    ONE = 1


class Point(NamedTuple):
    x: int
    y: float = 0.0


class Extra(TypedDict, total=False):
    note: str


class Line(BaseModel):
    name: str
    price: Annotated[Decimal, Field(decimal_places=2)] | None = None


class Everything(BaseModel):
    number: int | None
    ratio: float
    flag: bool
    text: str
    raw: bytes
    amount: Decimal
    cents: Annotated[Decimal, Field(decimal_places=2)]
    day: dt.date
    at: dt.time
    when: dt.datetime
    aware: AwareDatetime
    naive: NaiveDatetime
    took: dt.timedelta
    color: Color
    point: Point | None
    extra: Extra
    lines: list[Line]
    tags: set[str]
    either: int | str
    anything: Any
    by_name: dict[str, int]
    kind: Literal["a", "b"]
    huge: Annotated[int, Field(le=10**30)]


class Ticket(BaseModel):
    problem: str
    count: int = 0


def usage(prompt: int = 3, cost: float | None = None) -> ExtractorUsage:
    return ExtractorUsage(
        {ExtractionStep.EXTRACTION: [StepUsage(prompt, 2, prompt + 2, cost=cost)]}
    )


def result(model: Any, *rows: Sequence[Any] | str) -> ExtractionResult[Any]:
    """A result with these items, or this error, in each row."""
    outcomes: list[RowResult[Any]] = [
        RowResult(position, position, "", [], usage(), row)
        if isinstance(row, str)
        else RowResult(position, position, "", list(row), usage(), model="openai/fake")
        for position, row in enumerate(rows)
    ]
    return ExtractionResult([], outcomes, model, usage())


items_of_everything = st.builds(
    Everything,
    number=st.none() | st.integers(),
    ratio=st.floats(),
    raw=st.binary(max_size=5),
    amount=st.decimals(allow_nan=False, allow_infinity=False) | st.just(Decimal("1E+30")),
    cents=st.decimals(places=2, allow_nan=False, allow_infinity=False),
    aware=st.datetimes(timezones=st.timezones()),
    naive=st.datetimes(),
    when=st.datetimes() | st.datetimes(timezones=st.just(dt.timezone.utc)),
    at=st.times() | st.times(timezones=st.just(dt.timezone.utc)),
    took=st.timedeltas(),
    point=st.none() | st.builds(Point, st.integers(), st.floats()),
    anything=st.none() | st.integers() | st.lists(st.text(max_size=3), max_size=2),
    lines=st.lists(
        st.builds(
            Line,
            name=st.text(max_size=3),
            price=st.none() | st.decimals(places=2, allow_nan=False, allow_infinity=False),
        ),
        max_size=3,
    ),
    huge=st.integers(max_value=10**30),
)
