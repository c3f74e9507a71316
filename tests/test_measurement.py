"""`structx.measurement`: the size of a PDF, page by page, with and without text recognition."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import samples
import structx
from provider import ROOT
from structx import _core
from structx.document_parts import Page
from structx.exceptions import (
    ConfigurationError,
    CorruptFileError,
    FileError,
    LimitExceededError,
    PasswordRequiredError,
    UnsupportedFileError,
)
from structx.local_models import ocr
from structx.measurement import (
    ESTIMATOR_REVISION,
    DocumentMeasurement,
    DocumentMeasurer,
    PageMeasurement,
)
from test_vision import pdf

INVOICE = ROOT / "scripts/example_input/S0305SampleInvoice.pdf"


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A page with text, and one with a black square without text."""
    file = tmp_path / "scan.pdf"
    file.write_bytes(pdf("a few words", ""))
    return file


def protected() -> bytes:
    """A PDF that no password opens."""
    zeros = "00" * 32
    keys = f"/Filter /Standard /V 1 /R 2 /P -4 /O <{zeros}> /U <{zeros}>"
    trailer = f"/ID [<{zeros}> <{zeros}>] /Encrypt << {keys} >> /Root".encode()
    return samples.pdf([samples.page_of(["a"])]).replace(b"/Root", trailer)


def facts(measurement: DocumentMeasurement) -> list[tuple[int, str, str, str | None]]:
    return [
        (page.character_count, page.method, page.status, page.error_code)
        for page in measurement.pages
    ]


def test_a_file_with_text_is_measured_as_it_is_read() -> None:
    measurement = DocumentMeasurer().measure(INVOICE)
    document = structx.read(INVOICE)
    assert measurement.page_count == len(document.pages) == 1
    assert measurement.character_count == len(document.pages[0].text) > 1_000
    assert measurement.status == "complete" and measurement.error_codes == ()
    assert measurement.ocr_mode == "never"
    assert measurement.estimator_revision == ESTIMATOR_REVISION
    [page] = measurement.pages
    assert (page.page_number, page.method, page.status) == (1, "native", "complete")
    assert DocumentMeasurer(ocr_mode="auto").measure(str(INVOICE)).pages == measurement.pages


def test_a_page_without_text_is_partial(scan: Path) -> None:
    words = (11, "native", "complete", None)
    never = DocumentMeasurer().measure(scan)
    assert facts(never) == [words, (0, "none", "partial", "ocr_skipped")]
    assert [page.page_number for page in never.pages] == [1, 2]
    assert (never.status, never.error_codes) == ("partial", ("ocr_skipped",))
    assert (never.page_count, never.character_count) == (2, 11)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("never", [(11, "native", "complete", None), (0, "none", "partial", "ocr_skipped")]),
        ("auto", [(11, "native", "complete", None), (4, "ocr", "complete", None)]),
        ("always", [(4, "ocr", "complete", None), (4, "ocr", "complete", None)]),
    ],
)
def test_a_reader_is_asked_by_the_mode(mode: Any, expected: list[Any], scan: Path) -> None:
    measurement = DocumentMeasurer(ocr_mode=mode, ocr_reader=lambda image: "text").measure(scan)
    assert facts(measurement) == expected
    assert measurement.ocr_mode == mode


def test_a_reader_gets_the_pixels_of_the_page(scan: Path) -> None:
    images: list[Any] = []

    def read(image: Any) -> str:
        images.append(image.copy())
        image[:] = 0  # a reader may work in place
        return ""

    measurement = DocumentMeasurer(ocr_mode="auto", ocr_reader=read, render_dpi=72).measure(scan)
    assert facts(measurement)[1] == (0, "ocr", "complete", None)
    [image] = images
    assert image.dtype == np.uint8 and image.shape == (500, 400, 3)
    assert image[10, 10].tolist() == [0, 0, 0]
    assert image[490, 390].tolist() == [255, 255, 255]
    assert (image[:, :, 0] == 0).mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("settings", "height"), [({}, 1_041), ({"max_render_pixels": 20_000}, 158)]
)
def test_the_size_of_images_is_bounded(settings: Any, height: int, scan: Path) -> None:
    shapes: list[tuple[int, int, int]] = []

    def read(image: Any) -> str:
        shapes.append(image.shape)
        return ""

    DocumentMeasurer(ocr_mode="auto", ocr_reader=read, **settings).measure(scan)
    [shape] = shapes
    assert shape[0] == height
    assert shape[0] * shape[1] <= settings.get("max_render_pixels", 12_000_000)


