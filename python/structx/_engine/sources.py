"""Several sources of one call, which the core takes one by one."""

from __future__ import annotations

import os
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Sized,
)
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from structx import _core
from structx._engine import inputs
from structx._engine.source import Source
from structx._engine.tables import streams
from structx._engine.tables.encode import labels_of
from structx._engine.tables.libraries import library_of
from structx._engine.tables.values import column_of
from structx.exceptions import FileError
from structx.file_sets import Files
from structx.inputs import PreparedInput

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from concurrent.futures import Future

    from structx.inputs import Data

COLUMN = "source_column"
"""The option that names the column of a table whose values are sources."""

_MISSING = ("float", "NAType", "NaTType")
"""The types of missing values in the columns of tables, beside None."""

Given: TypeAlias = "tuple[Any, str, str | int] | tuple[str | int, str] | None"
"""The input of a source with its label; its label and why it can't be read; or the end."""


def sources_of(
    data: Data, file_options: Mapping[str, Any] | None = None, loop: AbstractEventLoop | None = None
) -> Source:
    """`inputs.source_of` for data that may be several sources.

    Args:
        data: the data of a call.
        file_options: the options of the call.
        loop: the event loop of the caller, for asynchronous iterators.
    """
    if isinstance(file_options, Mapping) and file_options.get(COLUMN) is not None:
        return _of_column(data, file_options)
    if isinstance(data, Files):
        data = data.paths()
    elif isinstance(data, str):
        source = inputs.source_of(data, file_options)
        label = None if isinstance(source.input[0], str) else data
        if not _is_archive(label):
            return _labeled(source, label)
        data = [data]
    elif not _are_several(data):
        label = _label(data)
        if not _is_archive(label):
            return _labeled(inputs.source_of(cast(Any, data), file_options), label)
        data = [cast(Any, data)]
    total = len(data) if isinstance(data, Sized) else None
    return Source(_several(_iterator(data, loop), total, file_options), are_several=True)


def _labeled(source: Source, label: str | None) -> Source:
    source.label = label
    source.input = (source.input[0], source.input[1], 0 if label is None else label)
    return source


def _is_archive(label: str | None) -> bool:
    """Whether it is the name of a zip archive or a mailbox, whose files are sources."""
    return label is not None and label.lower().endswith((".zip", ".mbox"))


def _several(
    items: Iterator[Any], total: int | None, file_options: Mapping[str, Any] | None
) -> tuple[Sources, str]:
    checked = inputs.options_of(file_options)
    if not file_options:
        return Sources(items, total, {}), checked
    options = {name: value for name, value in file_options.items() if name != COLUMN}
    return Sources(items, total, options), inputs.options_of(options)


def _are_several(data: Any) -> bool:
    if isinstance(data, (Files, AsyncIterable)):
        return True
    if (
        isinstance(data, (str, bytes, bytearray, memoryview, Mapping, PreparedInput, os.PathLike))
        or hasattr(data, "read")
        or library_of(data)
        or inputs.is_unsupported_table(data)
        or streams.is_stream(data)
        or isinstance(getattr(data, "source", None), _core.Prepared)
        or not isinstance(data, Iterable)
    ):
        return False
    match cast("object", data):
        case (str(), bytes() | bytearray()):
            return False
        case Sequence():
            items = cast("Sequence[object]", data)
            # No items are a table without rows, and dicts are its rows.
            return len(items) > 0 and not isinstance(items[0], Mapping)
        case _:
            return True


def _iterator(data: Any, loop: AbstractEventLoop | None) -> Iterator[Any]:
    if isinstance(data, AsyncIterable):
        if loop is None:
            raise TypeError(
                "an asynchronous iterator of sources needs extract_async or extract_stream_async"
            )
        return _OfLoop(aiter(cast("AsyncIterable[Any]", data)), loop)
    return iter(data)


