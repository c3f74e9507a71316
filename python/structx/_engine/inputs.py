"""Converts the data of a call to the form that the core reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_json

from structx import _core
from structx._engine import checks
from structx._engine.source import Source
from structx._engine.tables import streams
from structx._engine.tables.encode import PART, encode
from structx._engine.tables.files import read_file
from structx._engine.tables.libraries import library_of
from structx._engine.tables.values import plain
from structx.exceptions import FileError
from structx.inputs import BinaryFile, OneSource, PreparedInput

_BLOCK = 1 << 20
"""Bytes per read of a file object; chosen by hand, not measured."""

# Table-like types that are not supported.
_HINTS = {"Series": "call .to_frame() on it"}


def source_of(data: OneSource, file_options: Mapping[str, Any] | None = None) -> Source:
    """Converts the data of a call to the form that the core reads.

    Raises TypeError for unsupported types of data, ValueError for values that JSON can't express,
    FileError for such options, and ExtractionError for a closed PreparedInput.
    """
    options = options_of(file_options)
    # Most data is a text or a path, whose kind need not be looked for.
    if not isinstance(data, str) and (known := _read_or_table(data, file_options, options)):
        return known
    encoded = _encode(data, options)
    if isinstance(encoded, (Path, tuple)):
        return source_of_file(encoded, file_options or {})
    return Source((encoded, options))


def _read_or_table(
    data: Any, file_options: Mapping[str, Any] | None, options: str
) -> Source | None:
    """The source of what was read already, or is a table of a library; None for other data."""
    if isinstance(prepared := getattr(data, "source", None), _core.Prepared):  # a Document
        return Source((prepared, options))
    if isinstance(data, PreparedInput):
        source = data.source()
        if source.are_several and file_options:
            raise FileError(
                "file_options: the data was read already; give the options when it is read"
            )
        return Source((source.input[0], options), source.table, source.labels, source.are_several)
    library = library_of(data)
    if library is None and _kind(data) not in _HINTS and streams.is_stream(data):
        data = streams.read(data)
        library = library_of(data)
    if library is None:
        return None
    encoded, labels = encode(data, library)
    return Source((encoded, options), data, labels)


def source_of_file(file: Path | tuple[str, bytes], file_options: Mapping[str, Any]) -> Source:
    """`source_of` for a file, given as a path or as its name and content."""
    table = read_file(file, file_options)
    if table is None:
        return Source((file, options_of(file_options)))
    encoded, _ = encode(table, cast(str, library_of(table)))
    return Source((encoded, "{}"))


def _encode(data: object, options: str) -> str | list[bytes] | tuple[str, bytes] | Path:
    if isinstance(data, str):
        checks.unicode("data", data)
        return _core.path_of(data) or data
    if isinstance(data, os.PathLike):
        return Path(cast("os.PathLike[str]", data))
    if isinstance(data, (bytes, bytearray, memoryview)):
        return "bytes", bytes(cast(bytes, data))
    if callable(getattr(data, "read", None)):
        return _content(cast(BinaryFile, data), options)
    match data:
        case (str(name), bytes() | bytearray() as content):
            return name, bytes(content)
        case Sequence():
            return _encode_records(cast("Sequence[object]", data))
        case _:
            hint = _HINTS.get(_kind(data))
            raise TypeError(
                "data must be a text, a path, bytes, a file object, a list of dicts, a DataFrame "
                "of pandas or polars, a Table of pyarrow, other data with an Arrow stream, or a "
                f"list or an iterator of such sources, not {_kind(data)}"
                + (f": {hint}" if hint else "")
            )


def _encode_records(records: Sequence[object]) -> list[bytes]:
    numbered = enumerate(records)
    try:
        # In parts, since the records in plain types take the most memory.
        parts = iter(lambda: [_record(*item) for item in islice(numbered, PART)], [])
        return [to_json(part, fallback=str) for part in parts]
    except (PydanticSerializationError, RecursionError) as error:
        raise ValueError(f"data can't be written as JSON: {error}") from error


def _content(file: BinaryFile, options: str) -> tuple[str, bytes]:
    """Reads a file object from its current position; stops once the limit of bytes is exceeded.

    Returns its name and content.
    """
    own = getattr(file, "name", None)  # a number if it was opened by its descriptor
    name = Path(own).name if isinstance(own, str) else ""
    import json  # not needed to import structx

    limits: dict[str, Any] = json.loads(_core.default_limits())
    match json.loads(options).get("limits"):
        case {"bytes": int(most)}:
            pass
        case _:
            most = int(limits["bytes"])
    most = _core.most_bytes(name, most)
    content = bytearray()
    while len(content) <= most:
        part = file.read(_BLOCK)
        if isinstance(part, str):
            part = part.encode(errors="surrogateescape")
        if not isinstance(part, (bytes, bytearray, memoryview)):
            raise TypeError(f"data.read() must give bytes, not {_kind(part)}")
        if not part:
            break
        content += part
    return name or "file", bytes(content)


def _record(position: int, record: object) -> Any:
    if not isinstance(record, Mapping):
        raise TypeError(f"data[{position}] must be a dict, not {_kind(record)}")
    keys = cast("Mapping[object, object]", record)
    if set(map(type, keys)) != {str} and len(set(map(str, keys))) != len(keys):
        raise ValueError(f"data[{position}] has two keys of the same name as text")
    return plain(keys)


def options_of(options: Mapping[str, Any] | None) -> str:
    """The options of the reader as JSON; raises FileError."""
    if options is None:
        return "{}"
    if not isinstance(options, Mapping):
        raise FileError(f"file_options must be a dict of options, not {_kind(options)}")
    for name, value in options.items():
        try:
            to_json({name: value}, inf_nan_mode="strings")
        except (PydanticSerializationError, RecursionError) as error:
            raise FileError(f"file_options: `{name}` can't be {_kind(value)}") from error
    return to_json(dict(options), inf_nan_mode="strings").decode()


def is_unsupported_table(data: object) -> bool:
    """Whether it is a kind of table for which there is another one."""
    return _kind(data) in _HINTS


def _kind(value: Any) -> str:
    return type(value).__name__
