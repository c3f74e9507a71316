"""Why rows failed, in a word or two that can be counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structx import _core


def reason_of(row: _core.RowResult[Any]) -> str:
    """The kind of the error of a failed row, as `AttemptError.kind` has it."""
    if (kind := row._error_kind) is not None:  # pyright: ignore[reportPrivateUsage]
        return kind
    if errors := row.errors:
        return errors[-1].kind
    # A row that was stopped before its first attempt: `budget: ...`.
    return (row.error or "").partition(":")[0]
