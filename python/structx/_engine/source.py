"""The data of one call, in the form that the core reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from structx import _core

Encoded: TypeAlias = "tuple[Any, str] | tuple[Any, str, str | int]"
"""The data in one of the forms that the stub of the core lists, the options of the reader as JSON,
and perhaps what rows call the source."""

SOURCE = "_source"
"""The attribute of a result that holds its documents by the numbers of their sources, and the
options of the reader as JSON, among them the password; for proofs and the review page. It does not
pickle."""


class Source:
    """The data of one call. A plain class, as dataclasses take half a millisecond to import."""

    def __init__(
        self,
        input: Encoded,
        table: Any = None,
        labels: Sequence[Any] | None = None,
        are_several: bool = False,
        label: str | None = None,
    ) -> None:
        self.input = input
        self.table = table
        """The caller's own table; None for other data."""
        self.labels = labels
        """The labels of its rows; None if it has none."""
        self.are_several = are_several
        """Whether there are several sources: each row of the table is one, if there is a table."""
        self.label = label
        """What rows call it: the path as it was given, or a name; None for other data."""

    @property
    def name(self) -> str:
        """What logs call it."""
        return self.label or ("sources" if self.are_several else "data")

    def release(self) -> None:
        """Drops the data once a job has it: that of a million rows is large, and the job reads it
        only once."""
        self.input = ("", self.input[1])


def number_of(row: _core.RowResult[Any]) -> int:
    """The number of its source among all of them."""
    return row._source_number  # pyright: ignore[reportPrivateUsage]


def given_of(row: _core.RowResult[Any]) -> int:
    """The position of its source in what the caller gave."""
    return row._source_given  # pyright: ignore[reportPrivateUsage]
