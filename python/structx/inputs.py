"""What may be given as data, in the form that the core reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, Union, cast

from pydantic_core import PydanticSerializationError, to_json

Data: TypeAlias = Union[str, "os.PathLike[str]", Sequence[Mapping[str, Any]]]
"""A text, a path (see `Extractor.extract`) or a list of dicts, each of them a row."""


def encode(data: Data) -> str | bytes | Path:
    """A text or a path as it is, and a list of dicts as JSON.

    Raises TypeError for anything else, and ValueError for dicts that have no form in JSON.
    """
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


def _kind(value: object) -> str:
    return type(value).__name__
