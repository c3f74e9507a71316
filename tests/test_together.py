"""Reading many documents concurrently does not block the loop, and uses several threads."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import samples
import structx
from loops import Run

COUNT = 100
PAGES = 20


@pytest.fixture
def report(tmp_path: Path) -> Path:
    lines = [samples.WORDS] * 50
    path = tmp_path / "report.pdf"
    path.write_bytes(samples.pdf([samples.page_of(lines)] * PAGES))
    return path


def test_the_loop_is_free_while_documents_are_read(report: Path, run: Run) -> None:
    async def main() -> tuple[list[structx.Document], list[int]]:
        reads = [asyncio.ensure_future(structx.read_async(report)) for _ in range(COUNT)]
        done_at_ticks: list[int] = []
        while not all(read.done() for read in reads):
            done_at_ticks.append(sum(read.done() for read in reads))
            await asyncio.sleep(0.001)
        return [await read for read in reads], done_at_ticks

    documents, done_at_ticks = run(main())
    assert [len(document.pages) for document in documents] == [PAGES] * COUNT
    # A blocked loop would see none of them done, and then all.
    assert len({done for done in done_at_ticks if 0 < done < COUNT}) > 5


@pytest.mark.skipif(sys.platform != "linux", reason="threads are listed as Linux does")
def test_documents_are_read_by_several_threads(report: Path, run: Run) -> None:
    def spent() -> dict[str, int]:
        """The CPU time of each thread of the core, in clock ticks."""
        threads = {}
        for task in Path("/proc/self/task").iterdir():
            with suppress(FileNotFoundError):  # it has ended
                stat = (task / "stat").read_text(encoding="ascii")
                name, fields = stat.partition("(")[2].rpartition(")")[::2]
                if name.startswith("structx"):
                    threads[task.name] = sum(map(int, fields.split()[11:13]))
        return threads

    async def main() -> tuple[dict[str, int], dict[str, int]]:
        before = spent()
        await asyncio.gather(*(structx.read_async(report) for _ in range(COUNT)))
        return before, spent()

    before, after = run(main())
    busy = [thread for thread, ticks in after.items() if ticks > before.get(thread, 0)]
    assert len(busy) > 1
