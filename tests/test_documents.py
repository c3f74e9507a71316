"""`structx.read`: documents without a model."""

from __future__ import annotations

import asyncio
import io
import json
import pickle
import random
from dataclasses import asdict
from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import samples
import structx
from structx import _core, documents

MARKDOWN = """# Ordër

Two items.

- tea
- milk

| item | price |
| --- | --- |
| tea | 1.50 |
"""


def pdf(*lines: str) -> bytes:
    """A page with these lines, from the top."""
    text = "".join(f"1 0 0 1 72 {700 - 20 * n} Tm ({line}) Tj " for n, line in enumerate(lines))
    # Without lines a scan: something is drawn.
    stream = f"BT /F 12 Tf {text}ET" if text else "72 72 400 600 re f"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
    ]
    body = "".join(f"{n} 0 obj{content}endobj\n" for n, content in enumerate(objects, 1))
    return f"%PDF-1.7\n{body}trailer<</Root 1 0 R>>".encode()


def test_text_is_traced_to_pages_and_boxes() -> None:
    document = structx.read(("letter.pdf", pdf("Dear Zoe", "the total is 12 EUR")))
    assert (document.name, document.format, document.warnings) == ("letter.pdf", "pdf", [])
    (page,) = document.pages
    assert (page.number, page.width, page.height) == (1, 595.0, 842.0)
    assert not page.needs_vision and page.text == document.text
    start = document.text.index("12 EUR")
    (place,) = document.locate(start, start + 6)
    assert place.page == 1
    assert place.box is not None and 72 < place.box.left < place.box.right < 300
    assert 842 - 680 - 12 < place.box.top < 842 - 680 < place.box.bottom + 1


def test_blocks_and_tables_have_their_text() -> None:
    document = structx.read(("order.md", MARKDOWN.encode()))
    text = document.text
    assert [(block.kind, block.level) for block in document.blocks] == [
        ("heading", 1),
        ("paragraph", None),
        ("list_item", None),
        ("list_item", None),
        ("table", None),
    ]
    for part in [*document.blocks, *document.pages, *document.tables]:
        assert text[part.start : part.end].strip() == getattr(
            part, "text", text[part.start : part.end]
        )
    (place,) = document.locate(text.index("Two"), text.index("Two") + 3)
    assert text[place.start : place.end] == "Two" and (place.page, place.box) == (None, None)


def test_a_table_on_two_pages_is_one() -> None:
    rows = [["Item", "Count", "Sum"], ["Tea", "12", "18.00"], ["Milk", "1", "2.00"]]
    rest = [["Jam", "3", "9.50"], ["Salt", "2", "1.20"]]

    def page(rows: list[list[str]]) -> bytes:
        shown = [
            f"BT /F1 9 Tf {left} {700 - 14 * number} Td ({text}) Tj ET"
            for number, row in enumerate(rows)
            for left, text in zip((40, 200, 300), row, strict=True)
        ]
        return "\n".join(shown).encode()

    content = samples.pdf([page(rows), page([rows[0], *rest])])
    document = structx.read(("list.pdf", content))
    (table,) = document.tables
    assert table.rows == rows + rest
    assert (table.page, table.pages) == (1, [1, 2])
    cell = table.cells[-1]
    assert (cell.row, cell.column, cell.text, cell.page) == (4, 2, "1.20", 2)
    (place,) = document.locate(cell.start, cell.end)
    assert place.page == 2 and place.box == cell.box
    assert "| Jam | 3 | 9.50 |" in document.pages[1].text
    assert document.text[: table.end].endswith("1.20 |")


def test_a_table_is_read_as_markdown() -> None:
    document = structx.read(("a.csv", b"item,price\ntea,1.50\nmilk,\n"))
    assert document.format == "csv" and document.text.startswith(
        "| item | price |\n| --- | --- |\n"
    )
    (table,) = document.tables
    assert table.rows == [["item", "price"], ["tea", "1.50"], ["milk", ""]]
    cell = table.cells[3]
    assert (cell.row, cell.column, document.text[cell.start : cell.end]) == (1, 1, "1.50")


class Raw:
    """A file object without a name that returns one byte at a time."""

    def __init__(self, content: bytes) -> None:
        self.content = iter(content)

    def read(self, size: int) -> bytes:
        assert size > 0
        return bytes(islice(self.content, 1))


def test_bytes_and_file_objects_are_files(tmp_path: Path) -> None:
    content = pdf("one line")
    path = tmp_path / "line.pdf"
    path.write_bytes(content)
    with path.open("rb") as file:
        sources: list[tuple[Any, str]] = [
            (path, "line.pdf"),
            (str(path), "line.pdf"),
            (file, "line.pdf"),
            (content, "bytes"),
            (bytearray(content), "bytes"),
            (memoryview(content), "bytes"),
            (io.BytesIO(content), "file"),
            (Raw(content), "file"),
            (("given.pdf", content), "given.pdf"),
            (("given.pdf", bytearray(content)), "given.pdf"),
        ]
        for source, name in sources:
            document = structx.read(source)
            assert (document.name, document.format) == (name, "pdf")
            assert document.text == "one line"
    path = tmp_path / "a.csv"
    path.write_text("a,b\nZürich,2\n", encoding="utf-8")
    with path.open(encoding="utf-8") as text:
        assert structx.read(text).tables[0].rows == [["a", "b"], ["Zürich", "2"]]


