"""How much text the pages of a PDF hold, before anything is spent on it.

`DocumentMeasurer` has the names of the library `structx`. `structx.measure` measures any source, in
tokens too.

    measurement = DocumentMeasurer().measure("invoice.pdf")
    print(measurement.page_count, measurement.character_count, measurement.status)
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Literal, TypeAlias, cast, get_args

from structx import _core
from structx._engine import checks
from structx.document_parts import Recognition
from structx.documents import Document, DocumentLimits, Page, read
from structx.exceptions import (
    ConfigurationError,
    FileError,
    LimitExceededError,
    PasswordRequiredError,
    UnsupportedFileError,
)

__all__ = ["ESTIMATOR_REVISION", "DocumentMeasurement", "DocumentMeasurer", "PageMeasurement"]

OcrMode: TypeAlias = Literal["never", "auto", "always"]
ErrorCode: TypeAlias = Literal["ocr_skipped", "ocr_unavailable", "ocr_failed", "page_render_failed"]

ESTIMATOR_REVISION = "markdown-1"
"""Names how characters are counted: those of the Markdown that a model receives. It changes with
the way of counting, but not with the models of text recognition."""

_RENDER_DPI = 150.0
_RENDER_PIXELS = 12_000_000
_LIMITS = {"bytes": "max_input_bytes", "pages": "max_pages"}
_ERRORS: dict[Recognition, ErrorCode] = {
    "skipped": "ocr_skipped",
    "unavailable": "ocr_unavailable",
    "failed": "ocr_failed",
}
_LOGGER = logging.getLogger("structx")


@dataclass(frozen=True, slots=True)
class PageMeasurement:
    """The size of a page."""

    page_number: int
    """The number of the page, from 1."""
    character_count: int
    """Unicode code points of its text, with headings, lists and tables as Markdown."""
    method: Literal["native", "ocr", "none"]
    """Where the text is from: the file, text recognition (OCR), or nowhere."""
    status: Literal["complete", "partial"]
    """`partial` if text may be missing."""
    error_code: ErrorCode | None = None
    """Why text may be missing; None if the page is complete."""


@dataclass(frozen=True, slots=True)
class DocumentMeasurement:
    """The size of a document."""

    pages: tuple[PageMeasurement, ...] = ()
    """All pages, in their order."""
    ocr_mode: OcrMode = "never"
    """The mode that it was measured with."""
    estimator_revision: str = ESTIMATOR_REVISION
    """How characters were counted; see `ESTIMATOR_REVISION`."""

    @property
    def page_count(self) -> int:
        """The number of pages."""
        return len(self.pages)

    @property
    def character_count(self) -> int:
        """The characters of all pages."""
        return sum(page.character_count for page in self.pages)

    @property
    def status(self) -> Literal["complete", "partial"]:
        """`complete` if there are pages and each one is, otherwise `partial`."""
        are_complete = all(page.status == "complete" for page in self.pages)
        return "complete" if self.pages and are_complete else "partial"

    @property
    def error_codes(self) -> tuple[ErrorCode, ...]:
        """The reasons why text may be missing, each once, in the order of the pages."""
        codes: dict[ErrorCode, None] = {}
        for page in self.pages:
            if page.error_code is not None:
                codes[page.error_code] = None
        return tuple(codes)


class DocumentMeasurer:
    """Measures PDFs one after another, or on several threads.

    Example: `DocumentMeasurer(max_pages=20).measure("invoice.pdf").character_count`
    """

    def __init__(
        self,
        *,
        ocr_mode: OcrMode = "never",
        ocr_reader: Callable[[Any], str] | None = None,
        ocr_workers: int = 1,
        ocr_engine_params: dict[str, Any] | None = None,
        max_pages: int = 500,
        max_input_bytes: int = 50 << 20,
        render_dpi: float = _RENDER_DPI,
        max_render_pixels: int = _RENDER_PIXELS,
    ) -> None:
        """Checks the settings.

        Args:
            ocr_mode: the pages whose text is recognised from their image: none (`never`), those
                without usable text (`auto`), or all (`always`), whose own text then does not count.
            ocr_reader: recognises the text of a page: a function of its image as an array of numpy
                (height, width, 3 bytes: red, green, blue) that returns the text. Default:
                the text recognition of this package; without its weights (`structx models pull
                ocr`), pages are partial, with the error code `ocr_unavailable`.
            ocr_workers: the most pages whose text is recognised at the same time. Above 1, the
                reader is called on several threads, which stay until `close`.
            ocr_engine_params: parameters of the engine RapidOCR in the library `structx`; None or
                empty, since that engine is no part of this package.
            max_pages: the most pages of a file.
            max_input_bytes: the most bytes of a file.
            render_dpi: the resolution of the images for `ocr_reader`, in dots per inch.
            max_render_pixels: the most pixels of such an image; a larger page has a lower
                resolution.

        Raises:
            ConfigurationError: a setting is wrong or can't have an effect, or numpy, which an
                `ocr_reader` needs, is not installed.
        """
        if ocr_mode not in get_args(OcrMode):
            raise ConfigurationError(
                f"ocr_mode must be 'never', 'auto' or 'always', not {ocr_mode!r}"
            )
        if ocr_reader is not None and not callable(ocr_reader):
            kind = type(ocr_reader).__name__
            raise ConfigurationError(f"ocr_reader must be a function of an image, not {kind}")
        if ocr_engine_params:
            raise ConfigurationError(
                "ocr_engine_params is for RapidOCR, which is no part of this package: give an "
                "ocr_reader that calls RapidOCR with them"
            )
        try:
            self.ocr_workers = checks.integer("ocr_workers", ocr_workers, minimum=1)
            self.max_pages = checks.integer("max_pages", max_pages, minimum=1)
            self.max_input_bytes = checks.integer(
                "max_input_bytes", max_input_bytes, minimum=1, below=2**63
            )
            self.render_dpi = checks.number("render_dpi", render_dpi, positive=True)
            self.max_render_pixels = checks.integer(
                "max_render_pixels", max_render_pixels, minimum=1
            )
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        is_usual = (render_dpi, max_render_pixels) == (_RENDER_DPI, _RENDER_PIXELS)
        if ocr_mode != "never" and ocr_reader is None and not is_usual:
            raise ConfigurationError(
                "render_dpi and max_render_pixels are for the images of an ocr_reader: leave them "
                "out, or give one"
            )
        self.ocr_mode: OcrMode = ocr_mode
        self._ocr_reader = None if ocr_mode == "never" else ocr_reader
        self._image_of = None if self._ocr_reader is None else _renderer()
        self._threads: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def measure(self, file_path: str | os.PathLike[str]) -> DocumentMeasurement:
        """Measures a PDF, which is not changed and goes to no model.

        Args:
            file_path: the path of the file; `~` is the home directory.

        Returns:
            The size of each page. Pages whose text can't be recognised are `partial`.

        Raises:
            FileError: the file can't be read, is no PDF, needs a password, has only blank pages, or
                exceeds a limit. The subclass names the reason.

        Example: for a scan, `DocumentMeasurer().measure("scan.pdf").error_codes` is
        `("ocr_skipped",)`.
        """
        document = self._read(file_path)
        measured = partial(self._measured, document)
        is_parallel = self._ocr_reader is not None and self.ocr_workers > 1
        pages = (self._pool().map if is_parallel else map)(measured, document.pages)
        return DocumentMeasurement(tuple(pages), self.ocr_mode)

    def close(self) -> None:
        """Ends the threads of `ocr_workers`. Measuring again starts new ones."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()

    def _read(self, file_path: object) -> Document:
        if not isinstance(file_path, (str, os.PathLike)):
            raise FileError(f"file_path must be a path, not {type(file_path).__name__}")
        path = Path(cast("str | os.PathLike[str]", file_path)).expanduser()
        limits = DocumentLimits(
            bytes=self.max_input_bytes, pages=self.max_pages, ocr_pages=self.max_pages
        )
        # The caller's reader takes the place of text recognition, and needs the file for images.
        mode, ocr = ("vision", "never") if self._ocr_reader else ("auto", self.ocr_mode)
        if ocr == "always" and not _core.can_recognize():
            ocr = "never"  # what the file has is measured, and no page is complete
        try:
            document = read(path, mode=mode, limits=limits, ocr=ocr)
        except LimitExceededError as error:
            raise _with_own_advice(error) from None
        except PasswordRequiredError as error:
            message = f"{path}: is protected by a password; structx.measure takes a `password`"
            raise PasswordRequiredError(message, error.path) from None
        if document.format != "pdf":
            raise UnsupportedFileError(
                f"{path}: is no PDF; structx.measure measures other files", str(path)
            )
        return document

    def _measured(self, document: Document, page: Page) -> PageMeasurement:
        if self._ocr_reader is None or self._image_of is None:
            return _of_text(page, self._own_error(page))
        if self.ocr_mode == "auto" and not page.needs_vision:
            return _of_text(page)
        try:
            image = self._image_of(
                document.source, page.number, self.render_dpi, self.max_render_pixels
            )
        except FileError as error:
            _LOGGER.warning("page %d has no image for ocr_reader: %s", page.number, error)
            return _of_text(page, "page_render_failed")
        try:
            text: object = self._ocr_reader(image)
        except Exception as error:
            # The message may have text of the document.
            kind, is_shown = type(error).__name__, _LOGGER.isEnabledFor(logging.DEBUG)
            _LOGGER.warning("ocr_reader: page %d: %s", page.number, kind, exc_info=is_shown)
            return _of_text(page, "ocr_failed")
        if not isinstance(text, str):
            kind = type(text).__name__
            _LOGGER.warning("ocr_reader: page %d: returned %s, not a text", page.number, kind)
            return _of_text(page, "ocr_failed")
        return PageMeasurement(page.number, len(text), "ocr", "complete")

    def _own_error(self, page: Page) -> ErrorCode | None:
        """Why text may be missing that no `ocr_reader` was to recognise."""
        if page.recognition is not None:
            return _ERRORS.get(page.recognition)
        if self.ocr_mode == "never":
            return "ocr_skipped" if page.needs_vision else None
        # Without the engine: pages without text, or all that were to be recognised.
        is_auto = self.ocr_mode == "auto"
        is_unread = page.needs_vision if is_auto else not _core.can_recognize()
        return "ocr_unavailable" if is_unread else None

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.ocr_workers, "structx-measurement")
            return self._threads


def _of_text(page: Page, error_code: ErrorCode | None = None) -> PageMeasurement:
    """A page by its own text, which is all of it without an `error_code`."""
    has_text = bool(page.text.strip())
    return PageMeasurement(
        page.number,
        len(page.text) if has_text else 0,
        page.method,
        "complete" if error_code is None else "partial",
        error_code,
    )


def _renderer() -> Callable[..., Any]:
    try:
        from structx._engine import page_pixels
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"ocr_reader needs {error.name}: pip install numpy") from None
    return page_pixels.of_page


def _with_own_advice(error: LimitExceededError) -> LimitExceededError:
    """The error with the argument that raises the limit here."""
    if error.limit is None:
        return error
    advice = f"structx.measure(path, limits=structx.DocumentLimits({error.limit}={error.enough}))"
    if error.limit in _LIMITS:
        advice = f"{_LIMITS[error.limit]}={error.enough}"
    message = f"{error.path}: {error.problem}; split the file, or raise the limit: {advice}"
    return LimitExceededError(message, error.path, error.limit, error.problem, error.enough)
