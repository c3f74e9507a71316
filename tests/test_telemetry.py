"""Spans and metrics for OpenTelemetry, as its in-memory exporters receive them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from loops import Word
from provider import FakeProvider, connect
from structx import Extractor
from structx._engine import semantic_conventions as names
from structx._engine import telemetry

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

ROWS = [{"t": "row0"}, {"t": "row1"}]
CALL: dict[str, Any] = {"data": ROWS, "query": "the secret word", "model": Word}


class Telemetry:
    """What was exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name.startswith(name)]

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        metrics = [it for r in data.resource_metrics for s in r.scope_metrics for it in s.metrics]
        return [point for it in metrics if it.name == name for point in it.data.data_points]


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[Telemetry]:
    """Providers of this test: those of the process can be set only once."""
    made = Telemetry()
    tracing = TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(made.exporter))
    metering = MeterProvider([made.reader])
    monkeypatch.setattr(trace, "get_tracer", tracing.get_tracer)
    monkeypatch.setattr(metrics, "get_meter", metering.get_meter)
    telemetry._instruments.cache_clear()
    yield made
    telemetry._instruments.cache_clear()
    tracing.shutdown()
    metering.shutdown()


def test_an_operation_has_a_span_with_its_requests(
    provider: FakeProvider, exported: Telemetry
) -> None:
    connect(provider).extract(**CALL)
    [operation] = exported.spans("structx extract")
    assert operation.attributes is not None
    assert operation.attributes[names.OPERATION] == "extract"
    assert operation.attributes[names.ROWS] == 2
    assert operation.attributes[names.TOKENS] == 30
    assert names.COST not in operation.attributes
    assert operation.status.status_code is StatusCode.UNSET
    rows = {span.context.span_id: span for span in exported.spans("structx row")}
    assert sorted(dict(span.attributes or {})[names.ROW] for span in rows.values()) == [0, 1]
    for span in rows.values():
        assert span.parent is not None and span.attributes is not None
        assert span.parent.span_id == operation.context.span_id
        assert span.attributes[names.MODEL] == "openai/fake"
        assert span.attributes[names.JOURNALED] is False
    requests = exported.spans("chat fake")
    assert len(requests) == 2
    assert {span.parent.span_id for span in requests if span.parent} == set(rows)
    for span in requests:
        assert span.parent is not None and span.attributes is not None
        row = rows[span.parent.span_id]
        assert row.start_time is not None and row.end_time is not None
        assert span.start_time is not None and span.end_time is not None
        # The clock is read in Python, once a request or a row has ended.
        assert row.start_time <= span.end_time <= row.end_time
        assert span.kind is SpanKind.CLIENT
        assert span.attributes[names.PROVIDER_NAME] == "openai"
        assert (span.attributes[names.INPUT_TOKENS], span.attributes[names.OUTPUT_TOKENS]) == (
            10,
            5,
        )
        assert span.start_time <= span.end_time


def test_failed_rows_and_requests_are_told(provider: FakeProvider, exported: Telemetry) -> None:
    provider.script({"when": "row1", "status": 429})
    connect(provider).extract(**CALL)
    rows = {dict(row.attributes or {})[names.ROW]: row for row in exported.spans("structx row")}
    assert rows[0].status.status_code is StatusCode.UNSET
    assert rows[1].status.status_code is StatusCode.ERROR
    assert dict(rows[1].attributes or {})[names.ERROR_TYPE] == "rate_limit"
    [failed] = [it for it in exported.spans("chat") if it.status.status_code is StatusCode.ERROR]
    assert failed.attributes is not None
    assert failed.attributes[names.ERROR_TYPE] == "rate_limit"
    assert failed.attributes[names.HTTP_STATUS] == 429


