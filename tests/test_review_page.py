"""The review page in a browser; test_review.py has the tests of its file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import reviews
import structx
from browsers import opened
from provider import FakeProvider, connect
from samples import page_of, pdf, xlsx_of
from structx import ExtractionResult, review
from structx._engine.review import writer

SCRIPTS = Path(writer.__file__).parent

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def name(page: Page) -> str:
    """The name of the current value."""
    return page.inner_text("#detail-name")


def value(page: Page) -> str:
    return page.inner_text("#detail-value")


def lines(page: Page) -> list[str]:
    """The names in the queue."""
    return page.locator("#queue-lines .name").all_inner_texts()


def saved(page: Page) -> list[review.Correction]:
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "corrections.jsonl"
    return review.read_corrections(download.value.path())


def pick(page: Page, field: str) -> None:
    page.locator("#queue-lines [role=option]", has_text=field).first.click()
    assert name(page) == field


def select(page: Page, text: str) -> None:
    """Selects a text in the document, as a person does with the mouse."""
    page.evaluate(
        """text => {
            const pages = document.getElementById("pages");
            const walker = document.createTreeWalker(pages, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const at = walker.currentNode.data.indexOf(text);
                if (at < 0) continue;
                document.getSelection().setBaseAndExtent(
                    walker.currentNode, at, walker.currentNode, at + text.length);
                return;
            }
            throw new Error("no such text");
        }""",
        text,
    )
    page.wait_for_selector("#take:enabled")


def test_the_queue_has_the_greatest_risk_first(page: Page) -> None:
    assert lines(page) == [
        "row failed",
        "lines[1].price",
        "lines[1].article",
        "uncited amount",
        "currency",
        "lines[0].price",
        "number",
        "lines[0].article",
    ]
    assert page.inner_text("#queue-count") == "8 values of 9"
    assert page.inner_text("#notes-count") == "1 note"
    page.locator(".chip", has_text="empty").click()
    assert lines(page)[-1] == "due"
    page.locator(".chip", has_text="missing").click()
    assert "lines[1].price" not in lines(page)
    page.fill("#search", "article")
    assert lines(page) == ["lines[1].article", "lines[0].article"]


def test_a_click_on_either_side_shows_the_other(page: Page) -> None:
    page.locator("mark", has_text="1.50").click()
    assert name(page) == "lines[0].price"
    assert page.inner_text("#fields [aria-current] .value") == "1.5"
    assert page.locator("[role=option][aria-selected=true] .name").inner_text() == "lines[0].price"
    page.locator("#fields button", has_text="Mlik").click()
    assert page.locator("mark.current").all_inner_texts() == ["Milk"]
    assert "“Milk”" in page.inner_text("#detail-lines")
    assert "0.80 of 1" in page.inner_text("#detail-lines")


def test_keys(page: Page) -> None:
    assert name(page) == "row failed" and "refused" in value(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert name(page) == "lines[1].price"
    assert page.inner_text("#announcement") == "lines[1].price: 2.25, missing, 2 of 8"
    page.keyboard.press("Enter")
    assert name(page) == "lines[1].article"
    assert page.inner_text("#done") == "1 of 9 values reviewed"
    page.keyboard.press("Enter")
    page.keyboard.press("u")
    assert page.inner_text("#done") == "1 of 9 values reviewed"
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")
    page.keyboard.press("/")
    page.keyboard.type("jku")
    assert page.input_value("#search") == "jku"
    assert page.inner_text("#done") == "1 of 9 values reviewed"


def test_the_page_works_with_the_keyboard_alone(page: Page) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "do-accept":
            break
    page.keyboard.press("Enter")
    assert page.inner_text("#done") == "1 of 9 values reviewed"


def test_an_edit_is_checked_by_the_schema_and_saved(page: Page) -> None:
    pick(page, "number")
    page.keyboard.press("e")
    page.keyboard.type("17")
    page.keyboard.press("Enter")
    assert page.inner_text("#problem") == r"The value must match ^[A-Z]\d+$."
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    assert value(page) == "A17"
    page.keyboard.press("e")
    page.keyboard.type("B17")
    page.keyboard.press("Enter")
    assert value(page) == "B17"
    pick(page, "lines[0].price")
    for typed, problem in (("-1", "must be at least 0"), ("much", "must be number")):
        page.keyboard.press("e")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        assert problem in page.inner_text("#problem")
        page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.type("1.70")
    page.keyboard.press("Enter")
    pick(page, "currency")
    page.keyboard.press("e")
    page.select_option("#edit select", '"USD"')
    page.click("#edit .primary")
    assert page.is_visible("#unsaved")
    corrections = saved(page)
    assert not page.is_visible("#unsaved")
    assert {(it.pointer, it.action, it.old, it.new) for it in corrections} == {
        ("/0/number", "edit", "A17", "B17"),
        ("/0/lines/0/price", "edit", 1.5, 1.7),
        ("/0/currency", "edit", "EUR", "USD"),
    }
    (item,) = review.apply(reviews.invoice(), corrections)
    assert (item.number, item.lines[0].price, item.currency) == ("B17", 1.7, "USD")


def test_a_value_may_be_null_where_the_schema_says_so(page: Page) -> None:
    page.locator(".chip", has_text="empty").click()
    pick(page, "due")
    page.keyboard.press("e")
    assert page.is_checked("#is-null")
    page.uncheck("#is-null")
    page.fill("#edit textarea", "today")
    page.keyboard.press("Enter")
    pick(page, "number")
    page.keyboard.press("e")
    assert not page.is_visible("#null-line")
    page.keyboard.press("Escape")
    assert [(it.old, it.new) for it in saved(page)] == [(None, "today")]


def test_a_place_is_selected_in_the_text(page: Page) -> None:
    pick(page, "lines[1].price")
    select(page, "2.25")
    page.keyboard.press("a")
    assert page.locator("mark.current").all_inner_texts() == ["2.25"]
    pick(page, "lines[1].article")
    page.keyboard.press("e")
    select(page, "Milk")
    page.click("#take")
    assert page.input_value("#edit textarea") == "Milk"
    page.click("#edit .primary")
    moved, edited = saved(page)[::-1]
    # After an emoji, where JavaScript counts one more.
    start = reviews.TEXT.index("2.25")
    assert (moved.action, moved.start, moved.end) == ("anchor", start, start + 4)
    start = reviews.TEXT.index("Milk")
    assert (edited.action, edited.new, edited.start) == ("edit", "Milk", start)
    page.keyboard.press("u")
    page.keyboard.press("u")
    assert not page.locator("mark", has_text="2.25").count()
    assert page.is_disabled("#save")


def test_nothing_of_a_document_runs(browser: Browser, tmp_path: Path) -> None:
    path = reviews.attack().review(tmp_path / "page.html")
    with opened(browser, path, refused="TrustedHTML") as page:
        assert page.evaluate("window.hacked") is None
        assert page.inner_text(".text") == f"before {reviews.ATTACK} after"
        assert page.locator("#detail-value").text_content() == reviews.ATTACK
        page.keyboard.press("e")
        page.keyboard.press("End")
        page.keyboard.type("<script>")
        page.keyboard.press("Enter")
        assert value(page).endswith("<script>")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0
        # The policy holds against a script that a flaw of the page would let in.
        blocked = """() => {
            try {
                document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='hacked = 4'>");
                return false;
            } catch { return true; }
        }"""
        assert page.evaluate(blocked)


def test_a_thousand_pages_and_ten_thousand_values_stay_fluid(
    browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "large.html"
    path.write_bytes(writer.page_of(reviews.large(1_000, 10), []))
    started = time.perf_counter()
    with opened(browser, path) as page:
        assert time.perf_counter() - started < 10
        assert page.inner_text("#queue-count") == "10,000 values of 10,000"
        assert name(page) == "lines[99].price"
        assert page.locator("#queue-lines [role=option]").count() < 60
        page.locator("#queue").evaluate("queue => queue.scrollTop = queue.scrollHeight")
        page.locator("[role=option]", has_text="lines[9998].price").click()
        assert page.locator("mark.current").all_inner_texts() == ["1000.08"]
        assert page.locator("mark.current").is_visible()
        page.locator("#pages").evaluate("pages => pages.scrollTop = pages.scrollHeight / 2")
        page.locator("[data-page='500'] mark").first.wait_for()
        drawn = page.locator("section.page:has(.text)").count()
        assert drawn < 40
        slowest = page.evaluate(
            """() => {
                const press = () => {
                    const before = performance.now();
                    document.body.dispatchEvent(
                        new KeyboardEvent("keydown", { key: "k", bubbles: true }));
                    document.body.offsetHeight;
                    return performance.now() - before;
                };
                return Math.max(...Array.from({ length: 50 }, press));
            }"""
        )
        assert slowest < 500


def extracted(provider: FakeProvider, path: Path) -> ExtractionResult[Any]:
    item = {"number": "A17", "currency": "EUR", "lines": [{"article": "Tea", "price": 1.5}]}
    provider.script({"content": json.dumps({"items": [item]})})
    pages = [page_of(["Invoice A17", "Tea 1.50 EUR"]), page_of(["the end"])]
    path.write_bytes(pdf(pages))
    return connect(provider).extract(data=path, query="q", model=reviews.Invoice)


def test_marks_are_boxes_over_the_image_of_a_page(
    browser: Browser, provider: FakeProvider, tmp_path: Path
) -> None:
    result = extracted(provider, tmp_path / "bill.pdf")
    with opened(browser, result.review(tmp_path / "page.html")) as page:
        image = page.locator("img").first
        image.evaluate("image => image.decode()")
        assert image.evaluate("image => image.naturalWidth") > 900
        page.locator(".box[title='number']").click()
        assert name(page) == "number" and "page.html" in page.url
        area, box = image.bounding_box(), page.locator(".box.current").bounding_box()
        assert area is not None and box is not None
        ((left, top, right, _),) = result.rows[0].evidence["/0/number"].spans[0].boxes
        scale = area["width"] / 595
        assert box["x"] - area["x"] == pytest.approx(left * scale, abs=2)
        assert box["y"] - area["y"] == pytest.approx(top * scale, abs=2)
        assert box["width"] == pytest.approx((right - left) * scale, abs=2)
        page.keyboard.press("t")
        assert page.locator("mark.current").all_inner_texts() == ["A17"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 600])
def test_axe_finds_nothing(
    browser: Browser, provider: FakeProvider, tmp_path: Path, scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    results = {"bill.pdf": extracted(provider, tmp_path / "bill.pdf"), "rows": reviews.invoice()}
    path = review.write(results, tmp_path / "page.html")
    # The policy would refuse the script of axe, too.
    with opened(browser, path, bypass_csp=True, color_scheme=scheme) as page:
        page.set_viewport_size({"width": width, "height": 900})
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        pick(page, "number")
        page.keyboard.press("e")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_a_sheet_is_a_table(browser: Browser, provider: FakeProvider, tmp_path: Path) -> None:
    rows = [("article", "price"), ("Tea # ", "1.50"), ("Milk", "2.25")]
    sheet = "".join(
        f'<row r="{n}">'
        + "".join(
            f'<c r="{column}{n}" t="inlineStr"><is><t>{text}</t></is></c>'
            for column, text in zip("AC", row, strict=True)
        )
        + "</row>"
        for n, row in enumerate(rows, start=1)
    )
    item = {"number": "A1", "currency": "EUR", "lines": [{"article": "Milk", "price": 2.25}]}
    provider.script({"content": json.dumps({"items": [item]})})
    data = structx.read(("prices.xlsx", xlsx_of(sheet)), read_as="document")
    result = connect(provider).extract(data=data, query="q", model=reviews.Invoice)
    with opened(browser, result.review(tmp_path / "page.html")) as page:
        assert page.inner_text("section.page h3") == "One"
        assert page.inner_text(".heading") == "One"
        cells = page.locator("table tr").nth(2).locator("td")
        assert [text.strip() for text in cells.all_inner_texts()] == ["Milk", "2.25"]
        page.locator("td", has_text="2.25").locator("mark").click()
        assert name(page) == "lines[0].price"
        assert page.locator("td:has(mark.current)").get_attribute("title") == "One!C3"
        assert "One!C3" in page.inner_text("#detail-lines")
        select(page, "1.50")
        page.keyboard.press("a")
        (moved,) = saved(page)
        assert data.text[moved.start : moved.end] == "1.50"


def test_several_sources_are_one_queue(browser: Browser, tmp_path: Path) -> None:
    results = {"one": reviews.invoice(), "two": reviews.invoice(), "none": reviews.result_of()}
    with opened(browser, review.write(results, tmp_path / "page.html")) as page:
        assert lines(page)[:4] == ["row failed", "row failed", "lines[1].price", "lines[1].price"]
        page.locator("[role=option]", has_text="two · row 0").first.click()
        assert page.locator("section.page").first.get_attribute("aria-label") == "Row 0 of two"
        page.keyboard.press("Enter")
        (correction,) = saved(page)
        assert (correction.source, correction.row, correction.action) == ("two", 0, "accept")
        page.select_option("#sources", label="one")
        assert page.inner_text("#queue-count") == "8 values of 18"


def test_a_result_without_rows_has_a_page(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, reviews.result_of().review(tmp_path / "page.html")) as page:
        for key in "jkuates?":
            page.keyboard.press(key)
        assert page.is_visible("#queue-empty")


SCHEMA = {
    "$defs": {
        "Text": {"type": "string"},
        "Line": {
            "type": "object",
            "properties": {
                "price": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]},
                "unit": {"enum": ["kg", "l"]},
            },
        },
    },
    "type": "object",
    "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "count": {"type": "integer", "exclusiveMaximum": 10, "multipleOf": 2},
        "code": {"allOf": [{"type": "string", "pattern": "^[A-Z]{2}$"}]},
        "name": {"type": "string", "minLength": 1, "maxLength": 2},
        "due": {"type": "string", "format": "date"},
        "kind": {"const": "bill"},
        "step": {"type": "number", "multipleOf": 0.1},
        "iban": {
            "allOf": [{"$ref": "#/$defs/Text"}, {"pattern": "^DE"}],
            "maxLength": 4,
            "anyOf": [{"pattern": "1$"}, {"pattern": "2$"}],
        },
        "self": {"anyOf": [{"$ref": "#/properties/self"}, {"$ref": "#/properties/self"}]},
    },
    "additionalProperties": {"type": "boolean"},
}


@pytest.mark.parametrize(
    ("pointer", "values", "wrong"),
    [
        ("/lines/0/price", ["0", "1.5", "null"], ["-1", '"1"', "true"]),
        ("/lines/7/unit", ['"kg"'], ['"t"', "null"]),
        ("/count", ["-2", "8", "8.0"], ["10", "3", "2.5", '"8"']),
        ("/code", ['"AB"'], ['"A"', "1"]),
        ("/name", ['"\U0001f980\U0001f980"'], ['""', '"abc"']),
        ("/due", ['"2028-02-29"'], ['"2027-02-29"', '"29 February"', "3"]),
        ("/kind", ['"bill"'], ['"letter"']),
        ("/step", ["0.3", "1.7"], ["0.35"]),
        ("/iban", ['"DE1"', '"DE02"'], ['"DE3"', '"DE001"', '"FR1"', "1"]),
        ("/self", ["1", "null"], []),
        ("/paid", ["true"], ["1"]),
        ("/code/unknown", ["1", '"x"', "null"], []),
    ],
)
def test_values_are_checked_as_a_validator_does(
    browser: Browser, pointer: str, values: list[str], wrong: list[str]
) -> None:
    page = browser.new_page()
    for part in ("text.js", "schema.js"):
        page.add_script_tag(content=(SCRIPTS / part).read_text("utf-8"))
    check = "([root, pointer, json]) => problemOf(schemasAt(root, pathOf(pointer)), json)"
    for value in values:
        assert page.evaluate(check, [SCHEMA, pointer, value]) == "", value
    for value in wrong:
        assert page.evaluate(check, [SCHEMA, pointer, value]), value
    page.close()


def test_the_theme_is_switched_and_the_print_has_all_values(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    assert page.evaluate(ground) != light
    pick(page, "number")
    page.keyboard.press("Enter")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert not page.is_visible("main")
    assert page.locator("#print-out tbody tr").count() == 9
    row = page.locator("#print-out tr", has_text="A17").inner_text()
    assert "exact" in row and "accepted" in row
