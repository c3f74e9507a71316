"""Results: construction, repr, HTML, equality, pickling, usage."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import subprocess
import sys
import weakref
from html.parser import HTMLParser
from typing import Any, cast

import pandas as pd
import pytest
from pydantic import BaseModel, computed_field, create_model

from provider import FakeProvider
from structx import (
    AttemptError,
    ExtractionError,
    ExtractionResult,
    ExtractionStep,
    Extractor,
    ExtractorUsage,
    RowResult,
    StepUsage,
    usage,
)
from structx._engine.result_table import table_of
from structx._engine.source import Source
from structx.definitions import generated
from structx.evidence import Evidence, RowEvidence, Span
from structx.results import result_of


class Line(BaseModel):
    text: str


class Order(BaseModel):
    number: int
    lines: list[Line] = []


class Word(BaseModel):
    word: str


class Prepared:
    """A source that the core has read: a table of JSON values, or a document."""

    def __init__(self, columns: dict[str, list[Any]] | str) -> None:
        self.path = None
        self.text = columns if isinstance(columns, str) else None
        self.columns = [] if isinstance(columns, str) else list(columns)
        self._values = None if isinstance(columns, str) else json.dumps([*columns.values()])

    def values(self) -> bytes | None:
        return None if self._values is None else self._values.encode()


CALL = usage.RawUsage(
    prompt_tokens=10,
    completion_tokens=5,
    total_tokens=15,
    thinking_tokens=None,
    cached_tokens=None,
    cost=0.5,
)
PLANNING = usage.RawUsage(
    prompt_tokens=3,
    completion_tokens=4,
    total_tokens=7,
    thinking_tokens=1,
    cached_tokens=2,
    cost=0.25,
)


FOUND = Evidence("w", "w", "exact", 1.0, [Span(0, 1, "w", None, [], None, "text")], 1)


class Rows:
    """Makes rows of the core; each is given as its items or its error."""

    def __init__(self, rows: tuple[list[Any] | str, ...]) -> None:
        self.rows = rows

    def take(
        self, labels: list[Any] | None, _of_sources: bool
    ) -> tuple[list[RowResult[Any]], list[Any]]:
        taken = [
            RowResult(
                position,
                labels[position] if labels else position,
                f"text {position}",
                [] if isinstance(row, str) else row,
                usage.of_requests([CALL, CALL] if isinstance(row, str) else [CALL]),
                row if isinstance(row, str) else None,
                evidence=RowEvidence({} if isinstance(row, str) else {"/0/word": FOUND}),
                model=None if isinstance(row, str) else "m",
                from_journal=isinstance(row, str),
            )
            for position, row in enumerate(self.rows)
        ]
        return taken, [item for row in taken for item in row.items]


def extraction(
    *rows: list[Any] | str,
    model: type[BaseModel] = Word,
    source: Prepared | pd.DataFrame | None = None,
    return_df: bool = False,
    expand_nested: bool = False,
) -> ExtractionResult[Any, Any]:
    """Makes a result; each row is given as its items or its error."""
    table = source if isinstance(source, pd.DataFrame) else None
    if source is None:
        source = Prepared({"id": list(range(len(rows)))})
    if isinstance(source, pd.DataFrame):
        source = Prepared({str(name): [] for name in source.columns})
    labels = None if table is None else list(table.index)
    raw: Any = {"model": model, "planning": [PLANNING], "rows": Rows(rows)}
    raw["warnings"], raw["source"] = ["a warning"], source
    given = Source(("", "{}"), table, labels)
    result: ExtractionResult[Any, Any] = result_of(raw, given)
    if return_df:
        result.data = table_of(result, given, cast("Any", source), expand_nested)
    return result


def records(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.astype(object).where(table.notna(), None).to_dict("records")


ONE, TWO, THREE = Word(word="one"), Word(word="two"), Word(word="three")


def test_data_is_the_flat_list_of_items_and_rows_say_how_they_ended() -> None:
    result = extraction([ONE, TWO], [], "no reply", [THREE])
    assert result.data == [ONE, TWO, THREE]
    assert [row.status for row in result.rows] == ["success", "empty", "failed", "success"]
    assert [row.position for row in result.rows] == [row.source_index for row in result.rows]
    assert (result.attempted_count, result.success_count, result.empty_count) == (4, 3, 1)
    assert (result.extracted_count, result.failure_count, result.success_rate) == (3, 1, 75.0)
    assert (result.journaled_count, [row.from_journal for row in result.rows]) == (
        1,
        [False, False, True, False],
    )
    assert result.warnings == ["a warning"]
    assert result.rows[0].evidence["/0/word"] == FOUND
    assert extraction().success_rate == 0.0


def test_labels_of_the_source_are_kept() -> None:
    table = pd.DataFrame({"id": [1, 2]}, index=["x", "y"])
    result = extraction([ONE], "no reply", source=table)
    assert [row.source_index for row in result.rows] == ["x", "y"]
    assert result.failed.to_dict("records") == [
        {"source": 0, "index": "y", "text": "text 1", "error": "no reply"}
    ]


def test_a_table_has_the_source_the_fields_and_the_status() -> None:
    table = pd.DataFrame({"id": [7, 8, 9]}, index=["x", "y", "z"])
    before = table.copy()
    result = extraction([ONE, TWO], [], "no reply", source=table, return_df=True)
    assert list(result.data.columns) == ["id", "word", "extraction_status", "word_1"]
    assert list(result.data.index) == ["x", "y", "z"]
    assert records(result.data) == [
        {"id": 7, "word": "one", "word_1": "two", "extraction_status": "Success"},
        {"id": 8, "word": None, "word_1": None, "extraction_status": "Empty"},
        {"id": 9, "word": None, "word_1": None, "extraction_status": "Failed: no reply"},
    ]
    pd.testing.assert_frame_equal(table, before)
    assert result.extracted_count == 2


@pytest.mark.parametrize(
    ("source", "column"), [(Prepared({"id": [1]}), "id"), (Prepared("a document"), "text")]
)
def test_other_sources_become_tables_too(source: Prepared, column: str) -> None:
    columns = list(extraction([ONE], source=source, return_df=True).data.columns)
    assert columns[-3:] == [column, "word", "extraction_status"]


def test_the_extractor_gives_tables(provider: FakeProvider) -> None:
    item = {"number": 1, "lines": [{"text": "x"}]}
    provider.script(
        {"content": json.dumps({"items": [item]}), "when": "first"},
        {"content": json.dumps({"items": []}), "when": "second"},
    )
    extractor = Extractor(model="openai/fake", api_key="k", api_base=provider.base_url)
    result = extractor.extract(
        data=[{"t": "first"}, {"t": "second"}],
        query="orders",
        model=Order,
        return_df=True,
        expand_nested=True,
    )
    assert result.data["t"].tolist() == ["first", "second"]
    assert result.data["lines_0_text"].tolist() == ["x", None]
    assert result.data["extraction_status"].tolist() == ["Success", "Empty"]


def test_no_items_at_all_still_give_every_field_a_column() -> None:
    result = extraction("no reply", model=Order, return_df=True, expand_nested=True)
    assert list(result.data.columns) == ["id", "number", "lines", "extraction_status"]


def test_the_columns_of_the_source_are_never_overwritten() -> None:
    source = pd.DataFrame({"word": ["kept"], "extraction_status": ["kept too"]})
    result = extraction([ONE], source=source, return_df=True)
    assert records(result.data) == [
        {
            "word": "kept",
            "extraction_status": "kept too",
            "word_extracted": "one",
            "extraction_status_extracted": "Success",
        }
    ]


def test_values_that_can_not_be_dumped_are_an_extraction_error() -> None:
    class Broken(BaseModel):
        @computed_field
        @property
        def word(self) -> str:
            raise RuntimeError("no such word")

    with pytest.raises(ExtractionError, match="no such word") as raised:
        extraction([Broken()], model=Broken, return_df=True)
    assert raised.value.__cause__ is not None


def test_without_pandas_counts_html_and_lists_work_and_a_table_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    result = extraction([ONE], "no reply")
    assert result.failed == [{"source": 0, "index": 1, "text": "text 1", "error": "no reply"}]
    assert (result.success_count, result.failure_count) == (1, 1)
    assert "<table" in result._repr_html_()
    with pytest.raises(ExtractionError, match="pip install pandas") as raised:
        extraction([ONE], return_df=True)
    assert isinstance(raised.value.__cause__, ImportError)


def test_failed_has_its_columns_without_rows() -> None:
    assert list(extraction([ONE]).failed.columns) == ["source", "index", "text", "error"]


DEFINITION = {
    "model_name": "Contact",
    "model_description": "",
    "fields": [
        {
            "name": "name",
            "type": "str",
            "tree": "str",
            "description": "",
            "validation": {},
            "nested_fields": None,
            "required": True,
            "nullable": False,
            "has_default": False,
            "default": None,
        }
    ],
}


@pytest.mark.parametrize("planned", [False, True], ids=["own model", "planned model"])
@pytest.mark.parametrize("form", [{}, {"return_df": True}], ids=["list", "table"])
@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_results_pickle_and_copy(planned: bool, form: dict[str, bool], way: str) -> None:
    model = generated.create_model(DEFINITION) if planned else Word
    item = model.model_validate({"name": "Ada", "word": "Ada"})
    result = extraction([item], "no reply", model=model, **form)
    double = {
        "pickle": lambda: pickle.loads(pickle.dumps(result)),
        "copy": lambda: copy.copy(result),
        "deepcopy": lambda: copy.deepcopy(result),
    }[way]()
    assert double == result and double is not result
    assert type(double.data) is type(result.data) and len(double.data) == len(result.data)
    assert (double.model, double.usage, repr(double)) == (model, result.usage, repr(result))
    assert (double.rows[0] is result.rows[0]) == (way == "copy")


def test_a_planned_result_pickles_into_another_process() -> None:
    model = generated.create_model(DEFINITION)
    result = extraction([model.model_validate({"name": "Ada"})], model=model)
    program = (
        "import pickle, sys; result = pickle.load(sys.stdin.buffer);"
        "print(result.data[0].model_dump(), type(result.data[0]) is result.model)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(result), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == "{'name': 'Ada'} True"


@pytest.mark.parametrize(
    "change",
    [
        {"rows": []},
        {"model": Order},
        {"usage": ExtractorUsage()},
        {"warnings": []},
    ],
    ids=str,
)
def test_results_are_equal_if_all_but_the_form_of_their_data_is(change: dict[str, Any]) -> None:
    result = extraction([ONE], "no reply")
    assert result == extraction([ONE], "no reply") == extraction([ONE], "no reply", return_df=True)
    assert result != extraction([TWO], "no reply")
    other = copy.copy(result)
    for name, value in change.items():
        setattr(other, name, value)
    assert other != result


def test_reprs_are_short_and_without_text_of_the_document() -> None:
    result = extraction([Word(word="secret " * 100)] * 30, "long error " * 1000)
    assert repr(result) == "ExtractionResult(model=Word, rows=2, items=30, failed=1, tokens=52)"
    first, second = map(repr, result.rows)
    assert first == "RowResult(position=0, status='success', items=30, tokens=15, error=None)"
    assert second.startswith("RowResult(position=1, status='failed', items=0, tokens=30, error='lo")
    assert len(second) < 300 and "text 1" not in second
    assert repr(result.usage) == (
        "ExtractorUsage(total_tokens=52, requests={'schema_generation': 1, 'extraction': 3})"
    )


class Page(HTMLParser):
    """The tags, lines and text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.lines: list[list[str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.lines.append([])
        if tag in {"td", "th"}:
            self.lines[-1].append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.lines and self.lines[-1]:
            self.lines[-1][-1] += data


def test_html_shows_counts_and_the_first_items() -> None:
    page = Page(extraction([ONE, TWO], [], "no reply")._repr_html_())
    assert page.text.startswith("Word: 2 items · 3 rows · 1 empty · 1 failed · 67 tokens")
    assert page.lines == [
        ["row", "word"],
        ["0", "one exact"],
        ["0", "two"],
        ["1", "empty"],
        ["2", "failed: no reply"],
    ]


def test_html_is_bounded() -> None:
    wide: Any = create_model("Wide", **{f"f{number}": (str, "x" * 10_000) for number in range(30)})
    html = extraction(*[[wide()]] * 100, model=wide)._repr_html_()
    page = Page(html)
    assert len(page.lines) == 21 and len(page.lines[1]) == 13
    assert page.text.endswith("… 80 more lines and 18 more fields")
    assert len(html) < 100_000


HOSTILE = "</td></table><script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp;"


def test_html_of_hostile_documents_is_only_text() -> None:
    model: Any = create_model(f"M{HOSTILE}", word=(Any, ...))
    table = pd.DataFrame({"id": [1, 2]}, index=[HOSTILE, "y"])
    items = [model(word=HOSTILE), model(word={HOSTILE: [HOSTILE]})]
    page = Page(extraction(items, HOSTILE, model=model, source=table)._repr_html_())
    assert not page.tags & {"script", "img"}
    assert page.lines[1] == [HOSTILE, f"{HOSTILE} exact"]


def test_usage_adds_up_over_planning_and_rows() -> None:
    result = extraction([ONE], "no reply")
    assert [row.usage.total_tokens for row in result.rows] == [15, 30]
    used = result.usage
    assert (used.total_tokens, used.prompt_tokens, used.completion_tokens) == (52, 33, 19)
    assert (used.thinking_tokens, used.cached_tokens) == (1, 2)
    assert (result.rows[0].usage.thinking_tokens, result.rows[0].usage.cached_tokens) == (
        None,
        None,
    )
    assert used.get_step("extraction") == used.get_step(ExtractionStep.EXTRACTION)
    assert used.get_step("extraction") == [StepUsage(**CALL)] * 3
    assert result.rows[0].usage.get_step("schema_generation") == []
    assert list(result.rows[0].usage.steps) == [ExtractionStep.EXTRACTION]
    assert used.steps["extraction"] is used.steps[ExtractionStep.EXTRACTION]  # pyright: ignore
    with pytest.raises(ValueError, match="other"):
        used.get_step("other")


def test_costs_add_up_where_all_are_known() -> None:
    result = extraction([ONE], "no reply")
    assert (result.rows[0].usage.cost, result.rows[1].usage.cost) == (0.5, 1.0)
    assert result.usage.cost == 1.75
    unknown = usage.of_planning([PLANNING, {**PLANNING, "cost": None}])
    assert (unknown.cost, ExtractorUsage().cost) == (None, 0.0)


def test_what_is_empty_for_most_rows_takes_no_room_and_is_there_all_the_same() -> None:
    [row] = extraction([]).rows
    assert held(row) == [[], {"/0/word": FOUND}]
    row.repairs.append("mended")
    assert row.repairs == ["mended"]
    assert (row.image_pages, row.errors, row.incomplete_items) == ([], [], [])
    assert held(row) == [[], {"/0/word": FOUND}, [], ["mended"], [], []]
    with pytest.raises(AttributeError, match="RowResult' object has no attribute 'item'"):
        _ = row.item  # pyright: ignore


def held(row: RowResult[Any]) -> list[Any]:
    """The lists and dicts that a row holds."""
    return [it for it in gc.get_referents(row) if isinstance(it, (list, dict, RowEvidence))]


def test_rows_have_names_and_are_made_of_their_attributes(subject: Extractor) -> None:
    [row] = subject.extract(data="a text", query="q", model=Word).rows
    match row:
        case RowResult(position, index, text, [item], used, error=None, model=model):
            assert (position, index, text, model) == (0, 0, "a text", "openai/fake")
            assert isinstance(item, Word) and used.total_tokens > 0
        case _:
            pytest.fail(repr(row))
    assert row.items is row.items and row.usage is row.usage
    values = [getattr(row, name) for name in RowResult.__match_args__]
    assert RowResult(*values) == row != RowResult(1, *values[1:])
    assert RowResult[Word](*values) == row and row != "a row"
    for double in (pickle.loads(pickle.dumps(row)), copy.copy(row), copy.deepcopy(row)):
        assert double == row and double is not row
    with pytest.raises(AttributeError):
        row.position = 1  # pyright: ignore
    with pytest.raises(TypeError, match="unhashable"):
        hash(row)


def test_a_row_in_a_cycle_is_collected(subject: Extractor) -> None:
    result = subject.extract(data="a text", query="q", model=create_model("Own", word=(Any, ...)))
    [item] = result.data
    item.word = result
    collected = weakref.ref(item)
    del result, item
    gc.collect()
    assert collected() is None


def test_errors_of_attempts_compare_pickle_and_say_what_happened() -> None:
    error = AttemptError("openai/a", "rate_limit", "slow down", 429, request_id="r")
    assert str(error) == "slow down"
    assert repr(error) == (
        "AttemptError(model='openai/a', kind='rate_limit', message='slow down', status=429, "
        "code=None, request_id='r')"
    )
    assert pickle.loads(pickle.dumps(error)) == error == copy.deepcopy(error)
    assert hash(error) == hash(copy.copy(error)) and error != AttemptError("", "", "")


def test_usage_dumps_like_a_pydantic_model() -> None:
    used = usage.of_planning([{**PLANNING, "thinking_tokens": None, "cost": None}])
    call = {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "thinking_tokens": None,
        "cached_tokens": 2,
        "cost": None,
    }
    [step] = used.get_step("schema_generation")
    assert step.model_dump() == call
    assert used.model_dump() == {"steps": {ExtractionStep.SCHEMA_GENERATION: [call]}}
    assert used.model_dump()["steps"]["schema_generation"] == [call]
    assert used.model_dump(mode="json") == {"steps": {"schema_generation": [call]}}
    assert json.loads(used.model_dump_json(indent=2)) == used.model_dump(mode="json")
    assert "thinking_tokens" not in step.model_dump_json(exclude_none=True)


@pytest.mark.parametrize("kind", [ExtractionResult[Word], ExtractionResult[Word, Any]], ids=str)
def test_results_take_type_arguments_at_run_time(kind: Any) -> None:
    made = kind([], [RowResult[Word](0, 0, "", [], ExtractorUsage())], Word, ExtractorUsage())
    assert isinstance(made, ExtractionResult) and made.empty_count == 1
