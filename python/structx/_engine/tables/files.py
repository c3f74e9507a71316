"""Reads Parquet and Arrow files with pyarrow or polars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from pydantic_core import to_json

from structx import _core
from structx._engine.tables.encode import encode
from structx._engine.tables.libraries import library_of
from structx.exceptions import FileError

# The magic numbers of the formats.
_FILES = {b"PAR1": "Parquet", b"ARROW1": "Arrow"}
_EXTENSIONS = (".parquet", ".pq", ".feather", ".arrow")
_OPTIONS = ("usecols", "columns", "nrows", "where")
# Options that every file accepts; these formats ignore them.
_ANY = frozenset({"mode", "password", "limits", "ocr", "ocr_languages"})


def is_file(content: bytes) -> bool:
    """Whether content that starts with these bytes is a Parquet or Arrow file."""
    return _kind(content) is not None


def is_named(path: str) -> bool:
    """Whether the extension is that of a Parquet or Arrow file."""
    return path.lower().endswith(_EXTENSIONS)


def read_file(file: Path | tuple[str, bytes], options: Mapping[str, Any]) -> Any:
    """Reads a Parquet or Arrow (Feather) file, given as a path or as its name and content.

    Returns the table, or None for other files. Raises FileError if the file can't be read, neither
    pyarrow nor polars is installed, or an option is wrong.
    """
    kind = _kind_of(file)
    if kind is None:
        return None
    name, source = (str(file), file) if isinstance(file, Path) else (file[0], BytesIO(file[1]))
    chosen, rows = _chosen(name, options)
    try:
        if find_spec("pyarrow"):
            table = _by_pyarrow(source, kind)
            table = table if rows is None else table.slice(0, rows)
        elif find_spec("polars"):
            pl: Any = import_module("polars")
            read: Any = pl.read_parquet if kind == "Parquet" else pl.read_ipc
            table = read(source, n_rows=rows)
        else:
            raise FileError(
                f"{name}: {kind} needs pyarrow: pip install 'structx-rs[pyarrow]'", name
            )
    except FileError:
        raise
    except Exception as error:  # the libraries raise many classes
        raise FileError(f"{name}: is not valid {kind}, or damaged: {error}", name) from error
    if (where := options.get("where")) is not None:
        table = _meeting(name, where, table)
    return table if chosen is None else table.select(_named(name, chosen, table))


def _kind_of(file: Path | tuple[str, bytes]) -> str | None:
    if isinstance(file, tuple):
        return _kind(file[1])
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return _kind(opened.read(6))
    except OSError:
        return None  # the core raises the error


def _kind(content: bytes) -> str | None:
    return next((kind for magic, kind in _FILES.items() if content.startswith(magic)), None)


def _chosen(name: str, options: Mapping[str, Any]) -> tuple[list[Any] | None, int | None]:
    for option, value in options.items():
        if value is not None and option not in {*_OPTIONS, *_ANY}:
            takes = ", ".join(_OPTIONS)
            message = f"{name}: the option `{option}` is of no use to this file; it takes {takes}"
            raise FileError(message, name)
    rows = options.get("nrows")
    if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 0):
        raise FileError("file_options: `nrows` must be a number of rows", name)
    chosen = options.get("columns", options.get("usecols"))
    if chosen is not None and not isinstance(chosen, (list, tuple)):
        raise FileError("file_options: `usecols` must be a list of names or of positions", name)
    return (None if chosen is None else list(cast("Iterable[Any]", chosen))), rows


def _meeting(name: str, where: Any, table: Any) -> Any:
    """The rows that meet the conditions."""
    library = cast("str", library_of(table))
    kept = _core.rows_where(encode(table, library)[0], name, to_json({"where": where}).decode())
    return table.take(kept) if library == "pyarrow" else table[kept]


def _named(name: str, chosen: list[Any], table: Any) -> list[str]:
    names: list[str] = getattr(table, "column_names", None) or table.columns
    positions = [names[n] for n in chosen if type(n) is int and 0 <= n < len(names)]
    found = {*positions, *(n for n in chosen if n in names)}
    if not found or len(found) < len(set(chosen)):
        raise FileError(f"{name}: no column of {chosen}; the columns are {', '.join(names)}", name)
    return [column for column in names if column in found]


def _by_pyarrow(source: Path | BytesIO, kind: str) -> Any:
    if kind == "Parquet":
        parquet: Any = import_module("pyarrow.parquet")
        return parquet.read_table(source)
    ipc: Any = import_module("pyarrow.ipc")
    with ipc.open_file(source) as reader:
        return reader.read_all()
