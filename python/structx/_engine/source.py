"""The data of one call, in the form that the core reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from structx import _core

Encoded: TypeAlias = "tuple[str | list[bytes] | tuple[str, bytes] | Path | _core.Prepared, str]"
"""The data as the core takes it (a list has the parts of a table as JSON, bytes with a name are a
file), and how it is read as JSON."""


@dataclass(frozen=True)
class Source:
    """The data of one call."""

    input: Encoded
    table: Any = None
    """The caller's own table; None for other data."""
    labels: Sequence[Any] | None = None
    """The labels of its rows; None where it has none."""
