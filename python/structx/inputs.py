"""What may be given as data, in the form that the core reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

from pydantic_core import PydanticSerializationError, to_json

from structx.exceptions import FileError

if TYPE_CHECKING:
    from structx import _core

Data: TypeAlias = Union[str, "os.PathLike[str]", Sequence[Mapping[str, Any]]]
"""A text, a path (see `Extractor.extract`) or a list of dicts, each of them a row."""

Encoded: TypeAlias = "tuple[str | bytes | Path | _core.Prepared, str]"
"""The data as the core takes it, and the options of the table reader as JSON."""


@dataclass(frozen=True)
class Source:
    """The data of one call."""

    input: Encoded
    table: Any = None
    """The caller's own table; None for other data."""
    labels: list[Any] | None = None
    """The labels of its rows; None where it has none."""


def source_of(data: Data, file_options: Mapping[str, Any] | None = None) -> Source:
    """A text or a path as it is, and a list of dicts as JSON.

    Raises TypeError for data of another kind, ValueError for dicts that have no form in JSON, and
    FileError for options that have none.
    """
    return Source((_encode(data), _options(file_options)))


def _encode(data: Data) -> str | bytes | Path:
    if isinstance(data, str):
        data.encode()  # lone surrogates have no form in UTF-8
        return data
    if isinstance(data, os.PathLike):
        return Path(data)
    if not isinstance(data, Sequence) or isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data must be a text, a path or a list of dicts, not {_kind(data)}")
    for position, record in enumerate(data):
        if not isinstance(record, Mapping):
            kind = _kind(cast(object, record))
            raise TypeError(f"data[{position}] must be a dict, not {kind}")
        if len({str(key) for key in record}) != len(record):
            raise ValueError(f"data[{position}] has two keys of the same name as text")
    try:
        # NaN, which tables use for "missing", becomes null.
        return to_json(data, fallback=str, inf_nan_mode="null")
    except (PydanticSerializationError, RecursionError) as error:
        raise ValueError(f"data can't be written as JSON: {error}") from error


def _options(options: Mapping[str, Any] | None) -> str:
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


def _kind(value: object) -> str:
    return type(value).__name__
