"""The file of the review page, and its corrections; test_review_page.py opens it in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reviews
import structx
from loops import Run
from provider import FakeProvider, connect
from reviews import Invoice, invoice
from samples import page_of, pdf, xlsx_of
from structx import (
    ExtractionResult,
    ExtractorUsage,
    RowResult,
    ValidationError,
    _core,
    cli,
    review,
)
from structx._engine.review import data, text_pages, writer
from structx.evidence import RowEvidence, Span, Uncited
from structx.review import Correction

SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)


def data_of(page: bytes) -> dict[str, Any]:
    """The data of a page, whose scripts are split as a browser does."""
    scripts = dict(SCRIPT.findall(page.decode()))
    return json.loads(scripts[' type="application/json" id="data"'])


def test_only_the_script_and_the_style_of_the_page_may_run(tmp_path: Path) -> None:
    page = reviews.attack().review(tmp_path / "page.html").read_bytes().decode()
    scripts = SCRIPT.findall(page)
    assert [attributes for attributes, _ in scripts] == [' type="application/json" id="data"', ""]
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "http" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    for name, text in ("script-src", scripts[1][1]), ("style-src", style):
        found = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name} 'sha256-{found}';" in policy
    assert not re.search(r"(src|href|action)\s*=\s*[\"']?(http|//|javascript)", page)


def test_the_own_script_can_not_end_itself() -> None:
    style, script = writer.assets()
    assert "</" not in script and "<!--" not in script and "</" not in style
    assert "innerHTML" not in script and "eval(" not in script


def test_data_is_what_it_was(tmp_path: Path) -> None:
    shown = data_of(reviews.attack().review(tmp_path / "page.html").read_bytes())
    (row,) = shown["sources"][0]["rows"]
    assert row["pages"][0]["text"] == f"before {reviews.ATTACK} after"
    assert json.loads(row["fields"][0]["value"]) == reviews.ATTACK


def test_values_keep_their_digits_and_statuses(tmp_path: Path) -> None:
    long = 123456789012345678901234567890
    row = reviews.row_of("text", [{"a": long, "b": None, "c": "\udc00", "d": []}])
    shown = data_of(reviews.result_of(row, model={}).review(tmp_path / "page.html").read_bytes())
    fields = shown["sources"][0]["rows"][0]["fields"]
    assert [(it["pointer"], it["value"], it["status"]) for it in fields] == [
        ("/0/a", str(long), "computed"),
        ("/0/b", "null", "empty"),
        ("/0/c", '"\udc00"', "computed"),
    ]


def test_values_that_only_the_reply_has_are_shown(tmp_path: Path) -> None:
    row = reviews.row_of("A17", [{"n": 1}], {"/0/number": ("A17", "exact", "A17")})
    shown = data_of(reviews.result_of(row, model={}).review(tmp_path / "page.html").read_bytes())
    fields = shown["sources"][0]["rows"][0]["fields"]
    assert [(it["pointer"], it["is_in_item"]) for it in fields] == [
        ("/0/n", True),
        ("/0/number", False),
    ]


@given(st.text(alphabet="a \n🦀|", max_size=300))
def test_parts_of_a_long_text_have_all_of_it(text: str) -> None:
    text = "".join(text for _ in range(100))
    pages = text_pages.of_text(text, "Row 1")
    assert "".join(page["text"] or "" for page in pages) == text
    assert all(text[page["start"] :].startswith(page["text"] or "") for page in pages)
    assert all(len(page["text"] or "") <= text_pages.LONGEST for page in pages)


def test_a_row_of_a_table_that_no_value_cites_is_in_words(tmp_path: Path) -> None:
    text = "| VAT | 20 % |"
    span = Span(0, len(text), text, 1, [], None, "data")
    found = RowEvidence({}, uncited=[Uncited("table_row", span)])
    row = RowResult(0, 0, text, [{"n": 1}], ExtractorUsage(), evidence=found)
    shown = data_of(reviews.result_of(row, model={}).review(tmp_path / "page.html").read_bytes())
    field = shown["sources"][0]["rows"][0]["fields"][-1]
    assert (field["title"], json.loads(field["value"])) == ("uncited table row", "VAT · 20 %")


def test_each_cell_of_a_long_table_is_on_one_page() -> None:
    rows = [[f"article {n}", f"{n}.00"] for n in range(2_000)]
    sheet = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{article}</t></is></c>'
        f'<c r="B{n}" t="inlineStr"><is><t>{price}</t></is></c></row>'
        for n, (article, price) in enumerate(rows, start=1)
    )
    document = structx.read(("prices.xlsx", xlsx_of(sheet)), read_as="document")
    pages = text_pages.of_document(_core.reading_document((document.source, "{}")).wait())
    assert len(pages) > 4
    cells = [(cell, page) for page in pages for table in page["tables"] for cell in table[2]]
    assert [document.text[start:end] for (_, _, start, end, _), _ in cells] == [
        text for row in rows for text in row
    ]
    for (_, _, start, end, address), page in cells:
        assert page["start"] <= start and end <= page["start"] + len(page["text"] or "")
        assert address and "!" in address


def extracted(provider: FakeProvider, path: Path, pages: int) -> ExtractionResult[Any]:
    """The result of a PDF whose pages have a number each."""
    contents = [page_of([f"Invoice A{n} of EUR"]) for n in range(1, pages + 1)]
    provider.script({"content": json.dumps({"items": [{"number": "A2", "currency": "EUR"}]})})
    path.write_bytes(pdf(contents))
    return connect(provider).extract(data=path, query="q", model=Invoice)


def test_pages_with_values_are_drawn_first_within_the_bytes(
    provider: FakeProvider, tmp_path: Path
) -> None:
    result = extracted(provider, tmp_path / "bill.pdf", 4)
    whole = data_of(result.review(tmp_path / "whole.html").read_bytes())
    pages = whole["sources"][0]["rows"][0]["pages"]
    assert [page["size"] for page in pages] == [[595.0, 842.0]] * 4
    assert sorted(page["image"] for page in pages) == [0, 1, 2, 3]
    text = (tmp_path / "whole.html").read_text("utf-8")
    images = [len(base64.b64decode(it)) for it in re.findall(r'"image/png">([^<]*)<', text)]
    assert len(images) == 4
    most = images[0] + images[1] // 2
    part = data_of(result.review(tmp_path / "part.html", image_bytes=most).read_bytes())
    pages = part["sources"][0]["rows"][0]["pages"]
    assert whole["sources"][0]["name"].endswith("bill.pdf")
    drawn = [page["number"] for page in pages if "image" in page]
    cited = {span[2] for it in part["sources"][0]["rows"][0]["fields"] for span in it["spans"]}
    assert len(drawn) == 1 and set(drawn) <= cited and 2 in cited
    assert all("Not drawn" in page["note"] for page in pages if "image" not in page)
    assert any("3 of 4 pages" in note for note in part["sources"][0]["notes"])
    none = data_of(result.review(tmp_path / "none.html", image_bytes=0).read_bytes())
    assert not any("image" in page for page in none["sources"][0]["rows"][0]["pages"])


def pages_of(path: Path) -> list[dict[str, Any]]:
    """The pages of the first row."""
    return data_of(path.read_bytes())["sources"][0]["rows"][0]["pages"]


def test_a_pickled_result_has_its_text_as_pages(provider: FakeProvider, tmp_path: Path) -> None:
    file = tmp_path / "bill.pdf"
    result = pickle.loads(pickle.dumps(extracted(provider, file, 2)))
    (page,) = pages_of(result.review(tmp_path / "page.html"))
    assert page["text"] == result.rows[0].input_data and "image" not in page
    pages = pages_of(result.review(tmp_path / "page.html", source=file))
    assert {page["image"] for page in pages} == {0, 1}
    with pytest.raises(ValueError, match="not that of the result"):
        result.review(tmp_path / "page.html", source=("a.pdf", pdf([page_of(["other"])])))


def test_a_file_that_has_changed_is_not_drawn(provider: FakeProvider, tmp_path: Path) -> None:
    file = tmp_path / "bill.pdf"
    result = extracted(provider, file, 1)
    (page,) = pages_of(result.review(tmp_path / "page.html"))
    assert "image" in page
    file.write_bytes(pdf([page_of(["Invoice B1"])]))
    (page,) = pages_of(result.review(tmp_path / "page.html"))
    assert page["note"] == "Not drawn: the file has changed since it was read."
    assert "A1" in page["text"]
    file.unlink()
    (page,) = pages_of(result.review(tmp_path / "page.html"))
    assert page["note"].startswith("Not drawn: the file ") and "image" not in page


def test_both_forms_write_the_same(provider: FakeProvider, tmp_path: Path, run: Run) -> None:
    result = extracted(provider, tmp_path / "bill.pdf", 2)
    one = result.review(tmp_path / "one.html")
    other = run(result.review_async(tmp_path / "other.html"))
    assert one.read_bytes() == other.read_bytes()
    several = run(review.write_async({"x": result}, tmp_path / "several.html"))
    assert data_of(several.read_bytes())["sources"][0]["name"] == "x"


def test_texts_beyond_the_limit_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "MOST_CHARACTERS", 60)
    rows = [reviews.row_of("x" * 50, [], position=n) for n in range(2)]
    shown = data_of(reviews.result_of(*rows).review(tmp_path / "page.html").read_bytes())
    first, second = (row["pages"][0] for row in shown["sources"][0]["rows"])
    assert first["text"] == "x" * 50 and "note" not in first
    assert second["text"] is None and "more than 60 characters" in second["note"]
    assert any("1 of 2 pages" in note for note in shown["sources"][0]["notes"])


def correction(pointer: str, old: Any, new: Any, **other: Any) -> Correction:
    given = {"source": "data", "row": 0, "action": "edit", "start": None, "end": None, **other}
    return Correction(pointer=pointer, old=old, new=new, **given)


def test_corrections_are_applied_and_validated() -> None:
    result = invoice()
    accepted = correction("/0/number", "A17", "A17", action="accept")
    refused = correction("", "refused", "refused", row=1, action="accept")
    (item,) = review.apply(result, [accepted, refused])
    assert item is result.data[0]
    (item,) = review.apply(result, [correction("/0/lines/1/article", "Mlik", "Milk"), accepted])
    assert isinstance(item, Invoice)
    assert [line.article for line in item.lines] == ["Tea", "Milk"]
    assert result.data[0].lines[1].article == "Mlik"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (correction("/0/lines/1/article", "Milk", "Tea"), "another value"),
        (correction("/0/lines/7/article", "Mlik", "Milk"), "no such value"),
        (correction("/0/lines/-1/article", "Mlik", "Milk"), "no such value"),
        (correction("/0/colour", None, "red"), "no such value"),
        (correction("/1/number", "A17", "A18"), "no such item"),
        (correction("/0/number", "A17", "A18", row=5), "no such item"),
        (correction("/0/lines/0/price", 1.5, -1), "greater than or equal to 0"),
    ],
)
def test_corrections_that_do_not_fit_are_refused(wrong: Correction, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        review.apply(invoice(), [wrong])


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"source": "a"}', json.dumps({**vars(correction("x", 1, 2))})]
)
def test_lines_of_no_review_page_are_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "corrections.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(ValidationError, match="line 2"):
        review.read_corrections(path)


def test_the_command_corrects_the_output_of_extract(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items, corrections = tmp_path / "items.jsonl", tmp_path / "corrections.jsonl"
    record = {"source": "a.pdf", "position": 0, "row": 0, "status": "success", "error": None}
    lines = [{**record, "item": {"n": n, "when": "x"}} for n in (1, 2)]
    items.write_text("".join(json.dumps(line) + "\n" for line in lines))
    made = correction("/1/n", 2, 3, source="a.pdf")
    corrections.write_text(json.dumps(vars(made)) + "\n")
    assert cli.main(["review", "apply", str(corrections), str(items)]) == 0
    output = capsys.readouterr()
    lines[1]["item"] = {"n": 3, "when": "x"}
    assert [json.loads(line) for line in output.out.splitlines()] == lines
    assert output.err == "1 of 1 decisions changed a value\n"
    corrections.write_text(json.dumps(vars(correction("/1/n", 7, 3, source="a.pdf"))))
    assert cli.main(["review", "apply", str(corrections), str(items)]) == 1
    output = capsys.readouterr()
    assert output.out == "" and "another value" in output.err
    assert cli.main(["review", "apply", str(tmp_path / "none"), str(items)]) == 1


def test_the_commands_go_from_a_file_to_corrected_items(
    provider: FakeProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    fields = [{"name": "total", "description": "what is due", "type": "float"}]
    plan = {"model_name": "Bill", "model_description": "", "fields": fields, "instructions": ""}
    provider.script(
        {"when": "extraction_plan", "content": json.dumps(plan)},
        {"times": 2, "content": json.dumps({"items": [{"total": 12.5}]})},
    )
    table, page = tmp_path / "bills.csv", tmp_path / "page.html"
    table.write_text("customer,text\nA,total 12.50\nB,total 13.50\n")
    options = ["--model", "openai/fake", "--api-base", provider.base_url, "--review", str(page)]
    assert cli.main(["extract", str(table), "extract the total", *options]) == 0
    output = capsys.readouterr()
    assert f"review page: {page}" in output.err
    (source,) = data_of(page.read_bytes())["sources"]
    found = [
        (it["pointer"], it["value"], it["status"]) for r in source["rows"] for it in r["fields"]
    ]
    assert found == [
        ("/0/total", "12.5", "normalized"),
        ("/0/total", "12.5", "missing"),
        ("", '"13.50"', "uncited"),
    ]
    items, corrections = tmp_path / "items.jsonl", tmp_path / "corrections.jsonl"
    items.write_text(output.out)
    made = correction("/0/total", 12.5, 13.5, source=source["name"], row=1)
    corrections.write_text(json.dumps(vars(made)))
    assert cli.main(["review", "apply", str(corrections), str(items)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lines.sort(key=lambda line: line["position"])
    assert [line["item"] for line in lines] == [{"total": 12.5}, {"total": 13.5}]


def test_a_row_shows_what_stands_around_its_values() -> None:
    row = invoice().rows[0]
    html = row._repr_html_()
    assert "Invoice <mark>A17</mark> of Zoë" in html
    assert "missing" in html and "/0/lines/1/price" in html
    failed = invoice().rows[1]._repr_html_()
    assert "failed: refused" in failed and "<table" not in failed
    attack = reviews.attack().rows[0]._repr_html_()
    assert "<script" not in attack and "<img" not in attack
