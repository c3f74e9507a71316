"""Prints rows per second and peak memory of many rows, kept and streamed (Linux).

`python bench/speed/rows.py ROWS [FORM ...]`: each form in its own process, over the fake provider
without latency (`cargo build --release --example fake-provider`). Memory is the peak of the process
minus that before the run, without the input; that of `wide`, rows of 30 columns, includes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fake import provider
from pydantic import BaseModel

from structx import ExtractionResult, Extractor

ROOT = Path(__file__).resolve().parents[2]


class Word(BaseModel):
    word: str


def memory_mb(name: str) -> float:
    """A line of the status of this process: VmRSS, or VmHWM for the peak."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def measure(what: str, rows: int, before: float, run: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    made = run()
    seconds = time.perf_counter() - start
    peak, now = memory_mb("VmHWM") - before, memory_mb("VmRSS") - before
    print(f"{what:24}{rows / seconds:11,.0f} rows/s, peak {peak:6,.0f} MB, after {now:6,.0f} MB")
    return made


def run(base_url: str, form: str, rows: int) -> None:
    extractor = Extractor(model="openai/fake", api_key="k", api_base=base_url, max_threads=100)
    extractor.extract(data="a text", query="the word", model=Word)
    pa: Any = import_module("pyarrow")
    text = ["a short text of a row"] * rows
    call: Any = {
        "data": pa.table({"id": list(range(rows)), "text": text}),
        "query": "the word",
        "model": Word,
    }
    del text
    before = memory_mb("VmRSS")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        match form:
            case "kept":
                made: ExtractionResult[Word] = measure(
                    form, rows, before, lambda: extractor.extract(**call)
                )
                for name in ("to_arrow", "to_parquet", "to_jsonl", "to_csv"):
                    write = getattr(made, name)
                    arguments = [] if name == "to_arrow" else [path]
                    measure(f"  {name}", rows, before, lambda w=write, a=arguments: w(*a))
            case "long":
                measure(form, rows, before, lambda: extractor.extract(**call, return_df="long"))
            case "streamed":
                stream = extractor.extract_stream(**call)
                measure(form, rows, before, lambda: sum(1 for _ in stream))
            case "streamed to Parquet":
                stream = extractor.extract_stream(**call)
                measure(form, rows, before, lambda: stream.to_parquet(path))
            case "wide":
                # Read in one piece, and let go: what stays is what the allocator keeps.
                del call["data"]
                wide = [{f"c{n}": f"value {row} of {n}" for n in range(30)} for row in range(rows)]
                measure(form, rows, before, lambda: extractor.extract(**call, data=wide))
                del wide
                print(f"{'  let go':24}{'':29}after {memory_mb('VmRSS') - before:6,.0f} MB")
            case _:
                raise SystemExit(f"there is no form {form!r}")


FORMS = ("kept", "long", "streamed", "streamed to Parquet", "wide")


def main(rows: str, *forms: str) -> None:
    given = os.environ.get("STRUCTX_FAKE_PROVIDER")
    program = Path(given or ROOT / "target/release/examples/fake-provider")
    for form in forms or FORMS:
        with provider(program) as running:
            command = [sys.executable, __file__, "--run", running.base_url, form, rows]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    if sys.argv[1] == "--run":
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(*sys.argv[1:])
