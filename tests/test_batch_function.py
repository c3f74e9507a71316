"""Extractions as functions of batches: any kind of table, in any process."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import structx
from long_tables import Ticket
from provider import ROOT, FakeProvider, connect
from structx import BatchFunction, ConfigurationError, ExtractionError, Extractor, Limits

KEEP = {"id": pa.int32()}
TEXTS = ["two", "none", "bad", "one"]


@pytest.fixture
def extract(provider: FakeProvider) -> BatchFunction:
    """A function over a provider with answers for TEXTS."""
    provider.script(
        {
            "when": "two",
            "times": 1_000,
            "content": '{"items": [{"problem": "a"}, {"problem": "b", "count": 3}]}',
        },
        {"when": "none", "times": 1_000, "content": '{"items": []}'},
        {"when": "bad", "times": 1_000, "status": 400},
        {"times": 1_000, "content": '{"items": [{"problem": "c"}]}'},
    )
    return connect(provider).batch_function(query="q", model=Ticket, columns=["text"], keep=KEEP)


def columns(texts: list[str] = TEXTS) -> dict[str, Any]:
    return {"id": list(range(10, 10 + len(texts))), "text": texts}


BATCHES: dict[str, Any] = {
    "record batch": lambda data: pa.record_batch(data),
    "table": lambda data: pa.table(data),
    "pandas": lambda data: pd.DataFrame(data, index=[5] * len(data["id"])),
    "polars": lambda data: pl.DataFrame(data),
    "numpy": lambda data: {name: np.array(values) for name, values in data.items()},
}


def lines(made: Any) -> list[dict[str, Any]]:
    if isinstance(made, dict):
        return [dict(zip(made, line, strict=True)) for line in zip(*made.values(), strict=True)]
    if isinstance(made, pd.DataFrame):
        made = pa.Table.from_pandas(made, preserve_index=False)
    return made.to_dicts() if isinstance(made, pl.DataFrame) else made.to_pylist()


@pytest.mark.parametrize("kind", BATCHES)
def test_a_batch_of_any_kind_gives_its_kind(extract: BatchFunction, kind: str) -> None:
    batch = BATCHES[kind](columns())
    made = extract(batch)
    assert type(made) is type(batch)
    assert [
        (line["id"], line["item"], line["problem"], line["count"], line["status"])
        for line in lines(made)
    ] == [
        (10, 0, "a", 0, "success"),
        (10, 1, "b", 3, "success"),
        (11, None, None, None, "empty"),
        (12, None, None, None, "failed"),
        (13, 0, "c", 0, "success"),
    ]


@pytest.mark.parametrize("kind", ["record batch", "table", "pandas"])
def test_the_schema_is_fixed_also_without_rows(extract: BatchFunction, kind: str) -> None:
    expected = pa.schema([*pa.schema(KEEP), *structx.arrow_schema(Ticket)])
    assert extract.schema.equals(expected)
    for texts in ([], ["none"], TEXTS):
        data = columns(texts)
        if not texts:
            data = {"id": pa.array([], pa.int64()), "text": pa.array([], pa.string())}
        made = extract(BATCHES[kind](data))
        made = pa.Table.from_pandas(made, preserve_index=False) if kind == "pandas" else made
        assert made.schema.remove_metadata().equals(expected)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(TEXTS), max_size=6))
def test_batches_have_one_schema_whatever_they_hold(
    extract: BatchFunction, texts: list[str]
) -> None:
    batch = pa.record_batch(
        {"id": pa.array(range(len(texts)), pa.int64()), "text": pa.array(texts, pa.string())}
    )
    made = extract(batch)
    assert made.schema.equals(extract.schema)
    assert set(made.column("id").to_pylist()) == set(range(len(texts)))
    nested = extract.nested(batch)
    assert nested.type == extract.nested_type
    # Errors name their request.
    found = [{**line, "error": None} for one in nested.to_pylist() for line in one]
    assert found == [{**line, "error": None} for line in made.to_pylist()]
    assert len(nested) == len(texts)


def test_only_the_columns_that_are_named_are_sent(
    extract: BatchFunction, provider: FakeProvider
) -> None:
    extract(pa.table({"id": [77_123], "text": ["two"], "secret": ["hidden"]}))
    (request,) = provider.requests()
    sent = str(request["body"])
    assert "two" in sent and "hidden" not in sent and "77123" not in sent


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (pa.table({"id": [1]}), "has no column 'text'"),
        (pa.table({"text": ["two"]}), "has no column 'id'"),
        (pa.table({"id": ["x"], "text": ["two"]}), "has not its type"),
    ],
)
def test_a_batch_without_its_columns_costs_nothing(
    extract: BatchFunction, provider: FakeProvider, batch: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        extract(batch)
    assert provider.stats()["requests"] == 0


def test_other_values_are_no_batch(extract: BatchFunction) -> None:
    with pytest.raises(TypeError, match="a batch must be"):
        extract(["text"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"model": Ticket, "keep": {"status": pa.string()}}, "keep has 'status'"),
        ({"model": Ticket, "keep": ["id"]}, "keep must have the Arrow types"),
        ({"model": Ticket, "columns": "text"}, "columns must be a list"),
        ({"model": Ticket, "query": " "}, "query must be a text"),
        ({"model": 5}, "model must be"),
        ({}, "needs a model, or a sample"),
    ],
)
def test_wrong_arguments_are_refused(subject: Extractor, call: Any, message: str) -> None:
    with pytest.raises(ExtractionError, match=message):
        subject.batch_function(**{"query": "q", **call})


def test_a_field_gives_way_to_a_column_that_goes_along(subject: Extractor) -> None:
    made = subject.batch_function(query="q", model=Ticket, keep={"problem": pa.string()})
    assert made.schema.names[:5] == ["problem", "row_id", "source", "item", "problem_extracted"]


def test_a_model_is_planned_once_where_the_function_is_made(provider: FakeProvider) -> None:
    plan = {
        "model_name": "Found",
        "model_description": "",
        "fields": [{"name": "name", "type": "str", "description": "its name"}],
        "instructions": "",
    }

    provider.script(
        {"when": "extraction_plan", "content": json.dumps(plan)},
        {"times": 1_000, "content": '{"items": [{"name": "x"}]}'},
    )
    extract = connect(provider).batch_function(query="the name", sample=[{"text": "a"}])
    assert provider.stats()["requests"] == 1
    for _ in range(2):
        made = extract(pa.table({"text": ["a"]}))
        assert made.column("name").to_pylist() == ["x"]
    assert provider.stats()["requests"] == 3


PROGRAM = """
import pickle, sys
import pyarrow as pa
first, second = (pickle.loads(open(sys.argv[1], "rb").read()) for _ in range(2))
for extract in (first, second, first):
    print(extract(pa.table({"id": [1], "text": ["one"]})).column("problem").to_pylist())