def _of_column(data: Any, file_options: Mapping[str, Any]) -> Source:
    name = file_options[COLUMN]
    library = library_of(data)
    if library:
        values = column_of(data, library, name)
    elif isinstance(data, Sequence) and all(isinstance(row, Mapping) for row in cast(Any, data)):
        rows = cast("Sequence[Mapping[Any, Any]]", data)
        values = [row.get(name) for row in rows] if any(name in row for row in rows) else None
    else:
        kind = type(cast("object", data)).__name__
        raise FileError(f"file_options: `{COLUMN}` is for a table or a list of dicts, not {kind}")
    if values is None:
        raise FileError(f"file_options: `{COLUMN}`: there is no column {name!r}")
    labels = labels_of(data, library) if library else None
    encoded = _several(iter(values), len(values), file_options)
    return Source(encoded, data if library else None, labels, are_several=True)


class Sources:
    """Several sources; the core calls `take` on one thread at a time, and then `close`."""

    def __init__(
        self, items: Iterator[Any], total: int | None, file_options: Mapping[str, Any]
    ) -> None:
        self._items: Iterator[Any] | None = items
        self._options = file_options
        self.total = total
        """How many there are, if that is known."""

    def take(self, number: int) -> Given:
        """The source at this position. Raises what the caller's iterator raises, and TypeError."""
        items = self._items
        if items is None:
            return None
        try:
            item = next(items)
        except StopIteration:
            return None
        named = _label(item)
        label = number if named is None else named
        if item is None or type(item).__name__ in _MISSING:
            return label, "there is no source, but a missing value"
        if isinstance(item, Mapping) or _are_several(item):
            kind = type(cast("object", item)).__name__
            raise TypeError(
                f"data[{number}] must be one source, not a {kind}: give a table as a list of "
                "dicts, and the sources in one list"
            )
        try:
            encoded, options, *_ = inputs.source_of(item, self._options).input
        except TypeError as error:
            raise TypeError(str(error).replace("data", f"data[{number}]", 1)) from error
        except (FileError, OSError, ValueError) as error:
            return label, str(error) or type(error).__name__
        return encoded, options, label

    def close(self) -> None:
        """Lets go of the caller's iterator, which ends a generator."""
        items, self._items = self._items, None
        if isinstance(items, _OfLoop):
            items.close()


class _OfLoop:
    """An asynchronous iterator, which advances on the loop of the caller, as a blocking one."""

    def __init__(self, items: AsyncIterator[Any], loop: AbstractEventLoop) -> None:
        self._items = items
        self._loop = loop
        self._next: Future[Any] | None = None
        self._is_closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        from asyncio import run_coroutine_threadsafe
        from concurrent.futures import TimeoutError as NotYet

        if self._is_closed:
            raise StopIteration
        self._next = run_coroutine_threadsafe(_next(self._items), self._loop)
        while True:
            try:
                found = self._next.result(timeout=0.5)
            except NotYet:
                # Also what the iterator itself may raise.
                if self._next.done():
                    raise
                if self._loop.is_closed():
                    raise RuntimeError("the event loop of the sources is closed") from None
            else:
                if not found:
                    raise StopIteration
                return found[0]

    def close(self) -> None:
        self._is_closed = True
        if self._next is not None:
            self._next.cancel()


async def _next(items: AsyncIterator[Any]) -> tuple[()] | tuple[Any]:
    try:
        return (await anext(items),)
    except StopAsyncIteration:
        return ()


def _label(item: Any) -> str | None:
    """What rows call a source: the path as it was given, or a name; None for its position."""
    if isinstance(item, str):
        try:
            is_path = _core.path_of(item) is not None
        except (FileError, UnicodeEncodeError):
            is_path = True
        return item if is_path else None
    if isinstance(item, os.PathLike):
        return os.fspath(cast("os.PathLike[str]", item))
    pair = cast("object", item)
    if isinstance(pair, tuple) and pair and isinstance(pair[0], str):
        return pair[0]
    if isinstance(item, PreparedInput):
        return item.source().label
    is_named = hasattr(item, "read") or isinstance(getattr(item, "source", None), _core.Prepared)
    name = getattr(item, "name", None) if is_named else None
    return name if isinstance(name, str) and name else None
