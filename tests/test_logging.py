"""Logging: one line for each operation, requests at DEBUG, and neither documents nor keys."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import re
from typing import Any

import pytest

from loops import Run, Word
from provider import FakeProvider, connect
from structx import ExtractionError, Extractor

KEY, TEXT, QUERY = "sk-secret-key", "Meier owes 7 EUR", "who owes whom"
CALL: dict[str, Any] = {"data": [{"t": TEXT}, {"t": "row2"}], "query": QUERY, "model": Word}
REFINED: dict[str, Any] = {
    "model_description": "",
    "fields": [{"name": "word", "type": "string", "description": "a word"}],
}
PLAN = {"model_name": "Named", "instructions": "", **REFINED}


@pytest.fixture
def keyed(provider: FakeProvider) -> Extractor:
    prices: Any = {"openai/fake": {"input": 1, "output": 2}}
    return Extractor(
        model="openai/fake", api_key=KEY, api_base=provider.base_url, max_retries=0, prices=prices
    )


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    """The messages of this level, without times."""
    said = [record for record in caplog.records if record.name == "structx"]
    assert not [it for it in said if re.search(f"{KEY}|Meier|owes", it.getMessage())]
    return [re.sub(r"\d+\.\d\d s", "TIME", it.getMessage()) for it in said if it.levelno == level]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "structx")
    return caplog


def test_an_extraction_is_one_line(keyed: Extractor, log: pytest.LogCaptureFixture) -> None:
    keyed.extract(**CALL)
    assert lines(log) == [
        "extract: 2 of 2 rows, 0 failed, 0 from the journal, 2 requests, 30 tokens, $0.000040, TIME"
    ]
    assert len(lines(log, logging.DEBUG)) == 2


def test_requests_are_lines_at_debug(
    provider: FakeProvider, keyed: Extractor, log: pytest.LogCaptureFixture
) -> None:
    provider.script({"when": "row2", "status": 429, "content": TEXT})
    keyed.extract(**CALL)
    row, good, bad = sorted(lines(log, logging.DEBUG), key=len)
    assert row == "row 1 failed: rate_limit"
    assert re.fullmatch(
        r"request to openai/fake: ok, status 200, TIME, 10 \+ 5 tokens, id fake-\d+", good
    )
    assert bad.startswith("request to openai/fake: rate_limit, status 429, TIME, 0 + 0 tokens, id")
    assert "1 failed" in lines(log)[0]


def test_every_operation_has_a_line(
    provider: FakeProvider, keyed: Extractor, log: pytest.LogCaptureFixture, run: Run
) -> None:
    plans = {"when": "extraction_plan", "times": 10, "content": json.dumps(PLAN)}
    provider.script(plans, {"when": "refinement", "content": json.dumps(REFINED)})
    source: dict[str, Any] = {"data": "a text", "query": QUERY}
    keyed.get_schema(**source)
    keyed.refine_data_model(model=Word, refinement_instructions=QUERY)
    keyed.extract_queries(data="a text", queries=[QUERY], return_df=False)
    list(keyed.extract_stream(**CALL))
    run(keyed.extract_async(**CALL))
    run(keyed.get_schema_async(**source))
    assert lines(log) == [
        "get_schema: 1 request, 15 tokens, $0.000020, TIME",
        "refine_data_model: 1 request, 15 tokens, $0.000020, TIME",
        "extract_queries: 1 of 1 rows, 0 failed, 0 from the journal, 2 requests, 30 tokens, "
        "$0.000040, TIME",
        "extract_stream: 2 of 2 rows, 0 failed, 0 from the journal, 2 requests, 30 tokens, "
        "$0.000040, TIME",
        "extract_async: 2 of 2 rows, 0 failed, 0 from the journal, 2 requests, 30 tokens, "
        "$0.000040, TIME",
        "get_schema_async: 1 request, 15 tokens, $0.000020, TIME",
    ]


def test_one_that_fails_says_so_without_the_reason(
    provider: FakeProvider, keyed: Extractor, log: pytest.LogCaptureFixture
) -> None:
    provider.script({"status": 400, "content": TEXT})
    with pytest.raises(ExtractionError):
        keyed.get_schema(data=TEXT, query=QUERY)
    with pytest.raises(ExtractionError):
        keyed.extract(data=TEXT, query="")
    [failed, wrong] = lines(log)
    assert failed.startswith("get_schema, ended by ExtractionError: 1 request, 0 tokens")
    assert wrong == "extract, ended by ExtractionError: TIME"


def test_one_that_is_cancelled_says_so(
    provider: FakeProvider, log: pytest.LogCaptureFixture, run: Run
) -> None:
    provider.script({"fault": "stall", "times": 100})

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(connect(provider).extract_async(**CALL), 0.2)

    run(main())
    (said,) = lines(log)
    assert said.startswith("extract_async, ended by CancelledError: 0 of 2 rows, ")


@pytest.mark.parametrize("way", ["close", "drop", "never begun"])
def test_a_stream_that_is_left_has_its_line_once(
    keyed: Extractor, log: pytest.LogCaptureFixture, way: str
) -> None:
    stream = keyed.extract_stream(**CALL)
    if way != "never begun":
        next(stream)
    if way == "close":
        stream.close()
    del stream
    gc.collect()
    said = lines(log)
    assert len(said) == (0 if way == "never begun" else 1)
    assert all(it.startswith("extract_stream, closed: ") for it in said)


def test_nothing_is_said_where_nobody_listens(
    keyed: Extractor, capfd: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("structx")
    assert any(isinstance(handler, logging.NullHandler) for handler in logger.handlers)
    keyed.extract(**CALL)
    assert capfd.readouterr() == ("", "")


def test_failed_rows_are_one_warning_with_their_reasons(
    provider: FakeProvider, keyed: Extractor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "structx")
    provider.script({"when": "row2", "status": 429}, {"when": "Meier", "refusal": TEXT})
    keyed.extract(**CALL)
    list(keyed.extract_stream(**CALL))
    [said] = lines(caplog, logging.WARNING)
    assert said in (
        "extract: 2 rows failed: 1 rate_limit, 1 refusal",
        "extract: 2 rows failed: 1 refusal, 1 rate_limit",
    )
    [record] = caplog.records
    assert record.__dict__["reasons"] == {"rate_limit": 1, "refusal": 1}


def test_lines_have_fields(
    provider: FakeProvider, keyed: Extractor, log: pytest.LogCaptureFixture
) -> None:
    provider.script({"when": "row2", "status": 429})
    keyed.extract(**CALL)
    fields = [vars(record) for record in log.records if record.name == "structx"]
    assert {(it["operation"], it["source"]) for it in fields} == {("extract", "data")}
    [request] = [it for it in fields if it.get("outcome") == "ok"]
    assert (request["model"], request["tokens"], request["status"]) == ("openai/fake", 15, 200)
    assert request["row"] == 0
    [row] = [it for it in fields if "reason" in it]
    assert (row["row"], row["reason"]) == (1, "rate_limit")
    [ended] = [it for it in fields if it["levelno"] == logging.INFO]
    assert (ended["rows"], ended["failed"], ended["tokens"]) == (2, 1, 15)
    assert ended["cost"] == pytest.approx(20e-6) and ended["seconds"] > 0
