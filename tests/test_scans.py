"""Text recognition with its real weights, on images that are made here."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samples
import structx
from structx import _core
from structx._engine import page_pixels
from structx.local_models import ocr
from waiting import eventually, stays, until

DPI = 150
SCALE = DPI / 72
TITLE = "INVOICE 2041"
LINES = [
    "Invoice number 2041 of 3 May 2026",
    "Twelve steel screws at 4.50 each",
    "The total of 1,254.00 EUR is due in 30 days",
    "Please send it to the office in Paris",
]
LEAST_SCORE = 0.8
SIDE = 420
"""The pages are square, in points."""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
needs_threads = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="the names of threads are not in /proc"
)


@pytest.fixture(autouse=True, scope="module")
def weights() -> None:
    """Skips without the weights, except in CI, which has to fetch them."""
    if not ocr.is_present():
        problem = "the weights of OCR are not on this machine: structx models pull ocr"
        if os.environ.get("CI"):
            raise RuntimeError(problem)
        pytest.skip(problem)


def page(degrees: float = 0, lines: list[str] = LINES) -> bytes:
    """The content of a page with lines, which is turned around its middle, clockwise."""
    cosine, sine = math.cos(math.radians(degrees)), -math.sin(math.radians(degrees))
    middle = SIDE / 2
    turn = f"1 0 0 1 {middle} {middle} cm {cosine:.6f} {sine:.6f} {-sine:.6f} {cosine:.6f} 0 0 cm"
    shown = [f"BT /F1 22 Tf 40 350 Td ({TITLE}) Tj ET"]
    shown += [
        f"BT /F1 12 Tf 40 {300 - 40 * row} Td ({line}) Tj ET" for row, line in enumerate(lines)
    ]
    return f"{turn} 1 0 0 1 {-middle} {-middle} cm {' '.join(shown)}".encode()


def pdf(*contents: bytes) -> bytes:
    return samples.pdf(contents, media=f"0 0 {SIDE} {SIDE}")


@pytest.fixture(scope="module")
def pixels() -> Any:
    """An upright page as grey pixels."""
    source = structx.read(("a.pdf", pdf(page())), mode="vision").source
    return page_pixels.of_page(source, 1, DPI, 10_000_000).mean(axis=2).astype(np.uint8)


def png(pixels: Any) -> tuple[str, bytes]:
    height, width = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return "scan.png", samples.png(width, height, zlib.compress(rows))


def words(document: structx.Document) -> list[str]:
    return document.text.replace("#", "").split()


EXPECTED = " ".join([TITLE, *LINES]).split()


def turned(box: tuple[float, float], quarters: int, side: float) -> tuple[float, float]:
    x, y = box
    for _ in range(quarters):
        x, y = side - y, x
    return x, y


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_an_image_is_read_however_it_is_turned(quarters: int, pixels: Any) -> None:
    native = structx.read(("a.pdf", pdf(page()))).words
    document = structx.read(png(np.rot90(pixels, -quarters)))
    assert words(document) == EXPECTED
    [only] = document.pages
    assert (only.method, only.recognition, only.needs_vision) == ("ocr", "done", False)
    assert len(document.words) == len(native)
    for word, known in zip(document.words, native, strict=True):
        assert word.score is not None and LEAST_SCORE < word.score <= 1
        box = known.box
        middle = (SCALE * (box.left + box.right) / 2, SCALE * (box.top + box.bottom) / 2)
        x, y = turned(middle, quarters, pixels.shape[0])
        assert word.box.left < x < word.box.right and word.box.top < y < word.box.bottom
        # Not much larger than the letters.
        area = (word.box.right - word.box.left) * (word.box.bottom - word.box.top)
        assert area < 3 * SCALE**2 * (box.right - box.left) * (box.bottom - box.top)


@pytest.mark.parametrize("degrees", [-3, 1.5])
def test_the_skew_of_a_scan_is_undone(degrees: float) -> None:
    items = [("12 steel screws", 4), ("3 copper pipes", 7), ("40 wooden planks", 19)]
    rows = [f"{name}) Tj 200 0 Td ({price}.50" for name, price in items]
    document = structx.read(("a.pdf", pdf(page(degrees, rows))), ocr="always")
    expected = [TITLE, "12 steel screws 4.50", "3 copper pipes 7.50", "40 wooden planks 19.50"]
    found = " ".join(word for word in words(document) if word.strip("|-"))
    assert found == " ".join(expected)


def test_languages_restrict_the_symbols(pixels: Any) -> None:
    assert words(structx.read(png(pixels), ocr_languages=["en"])) == EXPECTED
    with pytest.raises(structx.FileError, match='does not know the language "ru"'):
        structx.read(png(pixels), ocr_languages=["ru"], mode="text")


def test_a_blank_page_of_a_scan_is_complete() -> None:
    grey = b"0.95 g 0 0 420 420 re f"
    document = structx.read(("a.pdf", pdf(page(), grey)))
    assert [it.recognition for it in document.pages] == [None, "done"]
    assert not document.pages[1].needs_vision


def recognizing() -> int:
    """The number of pages that are recognised, or wait for it."""
    names = (path / "comm" for path in Path("/proc/self/task").iterdir())
    return sum(read_text(name) == "structx-ocr" for name in names)


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:  # the thread has ended
        return ""


LONG = pdf(*[page()] * 100)
"""More pages than are recognised in a minute."""


@needs_threads
def test_a_cancelled_call_recognises_no_further_page(pixels: Any) -> None:
    async def cancel() -> None:
        reading = asyncio.create_task(structx.read_async(("a.pdf", LONG), ocr="always"))
        # Another one waits for its turn, and is cancelled while it does.
        waiting = asyncio.create_task(structx.read_async(("b.pdf", LONG), ocr="always"))
        await until(lambda: recognizing() == 2)
        for task in (waiting, reading):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancel())
    assert eventually(lambda: stays(lambda: not recognizing(), 0.5), within=20)
    assert words(structx.read(png(pixels))) == EXPECTED


@needs_threads
def test_several_documents_are_recognised_one_after_another(pixels: Any) -> None:
    found: list[list[str]] = []

    def read() -> None:
        found.append(words(structx.read(png(pixels))))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [EXPECTED] * 3


@needs_fork
@needs_threads
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_child_forked_during_a_recognition_has_its_own(
    is_loaded: bool, pixels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_loaded:
        # An engine of its own, which the other thread loads now.
        (tmp_path / "models").symlink_to(ocr.folder().parent, target_is_directory=True)
        monkeypatch.setenv("STRUCTX_CACHE_DIR", str(tmp_path))
    file = png(pixels)
    structx.read("some words")  # all imports are done
    ended: list[BaseException] = []

    async def load() -> None:
        reading = asyncio.create_task(structx.read_async(("a.pdf", LONG), ocr="always"))
        while not stop.is_set():
            await asyncio.sleep(0.01)
        reading.cancel()

    def run(body: Callable[[], Any]) -> None:
        try:
            asyncio.run(body())
        except BaseException as error:
            ended.append(error)

    stop = threading.Event()
    thread = threading.Thread(target=run, args=(load,))
    thread.start()
    try:
        assert eventually(lambda: recognizing() == 1, within=60)
        child = os.fork()
        if child == 0:
            os._exit(0 if words(structx.read(file)) == EXPECTED else 1)
        status: list[int] = []

        def is_over() -> bool:
            pid, code = os.waitpid(child, os.WNOHANG)
            status.extend([code] if pid else [])
            return bool(status)

        if not eventually(is_over, within=60):
            os.kill(child, 9)
            os.waitpid(child, 0)
        assert [os.waitstatus_to_exitcode(code) for code in status] == [0]
    finally:
        stop.set()
        thread.join()
    assert not ended
    assert _core.can_recognize()
