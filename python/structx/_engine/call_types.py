"""The arguments of `extract` and its forms, as type checkers see them.

Literals, unions and `Annotated` have no type that checkers could pass on: their items are `Any`.
All that checkers know of them is that they are hashable, which a JSON Schema is not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, TypeAdapter
from typing_extensions import Required, TypeVar

from structx.run_options import RunOptions

if TYPE_CHECKING:
    from structx.inputs import Data

T = TypeVar("T", default=BaseModel)

ListOf: TypeAlias = "type[list[T]] | TypeAdapter[list[T]]"
"""A model whose items are those of a list."""
ItemOf: TypeAlias = "type[T] | TypeAdapter[T] | None"
"""A model of one item. Without one, it is planned: a pydantic model."""
JsonSchema: TypeAlias = "Mapping[str, Any] | str | os.PathLike[str]"
"""A JSON Schema, or the path of one."""


class StreamCall(RunOptions, total=False):
    """The arguments of `extract_stream` but the model."""

    data: Required[Data]
    query: Required[str]
    file_options: Mapping[str, Any] | None


class ListCall(StreamCall, total=False):
    """The arguments of `extract` but the model, with a list of items as its data."""

    return_df: Literal[False]
    expand_nested: bool


class TableCall(StreamCall, total=False):
    """The arguments of `extract` but the model, with a table or what may be one as its data."""

    return_df: Required[bool | Literal["long"]]
    expand_nested: bool
