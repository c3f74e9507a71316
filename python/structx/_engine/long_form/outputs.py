"""The methods of results and streams that give or write a long table."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from structx._core import RowResult

R = TypeVar("R")
Rows: TypeAlias = "tuple[Iterable[RowResult[Any]], Any]"
"""Rows, and the type of their items."""


class LongOutputs(ABC):
    """Gives a long table of rows; see `structx.arrow_schema` for its columns."""

    @abstractmethod
    def _long_rows(self) -> Rows:
        """The rows of the table."""

    def to_arrow(self, *, evidence: bool = False) -> Any:
        """The long table as a pyarrow Table, with the schema of `structx.arrow_schema`.

        For example: `result.to_arrow().filter(pc.field("status") == "failed")`.

        Args:
            evidence: adds the status and the place of each field; needs rows with evidence.

        Raises:
            ModuleNotFoundError: pyarrow is not installed.
            ValueError: rows of a table that were extracted without `evidence=True`.
        """
        return _to_arrow(evidence, self._long_rows())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The long table for any reader of Arrow streams: `duckdb.sql("FROM result")`,
        `polars.DataFrame(result)`, `pyarrow.RecordBatchReader.from_stream(result)`. Batches are
        made while they are read. Needs pyarrow.
        """
        from structx._engine.long_form.columns import columns_of
        from structx._engine.tables import long

        rows, model = self._long_rows()
        return long.reader_of(rows, columns_of(model)).__arrow_c_stream__(requested_schema)

    def to_parquet(self, path: str | os.PathLike[str], *, evidence: bool = False) -> None:
        """Writes the long table as a Parquet file, in parts: `result.to_parquet("out.parquet")`.

        Args:
            path: the file, which is replaced.
            evidence: as in `to_arrow`.

        Raises:
            OSError: the file can't be written.
            ModuleNotFoundError: as `to_arrow`.
            ValueError: as `to_arrow`.
        """
        _to_parquet(path, evidence, self._long_rows())

    def to_csv(self, path: str | os.PathLike[str], *, evidence: bool = False) -> None:
        """Writes the long table as CSV in UTF-8: `result.to_csv("out.csv")`. Needs no library.

        Objects and lists are JSON; null and an empty text look alike. A value that would not fit
        into its Arrow column is written in full.

        Args:
            path: the file, which is replaced.
            evidence: as in `to_arrow`.

        Raises:
            OSError: the file can't be written.
            ValueError: as `to_arrow`.
        """
        _to_csv(path, evidence, self._long_rows())

    def to_jsonl(self, path: str | os.PathLike[str], *, evidence: bool = False) -> None:
        """Writes the long table as JSON Lines: `result.to_jsonl("out.jsonl")`. Needs no library.

        Decimals, dates and times are texts. A value that would not fit into its Arrow column is
        written in full.

        Args:
            path: the file, which is replaced.
            evidence: as in `to_arrow`.

        Raises:
            OSError: the file can't be written.
            ValueError: as `to_arrow`.
        """
        _to_jsonl(path, evidence, self._long_rows())


class AsyncLongOutputs(ABC):
    """`LongOutputs` for asyncio: the same methods as coroutines, which write in another thread."""

    @abstractmethod
    async def _with_long_rows(self, use: Callable[[Rows], R]) -> R:
        """Calls a function with the rows of the table, in another thread."""

    async def to_arrow(self, *, evidence: bool = False) -> Any:
        """`ExtractionStream.to_arrow` for asyncio: `await stream.to_arrow()`."""
        return await self._with_long_rows(partial(_to_arrow, evidence))

    async def to_parquet(self, path: str | os.PathLike[str], *, evidence: bool = False) -> None:
        """`ExtractionStream.to_parquet` for asyncio: `await stream.to_parquet("out.parquet")`."""
        await self._with_long_rows(partial(_to_parquet, path, evidence))

    async def to_csv(self, path: str | os.PathLike[str], *, evidence: bool = False) -> None:
        """`ExtractionStream.to_csv` for asyncio: `await stream.to_csv("out.csv")`."""
        await self._with_long_rows(partial(_to_csv, path, evidence))

    async def to_jsonl(self, path: str | os.PathLike[str], *, evidence: bool = False) -> None:
        """`ExtractionStream.to_jsonl` for asyncio: `await stream.to_jsonl("out.jsonl")`."""
        await self._with_long_rows(partial(_to_jsonl, path, evidence))


# The modules of these are not needed by results that are no tables.


def _to_arrow(evidence: bool, found: Rows) -> Any:
    from structx._engine.long_form.columns import columns_of
    from structx._engine.tables import long

    rows, model = found
    return long.table_of(rows, columns_of(model, evidence=evidence))


def _to_parquet(path: str | os.PathLike[str], evidence: bool, found: Rows) -> None:
    from structx._engine.long_form.columns import columns_of
    from structx._engine.tables import long

    rows, model = found
    long.write_parquet(rows, columns_of(model, evidence=evidence), Path(path))


def _to_csv(path: str | os.PathLike[str], evidence: bool, found: Rows) -> None:
    from structx._engine.long_form import text_files
    from structx._engine.long_form.columns import columns_of

    rows, model = found
    text_files.write_csv(rows, columns_of(model, evidence=evidence), Path(path))


def _to_jsonl(path: str | os.PathLike[str], evidence: bool, found: Rows) -> None:
    from structx._engine.long_form import text_files
    from structx._engine.long_form.columns import columns_of

    rows, model = found
    text_files.write_jsonl(rows, columns_of(model, evidence=evidence), Path(path))
