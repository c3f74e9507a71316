"""Prints the memory of a streamed run with a journal, without its input, in megabytes (Linux).

`python memory.py BASE_URL JOURNAL ROWS`; `run.py` calls it in a separate process.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pydantic import BaseModel

from structx import Extractor

OFTEN = 1_000
"""Rows between two measurements of memory."""


class Word(BaseModel):
    word: str


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


async def peak_mb(base_url: str, journal: str, count: int) -> float:
    """The peak of resident memory while rows are streamed, minus that before."""
    extractor = Extractor(model="openai/fake", api_key="k", api_base=base_url, max_threads=100)
    await extractor.extract_async(data="a text", query="the word", model=Word)
    rows = [{"id": number, "text": "a short text of a row"} for number in range(count)]
    before = peak = resident_mb()
    ended = 0
    stream = extractor.extract_stream_async(
        data=rows, query="the word", model=Word, journal=journal
    )
    async for _ in stream:
        ended += 1
        if ended % OFTEN == 1:
            peak = max(peak, resident_mb())
    if ended != count:
        raise SystemExit(f"{ended} of {count} rows have ended")
    return peak - before


if __name__ == "__main__":
    base_url, journal, count = sys.argv[1:]
    print(asyncio.run(peak_mb(base_url, journal, int(count))))
