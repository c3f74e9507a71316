"""Spans and metrics of operations, rows and requests for OpenTelemetry, without any content.

They are made only in programs that have imported OpenTelemetry, and go where these send them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from structx._engine import semantic_conventions as names

if TYPE_CHECKING:
    from structx import _core
    from structx.progress import Progress

_SECOND = 1_000_000_000
"""In nanoseconds."""


def begin(operation: str) -> Operation | None:
    """Begins the span of an operation, within the caller's; None without OpenTelemetry."""
    if "opentelemetry" not in sys.modules:
        return None
    try:
        return Operation(operation)
    except ImportError:  # a part of it, or another package of this name
        return None


class Operation:
    """The span of an operation, those of its rows and their requests, and what is measured."""

    def __init__(self, operation: str) -> None:
        from opentelemetry import trace

        self._operation = operation
        self._tracer = trace.get_tracer("structx")
        attributes = {names.OPERATION: operation}
        self._span = self._tracer.start_span(f"structx {operation}", attributes=attributes)
        self._context = trace.set_span_in_context(self._span)
        self._rows: dict[int, tuple[Any, Any]] = {}
        """The span of each row that is asked about, and its context, by the number of the row."""

    def source(self, name: str) -> None:
        """Takes the name of the source."""
        self._span.set_attribute(names.SOURCE, name)

    def request(self, raw: _core.RawRequest) -> None:
        """Makes the span of a request that has just ended, and measures it."""
        from opentelemetry.trace import SpanKind, StatusCode

        end = time.time_ns()
        context = self._context
        if (number := raw["row_number"]) is not None:
            _, context = self._row(number, end - int(raw["row_seconds"] * _SECOND))
        provider, model = names.provider_and_model(raw["model"])
        common: dict[str, Any] = {
            names.OPERATION_NAME: names.CHAT,
            names.PROVIDER_NAME: provider,
            names.REQUEST_MODEL: model,
        }
        has_failed = raw["outcome"] != "ok"
        if has_failed:
            common[names.ERROR_TYPE] = raw["outcome"]
        own = {
            names.INPUT_TOKENS: raw["prompt_tokens"],
            names.OUTPUT_TOKENS: raw["completion_tokens"],
            names.HTTP_STATUS: raw["status"],
            names.REQUEST_ID: raw["request_id"],
        }
        span = self._tracer.start_span(
            f"{names.CHAT} {model}",
            context=context,
            kind=SpanKind.CLIENT,
            start_time=end - int(raw["seconds"] * _SECOND),
            attributes={**common, **_known(own)},
        )
        if has_failed:
            span.set_status(StatusCode.ERROR, raw["outcome"])
        span.end(end_time=end)
        duration, tokens, _ = _instruments()
        duration.record(raw["seconds"], common, context=context)
        for kind, number in (("input", "prompt_tokens"), ("output", "completion_tokens")):
            if raw[number]:
                of_kind = {**common, names.TOKEN_TYPE: kind}
                tokens.record(raw[number], of_kind, context=context)

    def row(self, raw: _core.RawRowEnd) -> None:
        """Ends the span of a row."""
        from opentelemetry.trace import StatusCode

        end = time.time_ns()
        span, _ = self._row(raw["row_number"], end - int(raw["seconds"] * _SECOND))
        self._rows.pop(raw["row_number"], None)
        own = {
            names.SOURCE: raw["source"],
            names.ROW: raw["row"],
            names.JOURNALED: raw["from_journal"],
            names.MODEL: raw["model"],
            names.ERROR_TYPE: raw["failure"],
        }
        span.set_attributes(_known(own))
        if raw["failure"] is not None:
            span.set_status(StatusCode.ERROR, raw["failure"])
        span.end(end_time=end)

    def _row(self, number: int, begun: int) -> tuple[Any, Any]:
        """The span of a row, with its context; its first request makes it, or its end."""
        if (known := self._rows.get(number)) is None:
            from opentelemetry import trace

            span = self._tracer.start_span("structx row", context=self._context, start_time=begun)
            known = self._rows[number] = (span, trace.set_span_in_context(span, self._context))
        return known

    def end(self, how: str, progress: Progress | None, statuses: Mapping[str, int]) -> None:
        """Ends the span; `how` is the reason of an early end."""
        from opentelemetry.trace import StatusCode

        if progress is not None:
            counts = {
                names.ROWS: progress.rows,
                names.ROWS_FAILED: progress.failed,
                names.JOURNALED: progress.journaled,
                names.REQUESTS: progress.requests,
                names.TOKENS: progress.tokens,
                names.COST: progress.cost,
            }
            self._span.set_attributes(_known(counts))
        if how:
            self._span.set_status(StatusCode.ERROR, how)
        for span, _ in list(self._rows.values()):  # of rows that were aborted
            span.end()
        self._rows.clear()
        self._span.end()
        for status, number in statuses.items():
            attributes = {names.OPERATION: self._operation, names.OUTCOME: status}
            _instruments()[2].add(number, attributes, context=self._context)


def _known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


@cache
def _instruments() -> tuple[Any, Any, Any]:
    """The histograms of duration and tokens, and the counter of rows."""
    from opentelemetry import metrics

    meter = metrics.get_meter("structx")
    duration = meter.create_histogram(
        names.DURATION,
        unit="s",
        description="Duration of a request to a model.",
        explicit_bucket_boundaries_advisory=list(names.DURATION_BOUNDARIES),
    )
    tokens = meter.create_histogram(
        names.TOKEN_USAGE,
        unit="{token}",
        description="Tokens of a request to a model.",
        explicit_bucket_boundaries_advisory=list(names.TOKEN_BOUNDARIES),
    )
    rows = meter.create_counter(names.ROWS, unit="{row}", description="Rows by their status.")
    return duration, tokens, rows
