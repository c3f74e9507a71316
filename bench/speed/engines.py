"""Prints the rows per second of Daft and Ray actors beside plain `extract` (Linux).

`python bench/speed/engines.py [ROWS] [ROUNDS]`: all forms take turns over one fake provider, with
the same number of requests at a time (`cargo build --release --example fake-provider`; daft and ray
of the group `engines`). Each form has extracted once before the clock starts, and Ray's actors live
on: a cluster starts its workers once, for hours of work.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from fake import provider
from pydantic import BaseModel

from structx import BatchFunction, Extractor, Limits

ROOT = Path(__file__).resolve().parents[2]
LATENCY_MS = 100
AT_A_TIME = 200
"""Requests, of all workers together."""
ACTORS = 2


class Word(BaseModel):
    word: str


class Actor:
    """An actor of Ray, without the data plane of Ray Data."""

    def __init__(self, extract: BatchFunction) -> None:
        self.extract = extract

    def __call__(self, batch: Any) -> Any:
        return self.extract(batch)


def parts_of(table: Any) -> list[Any]:
    """The part of each actor."""
    size = -(-table.num_rows // ACTORS)
    return [table.slice(start, size) for start in range(0, table.num_rows, size)]


def extractor(base_url: str, workers: int = 1) -> Extractor:
    """An extractor for one of so many workers."""
    share = AT_A_TIME // workers
    limits = Limits(max_concurrency=share)
    return Extractor(
        model="openai/fake", api_base=base_url, max_threads=share, limits=limits, max_retries=0
    )


def plain(base_url: str) -> Callable[[Any], int]:
    one = extractor(base_url)
    return lambda table: (
        one.extract(data=table, query="q", model=Word, return_df="long").data.num_rows
    )


def daft(base_url: str) -> Callable[[Any], int]:
    daft: Any = import_module("daft")
    extract = extractor(base_url).batch_function(query="q", model=Word)

    @daft.func.batch(return_dtype=daft.DataType.from_arrow_type(extract.nested_type))
    def words(text: Any) -> Any:
        pa: Any = import_module("pyarrow")
        return extract.nested(pa.table({"text": text.to_arrow()}))

    def run(table: Any) -> int:
        frame = daft.from_arrow(table)
        return len(
            frame.select(words(frame["text"]).alias("word")).explode("word").to_pydict()["word"]
        )

    return run


def ray_actors(base_url: str) -> Callable[[Any], int]:
    """A pool of actors that lives on between the calls."""
    ray: Any = import_module("ray")
    extract = extractor(base_url, ACTORS).batch_function(query="q", model=Word)
    kind = ray.remote(num_cpus=1)(Actor)
    actors = [kind.remote(extract) for _ in range(ACTORS)]

    def run(table: Any) -> int:
        calls = [
            actor.__call__.remote(part) for actor, part in zip(actors, parts_of(table), strict=True)
        ]
        return sum(made.num_rows for made in ray.get(calls))

    return run


FORMS = {
    "plain extract": plain,
    "Daft": daft,
    f"{ACTORS} actors of Ray": ray_actors,
}


def main(rows: int = 20_000, rounds: int = 5) -> None:
    pa: Any = import_module("pyarrow")
    ray: Any = import_module("ray")
    os.environ["OPENAI_API_KEY"] = "k"
    os.environ["DAFT_RUNNER"] = "native"  # Daft would take Ray, which runs here
    variables = {
        "PYTHONPATH": f"{ROOT}/python{os.pathsep}{Path(__file__).parent}",
        "OPENAI_API_KEY": "k",
    }
    ray.init(
        num_cpus=ACTORS,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": variables},
    )
    table = pa.table({"text": [f"a short text of row {row}" for row in range(rows)]})
    seconds: dict[str, list[float]] = {name: [] for name in FORMS}
    with provider(ROOT / "target/release/examples/fake-provider") as running:
        runs = {name: make(running.base_url) for name, make in FORMS.items()}
        for name, run in runs.items():
            assert run(table.slice(0, 4 * AT_A_TIME)) == 4 * AT_A_TIME, name
        for _ in range(rounds):
            for name, run in runs.items():
                running.script(latency_ms=LATENCY_MS)
                started = time.perf_counter()
                assert run(table) == rows, name
                seconds[name].append(time.perf_counter() - started)
    least = median(seconds["plain extract"])
    print(f"{rows:,} rows, {AT_A_TIME} requests at a time of {LATENCY_MS} ms, medians of {rounds}:")
    for name, times in seconds.items():
        took = median(times)
        print(
            f"{name:40}{rows / took:9,.0f} rows/s, {took / least:.2f} of the time of plain extract"
        )
    ray.shutdown()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