def test_a_page_that_has_no_image(scan: Path) -> None:
    for bound in ({"max_render_pixels": 1}, {"render_dpi": 0.01}):
        measurer = DocumentMeasurer(ocr_mode="always", ocr_reader=lambda image: "", **bound)
        assert facts(measurer.measure(scan)) == [
            (11, "native", "partial", "page_render_failed"),
            (0, "none", "partial", "page_render_failed"),
        ]


def failing(image: Any) -> str:
    raise RuntimeError("a secret word of the page")


@pytest.mark.parametrize(
    ("reader", "told"), [(failing, "RuntimeError"), (lambda image: None, "returned NoneType")]
)
def test_a_reader_that_fails_costs_no_page(
    reader: Callable[[Any], str], told: str, scan: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "structx")
    measurement = DocumentMeasurer(ocr_mode="always", ocr_reader=reader).measure(scan)
    assert facts(measurement) == [
        (11, "native", "partial", "ocr_failed"),
        (0, "none", "partial", "ocr_failed"),
    ]
    assert measurement.error_codes == ("ocr_failed",)
    assert told in caplog.text and "page 2" in caplog.text and "secret" not in caplog.text


def test_what_ends_a_program_is_not_an_error_of_a_page(scan: Path) -> None:
    def stop(image: Any) -> str:
        raise KeyboardInterrupt

    for workers in (1, 2):
        measurer = DocumentMeasurer(ocr_mode="always", ocr_reader=stop, ocr_workers=workers)
        with pytest.raises(KeyboardInterrupt):
            measurer.measure(scan)
        measurer.close()


def test_workers_read_pages_at_the_same_time(tmp_path: Path) -> None:
    file = tmp_path / "scan.pdf"
    file.write_bytes(pdf("", "", "", ""))
    both = threading.Barrier(2, timeout=60)
    names: set[str] = set()

    def read(image: Any) -> str:
        both.wait()
        names.add(threading.current_thread().name)
        return "text"

    measurer = DocumentMeasurer(ocr_mode="auto", ocr_reader=read, ocr_workers=2)
    for _ in range(2):
        assert [page.page_number for page in measurer.measure(file).pages] == [1, 2, 3, 4]
        running = {thread.name for thread in threading.enumerate()}
        assert len(names) == 2 and names < running
        measurer.close()
        measurer.close()
        assert not names & {thread.name for thread in threading.enumerate()}
        names.clear()


def test_blank_pages_need_no_recognition(tmp_path: Path) -> None:
    file = tmp_path / "blank.pdf"
    file.write_bytes(pdf("words", " "))
    measurement = DocumentMeasurer().measure(file)
    assert facts(measurement) == [(5, "native", "complete", None), (0, "none", "complete", None)]


def test_nothing_is_complete_without_pages() -> None:
    empty = DocumentMeasurement()
    assert (empty.status, empty.page_count, empty.character_count) == ("partial", 0, 0)
    pages = (PageMeasurement(1, 3, "native", "complete"),)
    assert DocumentMeasurement(pages).status == "complete"