"""


def test_another_process_has_one_extractor_and_reads_the_key_there(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    provider.script({"times": 1_000, "content": '{"items": [{"problem": "c"}]}'})
    extractor = Extractor(model="openai/fake", api_base=provider.base_url, max_retries=0)
    extract = extractor.batch_function(query="q", model=Ticket, columns=["text"], keep=KEEP)
    path = tmp_path / "function.pickle"
    path.write_bytes(pickle.dumps(extract))
    assert b"very-secret" not in path.read_bytes()
    before = provider.stats()["connections"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}/python:{ROOT}/tests"},
    )
    assert done.stdout == "['c']\n" * 3
    assert provider.stats()["connections"] == before + 1


def test_a_key_that_no_variable_holds_does_not_pickle(extract: BatchFunction) -> None:
    with pytest.raises(ConfigurationError, match="no environment variable holds"):
        pickle.dumps(extract)


def test_a_batch_that_runs_again_is_read_from_the_journal(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script({"times": 1_000, "content": '{"items": [{"problem": "c"}]}'})
    extract = connect(provider).batch_function(
        query="q", model=Ticket, journal=tmp_path / "rows.journal"
    )
    batch = pa.table({"text": ["one", "two"]})
    first, again = extract(batch), extract(batch)
    assert first.column("problem").to_pylist() == again.column("problem").to_pylist() == ["c"] * 2
    assert provider.stats()["requests"] == 2


def test_workers_share_limits() -> None:
    limits = Limits(max_concurrency=10, requests_per_minute=60, tokens_per_minute=1_000)
    assert limits.share(4) == Limits(
        max_concurrency=2, requests_per_minute=15, tokens_per_minute=250
    )
    assert Limits(max_concurrency=2).share(5) == Limits(max_concurrency=1)
    assert Limits().share(3) == Limits()
    with pytest.raises(ConfigurationError, match="parts must be an integer"):
        limits.share(0)
