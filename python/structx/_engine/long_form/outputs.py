"""The methods of results and streams that give or write a long table."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structx._core import RowResult
    from structx._engine.long_form.columns import Columns


class LongOutputs:
    """Gives a long table of rows; see `structx.arrow_schema` for its columns."""

    def _long_rows(self) -> tuple[Iterable[RowResult[Any]], Any]:
        """The rows, and the type of their items."""
        raise NotImplementedError

    def _long(self, evidence: bool = False) -> tuple[Iterable[RowResult[Any]], Columns]:
        from structx._engine.long_form.columns import columns_of  # not needed by other results

        rows, model = self._long_rows()
        return rows, columns_of(model, evidence=evidence)

    def to_arrow(self, *, evidence: bool = False) -> Any:
        """The long table as a pyarrow Table, with the schema of `structx.arrow_schema`.

        For example: `result.to_arrow().filter(pc.field("status") == "failed")`.

        Args:
            evidence: adds the status and the place of each field; needs rows with evidence.

        Raises:
            ModuleNotFoundError: pyarrow is not installed.
            ValueError: rows of a table that were extracted without `evidence=True`.
        """
        from structx._engine.tables import long

        return long.table_of(*self._long(evidence))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The long table for any reader of Arrow streams: `duckdb.sql("FROM result")`,
        `polars.DataFrame(result)`, `pyarrow.RecordBatchReader.from_stream(result)`. Batches are
        made while they are read. Needs pyarrow.
        """
        from structx._engine.tables import long

        return long.reader_of(*self._long()).__arrow_c_stream__(requested_schema)

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
        from structx._engine.tables import long

        long.write_parquet(*self._long(evidence), Path(path))

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
        from structx._engine.long_form import text_files

        text_files.write_csv(*self._long(evidence), Path(path))

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
        from structx._engine.long_form import text_files

        text_files.write_jsonl(*self._long(evidence), Path(path))
