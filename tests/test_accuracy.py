"""The measured texts of `bench/accuracy` and their scorer; nothing here asks a model."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

import cases
import plans
import receipts
import scoring
import summary
from cases import Case, FieldSpec

CASES = cases.load()
PLANS = plans.load()

MONTHS = [
    *("jan gen ene", "feb fév", "mar mär", "apr avr abr", "may mai mag", "jun juin giu"),
    *("jul juil lug", "aug août ago", "sep set", "oct okt ott", "nov", "dec dez déc dic"),
]


def an_answer(gold: Any) -> Any:
    """The gold with the first of equally correct values."""
    if isinstance(gold, dict):
        if "any" in gold:
            return an_answer(gold["any"][0])
        return {name: an_answer(value) for name, value in gold.items()}
    return [an_answer(entry) for entry in gold] if isinstance(gold, list) else gold


def right(case: Case, items: list[dict[str, Any]]) -> dict[str, bool]:
    return {field.field: field.right for field in scoring.score(case, items).fields}


def case_of(fields: dict[str, Any], *gold: dict[str, Any]) -> Case:
    specs = {name: cases.field_of(given) for name, given in fields.items()}
    return Case("name", "type", "en", "query", "text", specs, list(gold))


def stands_in(text: str, kind: str, value: Any) -> bool:
    """Whether the text states a gold value, by rules of this file."""
    match kind:
        case "text" | "texts":
            # Other columns may stand between the lines of a value.
            return all(
                re.search(rf"(?<!\w){re.escape(spaced(line))}(?!\w)", spaced(text)) is not None
                for line in value.split("\n")
            )
        case "integer" | "float" | "decimal":
            whole, _, decimals = str(value).partition(".")
            grouped = r"[.,'\s]?".join(whole)
            ending = f"[.,]{decimals}0?" if decimals.strip("0") else r"([.,]00?)?"
            return re.search(rf"(?<![\d.,]){grouped}{ending}(?!\d)", text) is not None
        case "date":
            return says_date(text, value)
        case "time":
            return says_time(text, value)
        case "datetime":
            return says_date(text, value[:10]) and says_time(text, value[11:])
        case _:
            return True


def spaced(text: str) -> str:
    return " ".join(text.casefold().split())


def says_date(text: str, value: str) -> bool:
    year, month, day = value.split("-")
    names = "|".join(MONTHS[int(month) - 1].split())
    between = r"[\s./,:-]*(?:th|st|nd|rd|er|º)?(?: day)?(?: of| de| del)?[\s.]*"
    numbers = rf"0?{int(day)}[-./]0?{int(month)}|0?{int(month)}[-./]0?{int(day)}"
    words = rf"\b0?{int(day)}{between}(?:{names})\w*|(?:{names})\w*\.?\s+0?{int(day)}\b"
    has_day = re.search(f"(?<!\\d)(?:{numbers})|{words}", text, re.IGNORECASE) is not None
    # The day may stand without its year, which the text says elsewhere.
    return has_day and (year in text or re.search(rf"[-./]{year[2:]}(?!\d)", text) is not None)


def says_time(text: str, value: str) -> bool:
    hour, minute = int(value[:2]), value[3:5]
    clock = rf"(?<!\d)0?{hour}(?::|h|\.| Uhr ?|:){minute}"
    half = rf"(?<!\d){(hour - 1) % 12 + 1}(?:[:.]{minute})? ?[ap]\.?m"
    return re.search(f"{clock}|{half}", text, re.IGNORECASE) is not None


def leaves(fields: dict[str, FieldSpec], item: dict[str, Any]) -> list[tuple[str, FieldSpec, Any]]:
    found: list[tuple[str, FieldSpec, Any]] = []
    for name, spec in fields.items():
        if spec.fields is None:
            found.append((name, spec, item[name]))
        else:
            found += [leaf for entry in item[name] for leaf in leaves(spec.fields, entry)]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gold_values_stand_in_their_text(case: Case) -> None:
    text = unicodedata.normalize("NFC", case.text)
    for item in case.gold:
        for name, spec, gold in leaves(case.fields, item):
            for value in scoring.variants(gold):
                if value is None:
                    assert spec.optional, name
                elif spec.choices:
                    assert value in spec.choices, name
                elif spec.free is None:
                    assert stands_in(text, spec.type, value), (name, value)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Total 1.234,50", "decimal", 1234.6),
        ("Total 11.234,50", "decimal", 1234.5),
        ("on 12 March 2026", "date", "2026-03-13"),
        ("on 12 March 2026", "date", "2025-03-12"),
        ("at 12:30", "time", "12:31:00"),
        ("Main Street 4", "text", "Main Street 5"),
        ("Main Street 45", "text", "Main Street 4"),
    ],
)
def test_other_values_do_not(text: str, kind: str, value: Any) -> None:
    assert not stands_in(text, kind, value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gold_is_an_answer_of_the_model(case: Case) -> None:
    model = cases.model_of(case)
    items = [model.model_validate(an_answer(item)) for item in case.gold]
    dumped = [item.model_dump(mode="json") for item in items]
    found = scoring.score(case, dumped)
    assert all(field.right for field in found.fields)
    assert found.over_listed == found.under_listed == 0


def test_the_halves_are_alike() -> None:
    by_type = Counter((case.type, case.held_out) for case in CASES)
    assert len(CASES) == 60
    assert all(by_type[kind, True] == by_type[kind, False] for kind, _ in by_type)
    assert sum(len(scoring.score(case, []).fields) for case in CASES) >= 300
    for held_out in (True, False):
        languages = Counter(case.language for case in CASES if case.held_out == held_out)
        assert all(languages[one] >= 2 for one in ("de", "fr", "es"))


def test_each_text_is_measured() -> None:
    measured = {case.name for case in CASES} | {plan.text_name for plan in PLANS}
    stored = {path.stem for path in (cases.FOLDER / "texts").iterdir()}
    assert stored == measured


def test_plans_ask_for_texts_of_their_half() -> None:
    halves = {case.name: case.held_out for case in CASES}
    assert len(PLANS) == 30
    assert sum(plan.held_out for plan in PLANS) == 15
    assert all(halves.get(plan.text_name, False) == plan.held_out for plan in PLANS)


def test_strings_differ_in_more_than_case_and_punctuation() -> None:
    case = case_of({"name": "text"}, {"name": "Otter & Sons, Ltd."})
    assert right(case, [{"name": "otter &  sons, ltd"}]) == {"name": True}
    assert right(case, [{"name": "Otter & Son, Ltd."}]) == {"name": False}
    assert right(case, [{"name": None}]) == {"name": False}


def test_lines_of_a_value_may_be_joined_by_commas() -> None:
    case = case_of({"address": "text"}, {"address": "4 Elm Road\nYork"})
    assert right(case, [{"address": "4 Elm Road, York"}]) == {"address": True}
    assert right(case, [{"address": "4 Elm Road"}]) == {"address": False}


def test_values_are_compared_by_their_type() -> None:
    fields = {
        "sum": "decimal",
        "rate": "float",
        "at": "datetime",
        "from": "time",
        "paid": "boolean",
    }
    gold = {"sum": 12.5, "rate": 4, "at": "2026-03-01T10:00:00", "from": "18:30:00", "paid": False}
    got = {
        "sum": "12.50",
        "rate": 4.0,
        "at": "2026-03-01T10:00:00Z",
        "from": "18:30:00",
        "paid": False,
    }
    case = case_of(fields, gold)
    assert all(right(case, [got]).values())
    wrong = {
        "sum": "12.51",
        "rate": 4.1,
        "at": "2026-03-01T10:01:00",
        "from": "06:30:00",
        "paid": None,
    }
    assert not any(right(case, [wrong]).values())


def test_one_of_several_values_is_right() -> None:
    case = case_of({"name": "text"}, {"name": {"any": ["Wolf", "Dr. Wolf"]}})
    assert right(case, [{"name": "Dr. Wolf"}])["name"]
    assert not right(case, [{"name": "Dr. Wolfe"}])["name"]


def test_too_many_and_too_few_items() -> None:
    case = case_of({"name": "text"}, {"name": "a"}, {"name": "b"})
    more = scoring.score(case, [{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d"}])
    assert (more.over_listed, more.under_listed, more.fields[0].right) == (2, 0, False)
    fewer = scoring.score(case, [{"name": "a"}])
    assert (fewer.over_listed, fewer.under_listed, fewer.fields[0].right) == (0, 1, False)
    assert not right(case, [{"name": "b"}, {"name": "a"}])["name"]


def test_columns_of_a_list_are_fields() -> None:
    lines = {"fields": {"part": "text", "count": "integer"}}
    gold = {"lines": [{"part": "nut", "count": 3}, {"part": "bolt", "count": 4}]}
    case = case_of({"lines": lines, "tags": "texts"}, gold | {"tags": ["x"]})
    got = {"lines": [{"part": "nut", "count": 3}, {"part": "bolt", "count": 5}], "tags": ["x"]}
    assert right(case, [got]) == {"lines.part": True, "lines.count": False, "tags": True}
    got = {"lines": [*gold["lines"], {"part": "nut", "count": 3}], "tags": ["x", "y"]}
    found = scoring.score(case, [got])
    assert found.over_listed == 2
    assert not any(field.right for field in found.fields)


def test_kinds_of_fields() -> None:
    fields = {
        "note": {"type": "text", "optional": True},
        "sort": {"type": "text", "free": "marked"},
        "address": "text",
        "state": ["open", "closed"],
    }
    case = case_of(
        fields, {"note": None, "sort": "x", "address": {"any": ["a\nb"]}, "state": "open"}
    )
    kinds = {field.field: field.kind for field in scoring.score(case, []).fields}
    assert kinds == {
        "note": "absent",
        "sort": "changed, marked",
        "address": "text of several lines",
        "state": "enum",
    }
    schema = cases.model_of(case).model_json_schema()["properties"]
    assert schema["sort"]["x-copied"] is False
    assert "x-copied" not in schema["address"]


def test_plans_need_all_fields_and_no_others() -> None:
    fields = [plans.WantedField("(due_)?date", ("date",)), plans.WantedField("total", ("number",))]
    case = plans.PlanningCase("query", "text", many=False, fields=fields, held_out=False)
    assert plans.is_right(case, {"total": float, "dueDate": date})
    assert not plans.is_right(case, {"total": float})
    assert not plans.is_right(case, {"total": float, "date": date, "due_date": date})
    assert not plans.is_right(case, {"total": str, "date": date})
    assert not plans.is_right(case, {"total": float, "date_of_issue": date})


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str, "text"),
        (bool, "boolean"),
        (int | None, "number"),
        (time, "time"),
        (list[str], "list"),
        (dict[str, str], None),
    ],
)
def test_kinds_of_planned_types(annotation: Any, kind: str | None) -> None:
    assert plans.kind(annotation) == kind


@pytest.fixture
def receipt_folder(tmp_path: Path) -> Path:
    for folder in ("box", "key"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for number in range(1, 10):
        key = {
            "company": f"Shop {number}",
            "date": "03-02-18",
            "address": "A, B",
            "total": "RM 4.50",
        }
        if number == 7:
            key["address"] = ""
        (tmp_path / "data" / "key" / f"{number:03}.json").write_text(json.dumps(key))
        lines = f"1,2,3,4,5,6,7,8,SHOP {number}, LTD\n1,2,3,4,5,6,7,8,A,\n\n1,2,3,4,5,6,7,8,B\n"
        (tmp_path / "data" / "box" / f"{number:03}.csv").write_text(lines)
    return tmp_path


def test_receipts_have_odd_numbers_and_all_values(receipt_folder: Path) -> None:
    every = receipts.load(receipt_folder, 99)
    assert [case.name for case in every] == ["001", "003", "005", "009"]
    assert every[0].text == "SHOP 1, LTD\nA,\nB\n"
    assert every[0].gold[0]["date"] == "2018-02-03"
    two = receipts.load(receipt_folder, 2)
    assert len(two) == 2 and two == receipts.load(receipt_folder, 2)


def test_receipts_are_scored_exactly_and_normalised(receipt_folder: Path) -> None:
    case = receipts.load(receipt_folder, 1)[0]
    shop = case.gold[0]["company"]
    got = {"company": shop.upper() + ".", "date": "2018-02-03", "address": "A, B", "total": "4.5"}

    def scores(same: scoring.SameText) -> list[bool]:
        return [field.right for field in scoring.score(case, [got], same).fields]

    assert scores(receipts.exact) == [False, True, True, True]
    assert scores(receipts.normalised) == [True, True, True, True]
    got["company"] = "Shop"
    assert scores(receipts.normalised) == [False, True, True, True]


@pytest.mark.parametrize(
    "written",
    ["05-JAN-2017", "05 JAN 17", "05/01/17", "(05/01/2017)", "5.01.17", "20170105", "2017-01-05",
     "05/JAN/2017", "JAN 5, 2017"],
)  # fmt: skip
def test_dates_of_receipts(written: str) -> None:
    assert receipts.day(written) == "2017-01-05"


def test_unknown_dates_are_errors() -> None:
    with pytest.raises(ValueError, match="unknown notation"):
        receipts.day("yesterday")


def test_summaries_count_and_compare(capsys: pytest.CaptureFixture[str]) -> None:
    counts = summary.tally([("b", True), ("a", False), ("b", False)])
    assert counts == {"a": [0, 1], "b": [1, 2]}
    summary.show({"kinds": counts}, {"kinds": {"b": [2, 2]}})
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert lines == [["kinds", "now", "before"], ["a", "0/1"], ["b", "1/2", "2/2"]]


def test_costs_count_what_stands_in_the_text() -> None:
    record = {
        "seconds": 2.0, "failed": False, "over_listed": 1, "under_listed": 0, "grounded": 3,
        "groundable": 4, "prompt_tokens": 10, "completion_tokens": 5,
    }  # fmt: skip
    figures = summary.costs([record, record | {"seconds": 1.0, "failed": True}], 700)
    assert (figures["grounded_percent"], figures["median_seconds"]) == (75.0, 1.0)
    assert (figures["failed"], figures["over_listed"], figures["peak_rss_mb"]) == (1, 2, 700)
    assert summary.costs([record | {"groundable": 0}], 1)["grounded_percent"] is None
