"""The boxes of gold values, from the words of pdfplumber: of the occurrence that the gold names."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import pdfplumber

Box: TypeAlias = "tuple[float, float, float, float]"
"""left, top, right, bottom in points from the top left corner of the page."""
Place: TypeAlias = "tuple[int, list[Box]]"
"""The number of the page, and the boxes of the words."""

# The default of 3 points joins neighbours in narrow print.
_WORDS = {"x_tolerance_ratio": 0.15, "use_text_flow": False, "keep_blank_chars": False}


def places(pdf: Path, fields: list[dict[str, Any]]) -> dict[str, list[Place]]:
    """The places that count as right, by the names of the fields.

    A field names its `words` as pdfplumber reads them (NUL for a character without Unicode), its
    `page` (default 1), and the occurrence there from the top as `nth` of `of`. With `any`, all
    occurrences of the file are right: it prints the same statement several times.
    """
    with pdfplumber.open(pdf) as document:
        pages = [_words(page) for page in document.pages]
    return {field["name"]: _of_field(pages, field) for field in fields}


def _words(page: Any) -> list[tuple[str, Box]]:
    left, top, *_ = page.cropbox
    found = page.extract_words(**_WORDS)
    return [
        (
            word["text"],
            (word["x0"] - left, word["top"] - top, word["x1"] - left, word["bottom"] - top),
        )
        for word in found
    ]


def _of_field(pages: list[list[tuple[str, Box]]], field: dict[str, Any]) -> list[Place]:
    said = field["words"].split()
    if field.get("any"):
        found = [
            (number, boxes)
            for number, words in enumerate(pages, start=1)
            for boxes in _occurrences(words, said)
        ]
    else:
        number = field.get("page", 1)
        on_page = list(_occurrences(pages[number - 1], said))
        nth, count = field.get("nth", 1), field.get("of", 1)
        if len(on_page) != count:
            raise ValueError(
                f"{field['name']}: {len(on_page)} occurrences on the page, not {count}"
            )
        found = [(number, on_page[nth - 1])]
    if not found:
        raise ValueError(f"{field['name']}: its words are not in the file")
    return found


def _occurrences(words: list[tuple[str, Box]], said: list[str]) -> list[list[Box]]:
    """The boxes of each occurrence, from the top; a following line continues below, not beside."""
    found = []
    for start, (text, _) in enumerate(words):
        if not _is(text, said[0]):
            continue
        boxes = _continued(words, start, said)
        if boxes:
            found.append(boxes)
    return sorted(found, key=lambda boxes: (round(boxes[0][1]), boxes[0][0]))


def _continued(words: list[tuple[str, Box]], start: int, said: list[str]) -> list[Box] | None:
    boxes = [words[start][1]]
    for text in said[1:]:
        last = boxes[-1]
        after = [box for word, box in words if _is(word, text) and _follows(last, boxes[0], box)]
        if not after:
            return None
        boxes.append(min(after, key=lambda box: (round(box[1]), box[0])))
    return boxes


def _follows(last: Box, first: Box, box: Box) -> bool:
    """Whether a box is the next on its line, or in one of the two lines below the first box."""
    height = last[3] - last[1]
    beside = abs(box[1] - last[1]) < height / 2 and 0 <= box[0] - last[2] + 1 < 2 * height
    below = 0 < box[1] - last[1] < 2 * height and abs(box[0] - first[0]) < 2 * height
    return beside or below


def _is(word: str, said: str) -> bool:
    return word == said or word.strip("$€£:") == said
