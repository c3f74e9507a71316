"""Makes scans of PDFs for `ocr.py --pdf`: the words of their text layer are the true ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import ocr_pages
import pypdfium2
from ocr_pages import Page, Quad

DPI = 200
FIRST_PAGES = 2
"""So many pages of a file are taken, so that long ones do not count more than others."""
CAPTURES: list[Callable[[Page, random.Random], Page]] = [
    ocr_pages.clean,
    ocr_pages.noised,
    ocr_pages.skewed,
]


def write(folder: Path, files: Iterable[Path], seed: int) -> None:
    """Writes the first pages of the files as images, each in the next capture, and their words."""
    pages = [(file, number) for file in files for number in range(FIRST_PAGES)]
    for at, (file, number) in enumerate(pages):
        document = pypdfium2.PdfDocument(file)
        if number < len(document):
            name = f"{file.stem}-{number + 1}"
            capture = CAPTURES[at % len(CAPTURES)]
            page = capture(drawn(document, number), random.Random(f"{seed} {name}"))
            ocr_pages.save(folder / name, page)


def drawn(document: Any, number: int) -> Page:
    """A page as an image, and the words of its text layer."""
    if document.get_formtype():
        # The values of fields become text of the page, as in print.
        document.init_forms()
        document[number].flatten()
    page = document[number]
    bitmap = page.render(scale=DPI / 72)
    image = bitmap.to_pil().convert("RGB")
    return Page(image, list(words(page.get_textpage(), bitmap.get_posconv(page).to_bitmap)))


def words(layer: Any, place: Callable[[float, float], Any]) -> Iterable[tuple[str, Quad]]:
    """The words of a text layer, whose points have a place in the image."""
    text = ""
    corners: list[tuple[float, float]] = []
    for at in range(layer.count_chars() + 1):
        letter = layer.get_text_range(at, 1) if at < layer.count_chars() else " "
        if letter.strip():
            text += letter
            left, bottom, right, top = layer.get_charbox(at)
            corners += [place(left, top), place(right, bottom)]
        elif text:
            across, down = [x for x, _ in corners], [y for _, y in corners]
            left, right, top, bottom = min(across), max(across), min(down), max(down)
            yield text, [(left, top), (right, top), (right, bottom), (left, bottom)]
            text, corners = "", []
