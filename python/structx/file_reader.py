"""Reads files without an extractor."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from structx import _core
from structx._engine import checks
from structx._engine.inputs import source_of_file
from structx.exceptions import FileError
from structx.inputs import PreparedInput

_STRUCTURED = {"csv", "tsv", "json", "json_lines", "xlsx", "xlsb", "xls", "ods", "parquet", "arrow"}
"""The formats that are, or can be, read as records."""


class FileReader:
    """Reads files without an extractor.

    Examples:
        >>> tickets = structx.FileReader.read_file("scripts/example_input/tickets.csv", nrows=2)
        >>> extractor.extract(data=tickets, query="extract the problem").attempted_count
        2
    """

    @staticmethod
    def read_file(
        file_path: str | os.PathLike[str],
        *,
        file_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> PreparedInput:
        """Reads a file once for any number of calls.

        Args:
            file_path: the path of a document or a table; `~` is the home directory.
            file_options: the options as a dict, as the methods of an Extractor take them.
            options: options for tabular files, under the names that pandas uses.

                - `read_as`, in a dict also `as` (workbooks, JSON, XML): `"document"` reads every
                  sheet of a workbook as a page, with its tables, titles, comments and hidden rows;
                  `"records"` reads a row for each record. Default: `"auto"`: records where the
                  first sheet is one clean list of them, a JSON file holds one list of objects, or
                  the elements of an XML file repeat, else a document; a warning says which. Any
                  other option for tables asks for records.
                - `sep` or `delimiter` (CSV, TSV): one character. Default: detected.
                - `quotechar` (CSV, TSV): one character. Default: detected, `"` or `'`.
                - `escapechar` (CSV, TSV): the character that makes a quote after it part of the
                  cell. Default: detected, a backslash or none.
                - `skipinitialspace` (CSV, TSV): True drops spaces after separators. Default: only
                  those before quotes.
                - `comment` (CSV, TSV): lines that begin with this character are skipped.
                - `decimal` and `thousands` (CSV, TSV): the separators of numbers, which are then
                  read in plain form: `1.234,50` as `1234.50`. Default: cells stay as they are.
                - `encoding` (CSV, TSV, JSON): the name of an encoding. Default: detected.
                - `sheet_name` (workbooks): the name of a sheet or its position from 0. A list of
                  these, or None for all sheets, concatenates the rows of several sheets and adds
                  the name of the sheet as the first column, `sheet`. Default: the first visible
                  sheet that has cells; for a document all visible sheets.
                - `skiprows` (CSV, TSV, workbooks): the number of lines to skip before the table,
                  or a list of line numbers, from 0.
                - `header` (CSV, TSV, workbooks): the row with the names of the columns, from 0,
                  not counting blank rows, or None for the names `0`, `1`, ... Default: the row is
                  found below titles; the names of several header rows are joined, such as
                  `2024 / Q1`. Equal names are numbered: `name`, `name.1`.
                - `usecols` or `columns` (all): a list of names or of positions from 0; for a
                  workbook also letters, such as `"A:C,E"`.
                - `nrows` (all): the number of rows to read.
                - `where` (all): the rows to keep of those: a condition such as `"status = open"`,
                  or a list of conditions that all must hold. The operators are `=`, `!=`, `<`,
                  `<=`, `>`, `>=` and `~` (contains, in any case). A number is compared with numbers
                  (quotes make it a text: `"code = '007'"`), another value as a text, so that ISO
                  dates have their order. A cell without a value is an empty text, and neither less
                  nor more than a value. Rows are numbered after this choice.

                Options for documents:

                - `pages` (PDFs, images, slides, workbooks read as documents): a page number from
                  1, a list of them, or ranges such as `"1-3,7"` or `"5-"`. Pages keep their
                  numbers. Default: all.

        Returns:
            The data, for the `data` argument of the methods of an Extractor.

        Raises:
            FileError: the file can't be read, or an option is wrong or does not apply to the file.
                The subclass names the reason: PasswordRequiredError, CorruptFileError,
                LimitExceededError, UnsupportedFileError, NoTextLayerError.
        """
        if file_options is not None and not isinstance(file_options, Mapping):
            kind = type(file_options).__name__
            raise FileError(f"file_options must be a dict of options, not {kind}")
        source = source_of_file(_path(file_path), {**(file_options or {}), **options})
        return PreparedInput(_core.reading(source.input).wait(), source)

    @staticmethod
    def get_file_type(
        file_path: str | os.PathLike[str],
    ) -> Literal["structured", "document", "unknown"]:
        """Tells by the extension how a file is read; the file need not exist.

        Returns:
            `structured` for a format of records (CSV, JSON, a workbook, Parquet, ...), `document`
            for another one that structx reads, and `unknown` for one that it does not.

        Raises:
            FileError: `file_path` is no path.

        Example: `FileReader.get_file_type("invoice.pdf")` is `"document"`.
        """
        format = _core.format_of(_path(file_path).name)
        if format is None:
            return "unknown"
        return "structured" if format in _STRUCTURED else "document"

    @staticmethod
    def extract_text_sample(file_path: str | os.PathLike[str], max_chars: int = 2000) -> str:
        """The beginning of the text of a file, as `structx.read` has it.

        Args:
            file_path: as for `read_file`.
            max_chars: the most characters (Unicode code points) of it. Default: 2,000.

        Raises:
            FileError: as `read_file`.
            ValueError: `max_chars` is no integer of at least 0.

        Example: `FileReader.extract_text_sample("report.docx", 80)` has its first line.
        """
        most = checks.integer("max_chars", max_chars, minimum=0)
        source = source_of_file(_path(file_path), {})
        return _core.reading_document(source.input).wait().text[:most]


def _path(file_path: object) -> Path:
    if not isinstance(file_path, (str, os.PathLike)):
        raise FileError(f"file_path must be a path, not {type(file_path).__name__}")
    return Path(cast("str | os.PathLike[str]", file_path)).expanduser()
