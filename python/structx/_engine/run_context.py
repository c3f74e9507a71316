"""The context of one operation: its checked options, its progress and its log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from typing_extensions import Self

from structx._engine import checks
from structx._engine.progress_bar import Bar, dollars, is_seen
from structx.progress import Progress
from structx.run_options import RunOptions

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

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
        self._options: RunOptions = options or {}
        if unknown := self._options.keys() - RunOptions.__annotations__.keys():
            raise TypeError(
                f"Extractor.{operation}() got an unexpected keyword argument {min(unknown)!r}"
            )
        self._bar: Bar | None = None
        self._show: Callable[[Progress], None] | None = None
        self._last: Progress | None = None
        self._loop: AbstractEventLoop | None = None
        self._is_scheduled = False
        self._started = 0.0
        self._is_under_way = False

    def check(self) -> None:
        """Checks the options and starts the clock; raises TypeError or ValueError."""
        self._started, self._is_under_way = time.monotonic(), True
        given = self._options
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
        if self._show or LOGGER.isEnabledFor(logging.INFO):
            self.progress = self._progressed
        if LOGGER.isEnabledFor(logging.DEBUG):
            self.log = _log_request

    def use_running_loop(self) -> None:
        """Shows the progress on the running event loop."""
        if self._options.get("progress"):
            import asyncio  # not needed to import structx

            with suppress(RuntimeError):  # none is running, which the job refuses
                self._loop = asyncio.get_running_loop()

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
        if not self._is_under_way:
            return
        self._last = Progress(**raw)
        if self._loop is None:
            self._show_last()
        elif self._show is not None and not self._is_scheduled:
            self._is_scheduled = True
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._show_last)

    def _show_last(self) -> None:
        self._is_scheduled = False
        if self._show is not None and self._last is not None and self._is_under_way:
            try:
                self._show(self._last)
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
        if LOGGER.isEnabledFor(logging.INFO):
            name = f"{self._operation}, {how}" if how else self._operation
            counts = [] if self._last is None else _counts(self._last)
            seconds = f"{time.monotonic() - self._started:.2f} s"
            LOGGER.info("%s: %s", name, ", ".join([*counts, seconds]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        # Without the message of the error, which may quote the document; the caller gets the error.
        self.end(f"ended by {type(error).__name__}" if error else "")


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
    requests = "1 request" if progress.requests == 1 else f"{progress.requests} requests"
    spent = [requests, f"{progress.tokens} tokens"]
    cost = [] if progress.cost is None else [dollars(progress.cost)]
    return [*(rows if progress.rows else []), *spent, *cost]


def _log_request(request: _core.RawRequest) -> None:
    LOGGER.debug(
        "request to %(model)s: %(outcome)s, status %(status)s, %(seconds).2f s, "
        "%(prompt_tokens)d + %(completion_tokens)d tokens, id %(request_id)s",
        request,
    )