def test_durations_tokens_and_rows_are_measured(
    provider: FakeProvider, exported: Telemetry
) -> None:
    provider.script({"when": "row1", "status": 429})
    connect(provider).extract(**CALL)
    durations = exported.points(names.DURATION)
    assert sum(point.count for point in durations) == 2
    assert {point.attributes.get(names.ERROR_TYPE) for point in durations} == {None, "rate_limit"}
    tokens = {it.attributes[names.TOKEN_TYPE]: it.sum for it in exported.points(names.TOKEN_USAGE)}
    assert tokens == {"input": 10, "output": 5}
    rows = {point.attributes[names.OUTCOME]: point.value for point in exported.points(names.ROWS)}
    assert rows == {"success": 1, "failed": 1}


def test_retries_are_spans_of_one_row_and_plans_of_none(
    provider: FakeProvider, exported: Telemetry
) -> None:
    plan = {
        "model_name": "Named",
        "model_description": "",
        "fields": [{"name": "word", "type": "string", "description": "a word"}],
        "instructions": "",
    }
    provider.script(
        {"when": "extraction_plan", "content": json.dumps(plan)}, {"status": 500}, {"status": 500}
    )
    extractor = Extractor(
        model="openai/fake", api_key="k", api_base=provider.base_url, max_retries=3, min_wait=0
    )
    extractor.extract(data="a text", query="the word")
    [operation], [row] = exported.spans("structx extract"), exported.spans("structx row")
    parents = [it.parent.span_id for it in exported.spans("chat") if it.parent]
    assert sorted(parents) == sorted([operation.context.span_id] + 3 * [row.context.span_id])


def test_the_rows_of_queries_are_apart(provider: FakeProvider, exported: Telemetry) -> None:
    connect(provider).extract_queries(data="a text", queries=["one", "two"], return_df=False)
    rows = exported.spans("structx row")
    assert [dict(row.attributes or {})[names.ROW] for row in rows] == [0, 0]
    parents = {it.parent.span_id for it in exported.spans("chat") if it.parent}
    assert {row.context.span_id for row in rows} < parents


def test_the_span_is_within_that_of_the_caller(provider: FakeProvider, exported: Telemetry) -> None:
    async def main() -> None:
        with trace.get_tracer("test").start_as_current_span("caller"):
            await connect(provider).extract_async(**CALL)
            stream = connect(provider).extract_stream_async(**CALL)
            assert len([row async for row in stream]) == 2

    asyncio.run(main())
    [caller] = exported.spans("caller")
    operations = exported.spans("structx extract")
    assert [it.name for it in operations] == [
        "structx extract_async",
        "structx extract_stream_async",
    ]
    for span in operations:
        assert span.parent is not None
        assert span.parent.span_id == caller.context.span_id


def test_an_error_is_the_status_of_the_span(provider: FakeProvider, exported: Telemetry) -> None:
    with pytest.raises(Exception, match="query"):
        connect(provider).extract(data="text", query=" ")
    [operation] = exported.spans("structx extract")
    assert operation.status.status_code is StatusCode.ERROR
    assert operation.status.description == "ended by ExtractionError"


def test_no_content_is_exported(provider: FakeProvider, exported: Telemetry) -> None:
    provider.script({"when": "row1", "status": 400, "content": "the secret word"})
    connect(provider).extract(**CALL)
    said = "".join(span.to_json() for span in exported.exporter.get_finished_spans())
    assert "secret" not in said and "row0" not in said


def test_without_opentelemetry_nothing_is_imported(provider: FakeProvider) -> None:
    program = (
        "import sys\nfrom structx import Extractor\n"
        f"Extractor(model='openai/fake', api_key='k', api_base={provider.base_url!r})"
        ".extract(data='text', query='q', model={'type': 'object'})\n"
        "print(*[name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("openai/gpt-4o", ("openai", "gpt-4o")),
        ("gemini/gemini-2.5-pro", ("gcp.gemini", "gemini-2.5-pro")),
        ("openai/responses/gpt-5", ("openai", "responses/gpt-5")),
        ("claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        ("mine", ("_OTHER", "mine")),
    ],
)
def test_providers_have_the_names_of_the_convention(name: str, known: tuple[str, str]) -> None:
    assert names.provider_and_model(name) == known
