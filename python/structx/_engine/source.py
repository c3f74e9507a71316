"""The data of one call, in the form that the core reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from structx import _core

Encoded: TypeAlias = "tuple[str | list[bytes] | tuple[str, bytes] | Path | _core.Prepared, str]"
"""The data (a list has the parts of a table as JSON, bytes with a name are a file), and the options
of the reader as JSON."""

SOURCE = "_source"
"""The attribute of a result that holds its document, and the options of the reader as JSON, among
them the password; for proofs and the review page. It does not pickle."""


class Source:
    """The data of one call. A plain class, as dataclasses take half a millisecond to import."""

    def __init__(
        self, input: Encoded, table: Any = None, labels: Sequence[Any] | None = None
    ) -> None:
        self.input = input
        self.table = table
        """The caller's own table; None for other data."""
        self.labels = labels
        """The labels of its rows; None if it has none."""

    @property
    def name(self) -> str:
        """The name of the file, without its folder; `text` or `data` for other data."""
        data = self.input[0]
        if isinstance(data, str):
            return "text"
        if isinstance(data, tuple):
            return data[0]
        path = data if isinstance(data, os.PathLike) else getattr(data, "path", None)
        return "data" if path is None else os.path.basename(path)  # noqa: PTH119 (as fast as can be)

    def release(self) -> None:
        """Drops the data once a job has it: that of a million rows is large, and the job reads it
        only once."""
        self.input = ("", self.input[1])