def test_a_file_object_is_read_no_further_than_the_limit() -> None:
    file = io.BytesIO(bytes(10 << 20))
    with pytest.raises(structx.LimitExceededError, match='"bytes"'):
        structx.read(file, limits=structx.DocumentLimits(bytes=1 << 20))
    assert file.tell() <= 3 << 20


SHORT = structx.DocumentLimits(characters=7)
FEW_CELLS = structx.DocumentLimits(cells=1)


@pytest.mark.parametrize(
    ("source", "options", "kind"),
    [
        ("missing.pdf", {}, structx.FileError),
        (b"", {}, structx.FileError),
        (("a.pdf", b"%PDF-1.7 and no more"), {}, structx.CorruptFileError),
        (("a.docx", b"hello"), {}, structx.CorruptFileError),
        (("a.zip", b"PK\x03\x04 nothing known"), {}, structx.UnsupportedFileError),
        (("a.pdf", pdf()), {"mode": "text"}, structx.NoTextLayerError),
        ("a text", {"limits": structx.DocumentLimits(characters=3)}, structx.LimitExceededError),
        ([{"a": "12345"}], {"limits": SHORT}, structx.LimitExceededError),
        (("a.csv", b"a\n12345\n"), {"limits": SHORT}, structx.LimitExceededError),
        ([{"a": 1}, {"a": 2}], {"limits": FEW_CELLS}, structx.LimitExceededError),
        ("a text", {"limits": 3}, structx.FileError),
        ("https://example.com/a.pdf", {}, structx.FileError),
        ("a text", {"mode": "loud"}, structx.FileError),
        ("a text", {"nrows": 3}, structx.FileError),
        ("a text", {"colour": 3}, structx.FileError),
        (5, {}, TypeError),
        (("a", "b"), {}, TypeError),
    ],
)
def test_errors_are_told_apart(source: Any, options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        structx.read(source, **options)
    assert type(raised.value) is kind
    with pytest.raises(kind):
        asyncio.run(structx.read_async(source, **options))


def test_a_password_is_never_shown() -> None:
    for source, options in [("a text", {"mode": "loud"}), (("a.pdf", b"%PDF-1.7 x"), {})]:
        with pytest.raises(structx.FileError) as raised:
            structx.read(source, password="geheim", **options)  # type: ignore[arg-type]
        assert "geheim" not in repr(raised.value)


def test_limits_are_those_of_the_core() -> None:
    assert asdict(structx.DocumentLimits()) == json.loads(_core.default_limits())


def test_places_outside_of_the_text() -> None:
    document = structx.read("a text")
    assert document.locate(0, 0) == document.locate(99, 100) == []
    (place,) = document.locate(2, 1_000)
    assert (place.start, place.end) == (2, 6)
    for start, end in [(-1, 2), (3, 2)]:
        with pytest.raises(ValueError, match="offsets"):
            document.locate(start, end)


@pytest.mark.parametrize(
    "source", [("a.pdf", pdf("one", "two")), ("a.csv", b"a,b\n1.50,2\n"), "ä🙂 text"]
)
def test_documents_survive_pickling(source: Any) -> None:
    document = structx.read(source)
    again = pickle.loads(pickle.dumps(document))
    assert (again.name, again.format, again.text) == (document.name, document.format, document.text)
    assert (again.pages, again.blocks) == (document.pages, document.blocks)


def test_attachments_survive_pickling_and_take_little_room() -> None:
    attached = random.Random(1).randbytes(30_000)
    mail = EmailMessage()
    mail["Subject"] = "an attachment"
    mail.add_attachment(attached, "application", "pdf", filename="a.pdf")
    pickled = pickle.dumps(structx.read(("a.eml", mail.as_bytes())))
    again = pickle.loads(pickled)
    assert again.attachments == [documents.Attachment("a.pdf", "application/pdf", attached)]
    assert len(pickled) < 1.5 * len(attached)


def test_a_notebook_shows_a_document_and_a_repr_does_not() -> None:
    document = structx.read("a <b>bold</b> text")
    assert "&lt;b&gt;bold" in document._repr_html_()
    assert repr(document) == "Document('text', None, 18 characters)"


def test_measure_counts_before_anything_is_spent() -> None:
    measure = structx.measure(("a.pdf", pdf("one two three four")))
    assert (measure.pages, measure.rows, measure.characters) == (1, 1, 18)
    assert (measure.tokens, measure.vision_pages) == (5, [])
    scan = asyncio.run(structx.measure_async(("scan.pdf", pdf())))
    assert (scan.pages, scan.characters, scan.tokens, scan.vision_pages) == (1, 0, 1_500, [1])
    table = structx.measure(("a.csv", b"a,b\n1,2\n3,4\n"))
    assert (table.pages, table.rows) == (0, 2)
