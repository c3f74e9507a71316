"""The rows of many files, as they end: files are read at the same time, with one planned model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from structx._engine.reasons import reason_of
from structx.exceptions import (
    ConfigurationError,
    ExtractionError,
    FileError,
    JournalError,
    ProviderError,
)

if TYPE_CHECKING:
    from structx._cli.sources import Source
    from structx.extractor import Extractor
    from structx.progress import Progress
    from structx.results import RowResult
    from structx.run_options import RunOptions
    from structx.usage import ExtractorUsage

_BUFFERED = 100
"""Outcomes that wait to be written; chosen by hand, not measured."""
_MOST_REFUSALS = 3
"""As many refusals in a row end a call, too; see `fail_fast`."""
_REFUSALS = ("authentication", "quota")


@dataclass(frozen=True)
class Outcome:
    """How a row ended, or why a file could not be extracted from."""

    source: Source
    row: RowResult[Any] | None
    """None if the file as a whole failed."""
    model: Any
    """The type of the items; None if the file failed before it was known."""
    error: str | None = None
    reason: str = ""
    """The kind of the error, in words, for the summary."""
    usage: ExtractorUsage | None = None
    """That of plans that failed."""


@dataclass
class Job:
    """What is asked of each file."""

    extractor: Extractor
    query: str
    model: Any
    """The type of the items; None to plan one, for the first file that can be read."""
    file_options: dict[str, Any]
    options: RunOptions
    files: int
    """Files that are read at the same time."""
    deadline: float | None
    """Seconds for all files."""
    max_cost: float | None
    """US dollars for all files."""
    max_tokens: int | None
    """Tokens for all files."""
    spent: Callable[[], tuple[float | None, int]]
    """The cost and the tokens so far."""
    report: Callable[[Source, Progress], None]
    """Is told the progress of a file."""
    ended: Callable[[Source], None]
    """Is told that a file was read to its end."""
    warn: Callable[[Source, str], None]
    """Is told a warning of a file."""
    started: float = field(default_factory=time.monotonic)

    @property
    def at_a_time(self) -> int:
        """With a budget one file after another, since each may spend all that is left."""
        has_budget = self.max_cost is not None or self.max_tokens is not None
        return 1 if has_budget else max(1, self.files)

    def options_now(self, source: Source) -> RunOptions:
        """The options of the call for a file: what is left of budget and time."""

        def report(progress: Progress) -> None:
            self.report(source, progress)

        options = self.options.copy()
        options["progress"] = report
        cost, tokens = self.spent()
        if self.max_cost is not None:
            options["max_cost"] = max(0.0, self.max_cost - (cost or 0.0))
        if self.max_tokens is not None:
            options["max_tokens"] = max(0, self.max_tokens - tokens)
        if self.deadline is not None:
            left = self.deadline - (time.monotonic() - self.started)
            # A deadline must be positive; the call then says that it has passed.
            options["deadline"] = max(left, 1e-3)
        return options


async def rows_of(job: Job, sources: list[Source]) -> AsyncGenerator[Outcome, None]:
    """Yields the outcome of each row of all files as it ends, in no order.

    Raises ConfigurationError and JournalError, which concern all files.
    """
    queue: asyncio.Queue[Outcome | None] = asyncio.Queue(_BUFFERED)
    plan = _Plan(job.model)
    refusals = _Refusals()
    waiting = iter(sources)

    async def work() -> None:
        for source in waiting:
            await _file(job, source, plan, refusals, queue)

    async def work_all() -> None:
        workers = [asyncio.create_task(work()) for _ in range(min(job.at_a_time, len(sources)))]
        try:
            await asyncio.gather(*workers)
        except asyncio.CancelledError:
            raise  # nobody takes from the queue any more
        except BaseException:
            await queue.put(None)
            raise
        else:
            await queue.put(None)
        finally:
            for worker in workers:
                worker.cancel()

    feeder = asyncio.create_task(work_all())
    try:
        while (outcome := await queue.get()) is not None:
            yield outcome
        await feeder
    finally:
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)


class _Plan:
    """The model of all files. The first file that can be read has it planned; others wait."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._turn = asyncio.Lock()

    async def begin(self) -> bool:
        """Waits for the model; True if the caller is to find it, and then calls `end`."""
        if self.model is not None:
            return False
        await self._turn.acquire()
        if self.model is None:
            return True
        self._turn.release()
        return False

    def end(self, model: Any) -> None:
        self.model = model
        self._turn.release()


class _Refusals:
    """Ends the work once the key or the credit is refused again and again."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self.error: str | None = None

    def count(self, kind: str | None, error: str | None) -> None:
        if error is None:
            self._in_a_row = 0
        elif kind in _REFUSALS:
            self._in_a_row += 1
            if self._in_a_row >= _MOST_REFUSALS:
                self.error = error


async def _file(
    job: Job,
    source: Source,
    plan: _Plan,
    refusals: _Refusals,
    queue: asyncio.Queue[Outcome | None],
) -> None:
    plans = await plan.begin()
    try:
        if refusals.error is not None:
            error = f"not requested, after refusals in a row: {refusals.error}"
            await queue.put(Outcome(source, None, plan.model, error, "not requested"))
            return
        async with job.extractor.extract_stream_async(
            data=source.data,
            query=job.query,
            model=plan.model,
            file_options=job.file_options,
            **job.options_now(source),
        ) as stream:
            async for row in stream:
                if plans:
                    plan.end(stream.model)
                    plans = False
                kind = row.errors[-1].kind if row.errors else None
                refusals.count(kind, row.error)
                reason = "" if row.error is None else _spaced(reason_of(row))
                await queue.put(Outcome(source, row, stream.model, row.error, reason))
            for warning in stream.warnings:
                job.warn(source, warning)
        job.ended(source)
    except ExtractionError as error:
        cause = error.__cause__
        if isinstance(cause, (ConfigurationError, JournalError)):
            raise cause from error
        if isinstance(cause, (TypeError, ValueError)):
            raise ConfigurationError(str(error)) from error
        refusals.count(cause.kind if isinstance(cause, ProviderError) else None, str(error))
        reason = _words(type(cause).__name__) if cause else "error"
        if isinstance(cause, ProviderError) and cause.kind:
            reason = _spaced(cause.kind)
        elif isinstance(cause, FileError) and type(cause) is FileError:
            reason = "the file can't be read"
        await queue.put(Outcome(source, None, None, str(error), reason, error.usage))
    finally:
        if plans:
            plan.end(None)


def _spaced(kind: str) -> str:
    return kind.replace("_", " ")


def _words(name: str) -> str:
    """`CorruptFileError` as `corrupt file`."""
    spaced = "".join(f" {one.lower()}" if one.isupper() else one for one in name)
    return spaced.strip().removesuffix(" error")
