"""Reads files without an extractor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from structx import _core
from structx._engine.inputs import source_of_file
from structx.exceptions import FileError
from structx.inputs import PreparedInput


class FileReader:
    """Reads files without an extractor."""

    @staticmethod
    def read_file(file_path: str | os.PathLike[str], **file_options: Any) -> PreparedInput:
        """Read a file once, for any number of calls.

        Args:
            file_path: of a document or a table; `~` is the home directory.
            file_options: how a file of records is read, in the words of pandas.

                - `sep` or `delimiter` (CSV, TSV): one character; default: found out.
                - `quotechar` (CSV, TSV): one character; default: found out, `"` or `'`.
                - `encoding` (CSV, TSV, JSON): default: found out.
                - `sheet_name` (workbooks): the name of a sheet or its position from 0; None or a
                  list of these for several, whose rows follow each other with the name of their
                  sheet in a first column `sheet`. Default: the first visible one that has cells.
                - `skiprows` (CSV, TSV, workbooks): a number of lines before the table, or a list
                  of the numbers of lines, from 0.
                - `header` (CSV, TSV, workbooks): the row that names the columns, from 0, or None
                  for the names `0`, `1`, ...; blank rows don't count. Default: 0.
                - `usecols` or `columns` (all): a list of names or of positions from 0; of a
                  workbook also letters, such as `"A:C,E"`.
                - `nrows` (all): how many rows.

        Returns:
            What the methods of an Extractor take as `data`.

        Raises:
            FileError: the file can't be read, an option is wrong, or this file has no use for it.
                Why is told by its class: PasswordRequiredError, CorruptFileError,
                LimitExceededError, UnsupportedFileError, NoTextLayerError.
        """
        if not isinstance(file_path, (str, os.PathLike)):
            raise FileError(f"file_path must be a path, not {type(file_path).__name__}")
        source = source_of_file(Path(file_path).expanduser(), file_options)
        return PreparedInput(_core.reading(source.input).wait(), source)
