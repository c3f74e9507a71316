"""Pages without text: images for vision models, and errors and warnings for others."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from loops import Word
from provider import FakeProvider
from structx import ExtractionError, Extractor, NoTextLayerError


def extractor(provider: FakeProvider, model: str) -> Extractor:
    return Extractor(model=model, api_key="k", api_base=provider.base_url, max_retries=0)


def pdf(*pages: str) -> bytes:
    """A PDF whose pages have a text, or a black square without text."""
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page, text in enumerate(pages):
        content = f"BT /F1 10 Tf 40 450 Td ({text}) Tj ET" if text else "0 g 0 250 200 250 re f"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents {5 + 2 * page} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    body = "".join(f"{number} 0 obj\n{it}\nendobj\n" for number, it in enumerate(objects, start=1))
    return f"%PDF-1.4\n{body}trailer\n<< /Root 1 0 R >>\n%%EOF\n".encode()


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x80" * width) * height)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def images(body: dict[str, Any]) -> list[bytes]:
    """The images of the user's message."""
    content = body["messages"][-1]["content"]
    parts = content if isinstance(content, list) else []
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    assert all(url.startswith("data:image/png;base64,") for url in urls)
    return [base64.b64decode(url.partition(",")[2], validate=True) for url in urls]


def size(image: bytes) -> tuple[int, int]:
    assert image.startswith(b"\x89PNG")
    return struct.unpack(">II", image[16:24])


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf(""))
    return path


def test_a_scan_is_seen(provider: FakeProvider, scan: Path) -> None:
    result = extractor(provider, "openai/gpt-4o").extract(data=scan, query="q", model=Word)
    (row,) = result.rows
    assert row.status == "success"
    assert row.image_pages == [1]
    assert any("page 1 without readable text, sent as an image" in it for it in result.warnings)
    (request,) = provider.requests()
    (image,) = images(request["body"])
    assert size(image) == (1000, 1250)


def test_a_scan_is_planned_by_what_is_seen(provider: FakeProvider, scan: Path) -> None:
    fields = [{"name": "total", "type": "float", "description": "The total"}]
    provider.script({"content": json.dumps({"model_name": "Bill", "fields": fields})})
    extractor(provider, "openai/gpt-4o").get_schema(data=scan, query="q")
    (request,) = provider.requests()
    assert len(images(request["body"])) == 1


@pytest.mark.parametrize("options", [{}, {"mode": "auto"}, {"mode": "text"}])
@pytest.mark.parametrize("planned", [False, True])
def test_without_eyes_a_scan_is_an_error_before_any_request(
    provider: FakeProvider, scan: Path, options: dict[str, Any], planned: bool
) -> None:
    blind = extractor(provider, "openai/gpt-3.5-turbo")
    model = None if planned else Word
    with pytest.raises(ExtractionError, match=r"no readable text.*(OCR|recognition)") as raised:
        blind.extract(data=scan, query="q", model=model, file_options=options)
    assert isinstance(raised.value.__cause__, NoTextLayerError)
    assert provider.stats()["requests"] == 0


@pytest.mark.parametrize(
    ("mode", "model", "pages"),
    [
        ("text", "gpt-4o", []),
        ("auto", "gpt-4o", [2]),
        ("vision", "gpt-4o", [1, 2]),
        ("auto", "mystery", []),
        ("vision", "mystery", [1, 2]),
    ],
)
def test_the_mode_decides(
    provider: FakeProvider, tmp_path: Path, mode: str, model: str, pages: list[int]
) -> None:
    path = tmp_path / "half.pdf"
    path.write_bytes(pdf("One", ""))
    subject = extractor(provider, f"openai/{model}")
    result = subject.extract(
        data=path, query="q", model=Word, file_options={"mode": mode, "ocr": "never"}
    )
    (row,) = result.rows
    assert row.image_pages == pages
    (request,) = provider.requests()
    assert len(images(request["body"])) == len(pages)
    assert any("page 2 without readable text" in it for it in result.warnings) == (mode == "auto")


def test_an_image_is_seen(provider: FakeProvider, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png(30, 20))
    result = extractor(provider, "openai/gpt-4o").extract(data=path, query="q", model=Word)
    assert [row.image_pages for row in result.rows] == [[1]]
    assert result.rows[0].input_data == ""
    (request,) = provider.requests()
    assert images(request["body"]) == [path.read_bytes()]


def test_a_file_is_sent_as_it_is(provider: FakeProvider, tmp_path: Path) -> None:
    path = tmp_path / "half.pdf"
    path.write_bytes(pdf("Read by others", ""))
    subject = extractor(provider, "openai/gpt-4o")
    result = subject.extract(data=path, query="q", model=Word, file_options={"mode": "file"})
    (row,) = result.rows
    assert row.status == "success"
    assert row.image_pages == []
    assert "Read by others" in row.input_data
    (request,) = provider.requests()
    file, task = request["body"]["messages"][-1]["content"]
    assert file["file"]["filename"] == "half.pdf"
    assert base64.b64decode(file["file"]["file_data"].partition(",")[2]) == path.read_bytes()
    assert "Read by others" not in task["text"]


def test_a_model_that_reads_no_files_is_sent_none(provider: FakeProvider, scan: Path) -> None:
    with pytest.raises(ExtractionError, match="not known to read PDFs; choose another mode"):
        extractor(provider, "openai/mystery").extract(
            data=scan, query="q", model=Word, file_options={"mode": "file"}
        )
    assert provider.stats()["requests"] == 0
