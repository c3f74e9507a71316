"""Streams of the rows of an extraction, for `for` and `async for`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, cast

from pydantic import BaseModel
from typing_extensions import Self, TypeVar

from structx._engine import memory
from structx._engine.long_form.outputs import AsyncLongOutputs, LongOutputs
from structx._engine.threads import in_thread
from structx.exceptions import ExtractionError
from structx.usage import ExtractorUsage, of_planning

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable

    from structx import _core
    from structx._engine.long_form.outputs import Rows
    from structx._engine.run_context import RunContext
    from structx._engine.source import Source
    from structx.results import RowResult

R = TypeVar("R")
T = TypeVar("T", default=BaseModel)

Begin: TypeAlias = "Callable[[], tuple[_core.RowStream, Source]]"


class _Stream(Generic[T]):
    """The state of both kinds of stream."""

    model: type[T] | None = None
    """The type of the items, as in an ExtractionResult. A planned model is known once the first row
    is."""
    planning_usage: ExtractorUsage
    """Tokens of planning, known once the first row is. Each row has its own `usage`."""
    warnings: list[str]
    """The warnings of an ExtractionResult; complete after the last row."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self.planning_usage = of_planning([])
        self.warnings = []
        self._stream: _core.RowStream | None = None
        self._labels: Sequence[Any] | None = None
        self._are_several = False
        self._count = 0
        self._ready: deque[RowResult[T]] = deque()
        self._is_over = False
        self._is_taking = False

    def _started(self, source: Source, raw: _core.RawStart | None) -> None:
        if raw is None:
            return
        self.model, self.warnings = raw["model"], raw["warnings"]
        self.planning_usage = of_planning(raw["planning"])
        self._labels, self._are_several = source.labels, source.are_several

    def _taken(self, raw: _core.RawRows) -> None:
        rows, _ = raw.take(self._labels, self._are_several)
        self._run.count(rows)
        self._count += len(rows)
        self._ready.extend(rows)
        if not rows:
            self._is_over = True
            if self._stream is not None:
                self.warnings += self._stream.warnings()
            self._run.end()
            memory.give_back(self._count)

    def _model(self) -> type[T]:
        if self.model is None:
            raise ExtractionError("the stream is closed, so its items have no model")
        return self.model

    @contextmanager
    def _taking(self) -> Generator[None, None, None]:
        """Allows one consumer at a time; an exception closes the stream."""
        if self._is_taking:
            raise RuntimeError("a stream is already waiting for its next row")
        self._is_taking = True
        try:
            yield
        except BaseException as error:
            self._close(f"ended by {type(error).__name__}")
            raise
        finally:
            self._is_taking = False

    def close(self) -> None:
        """Aborts the requests in flight and ends the stream. Closing twice is no error."""
        self._close("closed")

    def _close(self, how: str) -> None:
        self._is_over = True
        self._ready.clear()
        if self._stream is not None:
            self._stream.close()
        self._run.end(how)

    def __del__(self) -> None:
        self.close()


class ExtractionStream(LongOutputs, _Stream[T]):
    """An iterator of rows, for one consumer.

    Its long table (`to_parquet`, `to_arrow`, ...) has the rows that are left, as they end.

    After a loop that ends early, requests continue until the stream is closed or garbage-collected;
    a `with` block closes it.

    Examples:
        >>> orders = [{"order": "two crates"}, {"order": "three crates"}]
        >>> with extractor.extract_stream(data=orders, query="extract the number") as rows:
        ...     first = next(rows)
        >>> first.status
        'success'
    """

    def __init__(self, run: RunContext, begin: Begin) -> None:
        super().__init__(run)
        self._begin: Begin | None = begin

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RowResult[T]:
        while not self._ready:
            if self._is_over:
                raise StopIteration
            with self._taking():
                self._take()
        return self._ready.popleft()

    def _take(self) -> None:
        self._taken(self._begun().next().wait())

    def _begun(self) -> _core.RowStream:
        # The data is not kept: its iterator ends with the stream.
        begin, self._begin = self._begin, None
        if begin is not None:
            self._stream, source = begin()
            self._started(source, self._stream.start().wait())
            del source
        return cast("_core.RowStream", self._stream)

    def _long_rows(self) -> Rows:
        if not self._is_over:
            with self._taking():
                self._begun()
        return self, self._model()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncExtractionStream(AsyncLongOutputs, _Stream[T]):
    """An asynchronous iterator of rows, for one consumer.

    Its long table (`await stream.to_parquet(...)`, ...) has the rows that are left, as they end.

    Cancelling a task that waits for a row closes the stream; so does an `async with` block at its
    end.

    Examples:
        >>> import asyncio
        >>> async def count(data):
        ...     async with extractor.extract_stream_async(data=data, query="extract it") as rows:
        ...         return sum([len(row.items) async for row in rows])
        >>> asyncio.run(count(["one text", "another"]))
        2
    """

    def __init__(
        self, run: RunContext, begin: Callable[[], Awaitable[tuple[_core.RowStream, Source]]]
    ) -> None:
        super().__init__(run)
        self._begin: Callable[[], Awaitable[tuple[_core.RowStream, Source]]] | None = begin

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RowResult[T]:
        while not self._ready:
            if self._is_over:
                raise StopAsyncIteration
            with self._taking():
                await self._take()
        return self._ready.popleft()

    async def _take(self) -> None:
        await self._begun()
        if self._stream is not None:
            self._taken(await self._stream.next().start())

    async def _begun(self) -> None:
        begin, self._begin = self._begin, None
        if begin is not None:
            self._stream, source = await begin()
            self._started(source, await self._stream.start().start())
            del source

    async def _with_long_rows(self, use: Callable[[Rows], R]) -> R:
        import asyncio  # its callers have it

        if not self._is_over:
            with self._taking():
                await self._begun()
        rows = self._from_thread(asyncio.get_running_loop())
        try:
            return await in_thread(partial(use, (rows, self._model())))
        except BaseException:
            self.close()  # which ends the rows in the other thread, too
            raise

    def _from_thread(self, loop: AbstractEventLoop) -> Iterator[RowResult[T]]:
        """The rows, for another thread than that of the loop, which takes them."""
        from asyncio import run_coroutine_threadsafe

        async def take() -> None:
            with self._taking():
                await self._take()

        while True:
            while self._ready:
                yield self._ready.popleft()
            if self._is_over:
                return
            run_coroutine_threadsafe(take(), loop).result()

    async def aclose(self) -> None:
        """`close` for asyncio; it does not wait either."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