@pytest.mark.parametrize(
    ("name", "content", "kind", "message"),
    [
        ("missing.pdf", None, FileError, "no such file"),
        ("empty.pdf", b"", FileError, "empty"),
        ("broken.pdf", b"%PDF-1.7 and no more", CorruptFileError, "damaged"),
        ("locked.pdf", protected(), PasswordRequiredError, "structx.measure takes a `password`"),
        ("words.txt", b"some words", UnsupportedFileError, "structx.measure measures other"),
        ("words.pdf", b"some words", CorruptFileError, "is not PDF"),
        ("two.pdf", pdf("a", "b"), LimitExceededError, r"raise the limit: max_pages=\d+"),
        ("big.pdf", pdf("a") + b" " * 9_000, LimitExceededError, r"max_input_bytes=\d+"),
    ],
)
def test_files_that_can_not_be_measured(
    name: str, content: bytes | None, kind: type[FileError], message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    measurer = DocumentMeasurer(max_pages=1, max_input_bytes=9_000)
    with pytest.raises(kind, match=message) as raised:
        measurer.measure(tmp_path / name)
    assert "file_options" not in str(raised.value)


def test_a_path_is_no_text() -> None:
    for wrong in (b"%PDF-", None, 3):
        with pytest.raises(FileError, match="file_path must be a path"):
            DocumentMeasurer().measure(wrong)  # pyright: ignore
    with pytest.raises(FileError, match="no such file"):
        DocumentMeasurer().measure("some words")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ocr_mode": "sometimes"}, "ocr_mode must be 'never', 'auto' or 'always'"),
        ({"ocr_mode": ["auto"]}, "ocr_mode must be"),
        ({"ocr_reader": "rapidocr"}, "ocr_reader must be a function of an image, not str"),
        ({"ocr_workers": 0}, "ocr_workers must be an integer of at least 1"),
        ({"ocr_workers": True}, "ocr_workers must be"),
        ({"max_pages": 0}, "max_pages must be"),
        ({"max_input_bytes": 1.5}, "max_input_bytes must be"),
        ({"render_dpi": 0}, "render_dpi must be a number greater than 0"),
        ({"render_dpi": float("nan")}, "render_dpi must be"),
        ({"max_render_pixels": -1}, "max_render_pixels must be"),
        ({"ocr_engine_params": {"params": {}}}, "give an ocr_reader that calls RapidOCR"),
        ({"ocr_mode": "auto", "render_dpi": 200}, "are for the images of an ocr_reader"),
        ({"ocr_mode": "always", "max_render_pixels": 9}, "are for the images of an ocr_reader"),
    ],
)
def test_settings_that_are_wrong_or_can_have_no_effect(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        DocumentMeasurer(**settings)


def test_a_reader_needs_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.delitem(sys.modules, "structx._engine.page_pixels", raising=False)
    monkeypatch.delattr("structx._engine.page_pixels", raising=False)
    with pytest.raises(ConfigurationError, match="ocr_reader needs numpy: pip install numpy"):
        DocumentMeasurer(ocr_mode="auto", ocr_reader=lambda image: "")
    DocumentMeasurer(ocr_mode="never", ocr_reader=lambda image: "")


def test_without_weights_for_text_recognition_pages_are_partial(
    scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRUCTX_CACHE_DIR", str(scan.parent))
    words, nothing = (11, "native", "complete", None), (0, "none", "partial", "ocr_unavailable")
    assert facts(DocumentMeasurer(ocr_mode="auto").measure(scan)) == [words, nothing]
    kept = (11, "native", "partial", "ocr_unavailable")
    assert facts(DocumentMeasurer(ocr_mode="always").measure(scan)) == [kept, nothing]


@pytest.mark.parametrize(
    ("recognition", "needs_vision", "expected"),
    [
        (None, False, None),
        (None, True, "ocr_unavailable"),
        ("done", False, None),
        ("failed", True, "ocr_failed"),
        # A part of the page is a scan.
        ("failed", False, "ocr_failed"),
        ("skipped", True, "ocr_skipped"),
        ("unavailable", True, "ocr_unavailable"),
    ],
)
def test_an_error_says_what_became_of_text_recognition(
    recognition: Any, needs_vision: bool, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(
        1, 0, 0, "", 400, 500, needs_vision=needs_vision, method="none", recognition=recognition
    )

    def read(*_: object, **options: object) -> SimpleNamespace:
        assert options["ocr"] == "auto"
        return SimpleNamespace(format="pdf", pages=[page])

    monkeypatch.setattr("structx.measurement.read", read)
    [measured] = DocumentMeasurer(ocr_mode="auto").measure("a.pdf").pages
    assert measured.error_code == expected
    assert measured.status == ("complete" if expected is None else "partial")


def test_the_own_text_counts_where_no_page_can_be_recognised(
    scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRUCTX_CACHE_DIR", str(scan.parent))
    folder = scan.parent / "models" / "pp-ocrv6"
    folder.mkdir(parents=True)
    for file in ocr.FILES:
        (folder / file.name).write_bytes(b"no network")
    assert _core.can_recognize()
    assert DocumentMeasurer(ocr_mode="auto").measure(scan).error_codes == ("ocr_unavailable",)


def test_settings_are_keywords_and_can_be_read() -> None:
    with pytest.raises(TypeError):
        DocumentMeasurer("auto")  # pyright: ignore
    measurer = DocumentMeasurer(ocr_workers=2, ocr_engine_params={}, render_dpi=200)
    assert (measurer.ocr_mode, measurer.ocr_workers, measurer.render_dpi) == ("never", 2, 200)
    assert (measurer.max_pages, measurer.max_input_bytes) == (500, 52_428_800)
    assert measurer.max_render_pixels == 12_000_000


def test_only_a_pdf_that_is_at_hand_has_pixels() -> None:
    source = structx.read("some words").source
    with pytest.raises(FileError, match="is no longer at hand"):
        _core.rendering(source, 1, 72, 1_000).wait()
    table = structx.FileReader.read_file(ROOT / "scripts/example_input/tickets.csv").source()
    with pytest.raises(FileError, match="is a table"):
        _core.rendering(table.input[0], 1, 72, 1_000).wait()
