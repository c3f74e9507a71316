"""A batch function in the engines that it is for; each test is skipped without its engine.

`make test-engines` installs them; Spark needs Java.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from long_tables import Ticket
from provider import ROOT, FakeProvider
from structx import BatchFunction, Extractor, Limits

ROWS = 60
DATA = {"id": list(range(ROWS)), "text": [f"row {number}" for number in range(ROWS)]}
TWO = '{"items": [{"problem": "a"}, {"problem": "b", "count": 3}]}'
# The engines warn of their own and of Python's deprecations.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def extract(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> BatchFunction:
    """A function for workers, which read the key from their environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}/python{os.pathsep}{ROOT}/tests")
    provider.script({"times": 1_000, "content": TWO})
    extractor = Extractor(
        model="openai/fake",
        api_base=provider.base_url,
        max_retries=0,
        limits=Limits(max_concurrency=8).share(2),
    )
    return extractor.batch_function(
        query="q", model=Ticket, columns=["text"], keep={"id": pa.int64()}
    )


def check(lines: list[dict[str, Any]]) -> None:
    """Each row has its two items in their order."""
    found = sorted((line["id"], line["item"], line["problem"], line["count"]) for line in lines)
    assert found == [
        line for number in range(ROWS) for line in ((number, 0, "a", 0), (number, 1, "b", 3))
    ]
    assert {line["status"] for line in lines} == {"success"}


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    ray: Any = pytest.importorskip("ray")
    variables = {"PYTHONPATH": f"{ROOT}/python{os.pathsep}{ROOT}/tests", "OPENAI_API_KEY": "k"}
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": variables},
    )
    yield ray
    ray.shutdown()


def test_ray_tasks(extract: BatchFunction, ray: Any) -> None:
    rows = ray.data.from_arrow(pa.table(DATA)).repartition(3)
    made = rows.map_batches(extract, batch_format="pyarrow", batch_size=None)
    check(made.take_all())


class Actor:
    """What Ray needs for actors: a class."""

    def __init__(self, extract: BatchFunction) -> None:
        self.extract = extract

    def __call__(self, batch: Any) -> Any:
        return self.extract(batch)


@pytest.mark.parametrize("kind", ["pyarrow", "pandas", "numpy"])
def test_ray_actors(extract: BatchFunction, ray: Any, kind: str) -> None:
    made = ray.data.from_arrow(pa.table(DATA)).map_batches(
        Actor,
        fn_constructor_args=[extract],
        batch_format=kind,
        batch_size=20,
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    check(made.take_all())


def test_daft(extract: BatchFunction) -> None:
    daft: Any = pytest.importorskip("daft")

    @daft.func.batch(return_dtype=daft.DataType.from_arrow_type(extract.nested_type))
    def tickets(id: Any, text: Any) -> Any:
        return extract.nested(pa.table({"id": id.to_arrow(), "text": text.to_arrow()}))

    frame = daft.from_pydict(DATA)
    made = frame.select(tickets(frame["id"], frame["text"]).alias("ticket")).explode("ticket")
    check([line["ticket"] for line in made.to_pylist()])


def test_spark(extract: BatchFunction, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    from pyspark.sql import SparkSession  # pyright: ignore
    from pyspark.sql.pandas.types import from_arrow_schema  # pyright: ignore

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    build: Any = SparkSession.builder
    session = (
        build.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "25")
        .getOrCreate()
    )
    try:
        rows = list(zip(*DATA.values(), strict=True))
        frame = session.createDataFrame(rows, "id bigint, text string").repartition(2)
        schema = from_arrow_schema(extract.schema)
        made = frame.mapInArrow(lambda batches: map(extract, batches), schema)
        check([row.asDict() for row in made.collect()])
    finally:
        session.stop()


def test_duckdb(extract: BatchFunction) -> None:
    duckdb: Any = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        documents = pa.table(DATA)
        # Another cursor, as the first query is not yet at its end when the second one reads it.
        batches = connection.cursor().sql("FROM documents").to_arrow_reader(25)
        found = pa.RecordBatchReader.from_batches(extract.schema, map(extract, batches))
        connection.sql("CREATE TABLE tickets AS FROM found")
        assert documents is not None and found is not None  # used by the SQL
        check(connection.sql("FROM tickets").to_arrow_table().to_pylist())


def test_a_relation_of_duckdb_is_data(extract: BatchFunction, provider: FakeProvider) -> None:
    duckdb: Any = pytest.importorskip("duckdb")
    extractor = Extractor(model="openai/fake", api_base=provider.base_url, max_retries=0)
    with duckdb.connect() as connection:
        relation = connection.sql("SELECT 'row ' || range AS text FROM range(3)")
        result = extractor.extract(data=relation, query="q", model=Ticket)
        assert result.attempted_count == 3
        found = connection.sql("SELECT row_id, problem, count FROM result ORDER BY ALL").fetchall()
    assert found == [(row, *item) for row in range(3) for item in (("a", 0), ("b", 3))]


def test_dask(extract: BatchFunction) -> None:
    pytest.importorskip("dask.dataframe")
    import dask.dataframe as dd
    import pandas as pd

    frame: Any = dd.from_pandas(pd.DataFrame(DATA), npartitions=2)
    made = frame.map_partitions(extract, meta=extract(frame._meta)).compute(scheduler="threads")
    check(made.to_dict("records"))
