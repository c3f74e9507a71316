"""The context of one operation: its checked options, its progress and its log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import Self

from structx._engine import checks, telemetry
from structx._engine.progress_bar import Bar, is_seen
from structx._engine.reasons import reason_of
from structx._engine.text import dollars
from structx.progress import Progress
from structx.run_options import RunOptions

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from contextvars import Context

    from structx import _core

LOGGER = logging.getLogger("structx")
LOGGER.addHandler(logging.NullHandler())


class RunContext:
    """An operation from its call to its end.

    The core reads the attributes, and calls `progress` and `log`.
    """

    journal: Path | None = None
    max_cost: float | None = None
    max_tokens: int | None = None
    deadline: float | None = None
    fail_fast: bool | None = None
    evidence: bool | None = None
    grounding: tuple[str | dict[str, str], str] | None = None
    progress: Callable[[_core.RawProgress], None] | None = None
    log: Callable[[_core.RawRequest], None] | None = None
    row_ended: Callable[[_core.RawRowEnd], None] | None = None
    keeps_sources: bool = True
    validation_context: object = None

    def __init__(
        self,
        core: _core.Extractor,
        operation: str,
        options: RunOptions | None = None,
    ) -> None:
        """Raises TypeError for an unknown option.

        Args:
            core: the extractor.
            operation: the name of the method.
            options: the options of the caller.
        """
        self.core = core
        self._operation = operation
        self._options = options
        if options and (unknown := options.keys() - RunOptions.__annotations__.keys()):
            raise TypeError(
                f"Extractor.{operation}() got an unexpected keyword argument {min(unknown)!r}"
            )
        self._bar: Bar | None = None
        self._show: Callable[[Progress], None] | None = None
        self._last: Progress | None = None
        self.loop = _running_loop() if operation.endswith("_async") else None
        """The event loop of the caller, in asynchronous operations."""
        self._variables: Context | None = None
        self._source = ""
        self._statuses: dict[str, int] = {}
        self._reasons: dict[str, int] = {}
        self._span: telemetry.Operation | None = None
        self._started = 0.0
        self._is_under_way = False

    def check(self) -> None:
        """Checks the options and starts the clock; raises TypeError or ValueError."""
        self._started, self._is_under_way = time.monotonic(), True
        if self._options:
            self._check(self._options)
        self._span = telemetry.begin(self._operation)
        if self._show or self._span or LOGGER.isEnabledFor(logging.INFO):
            self.progress = self._progressed
        if self._span is not None:
            self.row_ended = self._span.row
        if self._span or LOGGER.isEnabledFor(logging.DEBUG):
            self.log = self._requested

    def _check(self, given: RunOptions) -> None:
        if (journal := given.get("journal")) is not None:
            self.journal = checks.path("journal", journal)
        if (max_cost := given.get("max_cost")) is not None:
            self.max_cost = checks.number("max_cost", max_cost)
        if (max_tokens := given.get("max_tokens")) is not None:
            self.max_tokens = checks.integer("max_tokens", max_tokens, minimum=0, below=2**63)
        if (deadline := given.get("deadline")) is not None:
            self.deadline = checks.number("deadline", deadline, positive=True)
        if (fail_fast := given.get("fail_fast")) is not None:
            self.fail_fast = checks.boolean("fail_fast", fail_fast)
        if (evidence := given.get("evidence")) is not None:
            self.evidence = checks.boolean("evidence", evidence)
        self.grounding = _grounding(given.get("require_grounding"), given.get("on_ungrounded"))
        self.validation_context = given.get("validation_context")
        self._show = self._shown(given.get("progress"))
        if self._show is not None and self.loop is not None:
            self._variables = copy_context()

    def read(self, source: str) -> None:
        """Takes the name of the source, for logs and spans."""
        self._source = source
        if self._span is not None:
            self._span.source(source)

    def count(self, rows: Sequence[_core.RowResult[Any]]) -> None:
        """Counts rows that have ended, for the log and the metrics."""
        if LOGGER.isEnabledFor(logging.WARNING):
            for row in rows:
                if row.error is not None:
                    self._failed(row)
        if self._span is not None:
            for row in rows:
                self._statuses[row.status] = self._statuses.get(row.status, 0) + 1

    def _failed(self, row: _core.RowResult[Any]) -> None:
        reason = reason_of(row)
        self._reasons[reason] = self._reasons.get(reason, 0) + 1
        fields = self._fields(row=row.position, reason=reason, model=row.model)
        LOGGER.debug("row %d failed: %s", row.position, reason, extra=fields)

    def _fields(self, **fields: object) -> dict[str, object]:
        """The fields of a line of the log, for handlers that write them."""
        return {"operation": self._operation, "source": self._source, **fields}

    def _requested(self, request: _core.RawRequest) -> None:
        if self._span is not None:
            self._span.request(request)
        tokens = request["prompt_tokens"] + request["completion_tokens"]
        LOGGER.debug(
            "request to %(model)s: %(outcome)s, status %(status)s, %(seconds).2f s, "
            "%(prompt_tokens)d + %(completion_tokens)d tokens, id %(request_id)s",
            request,
            extra=self._fields(**request, tokens=tokens),
        )

    def _shown(self, progress: object) -> Callable[[Progress], None] | None:
        if callable(progress):
            return cast("Callable[[Progress], None]", progress)
        if progress is not None and not isinstance(progress, bool):
            kind = type(progress).__name__
            raise TypeError(f"progress must be True, False or a function, not {kind}")
        if not progress or not is_seen():
            return None
        if find_spec("tqdm") is None:
            LOGGER.info("progress=True shows nothing without tqdm: pip install tqdm")
            return None
        self._bar = Bar(self._operation)
        return self._bar.show

    def _progressed(self, raw: _core.RawProgress) -> None:
        """Takes the progress, on a thread of structx; the caller of an async method has a loop."""
        if not self._is_under_way:
            return
        self._last = progress = Progress(**raw)
        if self._variables is None or self.loop is None:
            self._tell(progress)
            return
        # It comes before the result, which the loop is given later.
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self._tell, progress, context=self._variables)

    def _tell(self, progress: Progress) -> None:
        if self._show is None or not self._is_under_way:
            return
        try:
            self._show(progress)
        except Exception:
            self._show = None
            LOGGER.exception("the progress function raised; it is not called again")

    def end(self, how: str = "") -> None:
        """Closes the bar and logs the outcome of the operation. Ending it twice is no error.

        Args:
            how: the reason of an early end; empty otherwise.
        """
        if not self._is_under_way:
            return
        self._is_under_way = False
        if self._bar is not None:
            self._bar.close()
        if self._span is not None:
            self._span.end(how, self._last, self._statuses)
        if self._reasons:
            self._warn()
        if LOGGER.isEnabledFor(logging.INFO):
            name = f"{self._operation}, {how}" if how else self._operation
            counts = [] if self._last is None else _counts(self._last)
            seconds = time.monotonic() - self._started
            said = ", ".join([*counts, f"{seconds:.2f} s"])
            extra = self._fields(**_totals(self._last), seconds=seconds)
            LOGGER.info("%s: %s", name, said, extra=extra)

    def _warn(self) -> None:
        """Says once how many rows failed, and why."""
        number = sum(self._reasons.values())
        most = sorted(self._reasons.items(), key=lambda it: -it[1])
        said = ", ".join(f"{count} {reason}" for reason, count in most)
        rows = "1 row" if number == 1 else f"{number} rows"
        extra = self._fields(failed=number, reasons=dict(self._reasons))
        LOGGER.warning("%s: %s failed: %s", self._operation, rows, said, extra=extra)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        # Without the message of the error, which may quote the document; the caller gets the error.
        self.end(f"ended by {type(error).__name__}" if error else "")


def _running_loop() -> AbstractEventLoop | None:
    """The running loop of asyncio."""
    try:
        import asyncio  # its callers have it

        return asyncio.get_running_loop()
    except (RuntimeError, ImportError):  # none runs, or the interpreter exits
        return None


_LEVELS = ("fuzzy", "normalized", "exact")
_UNGROUNDED = ("reask", "null", "fail", "keep")


def _grounding(required: object, otherwise: object) -> tuple[str | dict[str, str], str] | None:
    """The rule in the form of the core; None without one."""
    otherwise = "reask" if otherwise is None else otherwise
    if otherwise not in _UNGROUNDED:
        names = ", ".join(map(repr, _UNGROUNDED))
        raise ValueError(f"on_ungrounded must be one of {names}, not {otherwise!r}")
    if required is None or required is False:
        return None
    if isinstance(required, Mapping):
        fields = cast("Mapping[object, object]", required)
        return {str(name): _level(level) for name, level in fields.items()}, str(otherwise)
    return "fuzzy" if required is True else _level(required), str(otherwise)


def _level(level: object) -> str:
    if not isinstance(level, str) or level not in _LEVELS:
        names = ", ".join(map(repr, _LEVELS))
        raise ValueError(
            f"require_grounding must be True, False, one of {names}, or a dict of fields to these, "
            f"not {level!r}"
        )
    return level


def _counts(progress: Progress) -> list[str]:
    rows = [
        f"{progress.done} of {progress.rows} rows",
        f"{progress.failed} failed",
        f"{progress.journaled} from the journal",
    ]
    if progress.files > 1:
        rows.insert(0, f"{progress.files} files")
    requests = "1 request" if progress.requests == 1 else f"{progress.requests} requests"
    spent = [requests, f"{progress.tokens} tokens"]
    cost = [] if progress.cost is None else [dollars(progress.cost)]
    return [*(rows if progress.rows else []), *spent, *cost]


def _totals(progress: Progress | None) -> dict[str, object]:
    """The counts of an operation, as fields."""
    if progress is None:
        return {}
    names = ("rows", "done", "failed", "journaled", "requests", "tokens", "cost")
    return {name: getattr(progress, name) for name in names}
