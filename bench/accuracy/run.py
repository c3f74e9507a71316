"""Measures accuracy and speed of the embedded model: `python bench/accuracy/run.py`, `make bench`.

A field is right if its values over all items of the text equal the gold values, in order: a missing
or additional item makes all fields of its text wrong. The comparison of strings ignores case, runs
of whitespace and surrounding punctuation; that of other types is exact. A reply is valid if the row
did not fail.
"""

from __future__ import annotations

import argparse
import string
import time
import types
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic.alias_generators import to_snake

import extraction_cases
import planning_cases
from extraction_cases import ExtractionCase
from planning_cases import Kind, PlanningCase
from structx import ExtractionError, Extractor


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure accuracy and speed of a model.")
    parser.add_argument("--model", help="such as openai/gpt-4o; default: the embedded model")
    extractor = Extractor(model=parser.parse_args().model)
    extraction(extractor)
    planning(extractor)


def extraction(extractor: Extractor) -> None:
    right = total = valid = 0
    seconds: list[float] = []
    print(f"{'text':<12}{'right':>6}{'valid':>7}{'seconds':>9}")
    for case in extraction_cases.CASES:
        started = time.perf_counter()
        result = extractor.extract(data=case.text, query=case.query, model=case.model)
        seconds.append(time.perf_counter() - started)
        is_valid = all(row.status != "failed" for row in result.rows)
        missed = misses(case, [item.model_dump() for item in result.data])
        fields = len(case.model.model_fields)
        hits = fields - len(missed)
        print(f"{case.name:<12}{hits:>4}/{fields}{is_valid!s:>7}{seconds[-1]:>9.1f}")
        for miss in missed:
            print(f"    {miss}")
        right, total, valid = right + hits, total + fields, valid + is_valid
    documents = len(seconds)
    print(f"\nfields right    {right}/{total}")
    print(f"valid replies   {100 * valid // documents} %")
    # The first text includes the time to load the model.
    print(f"seconds a text  {sum(seconds[1:]) / (documents - 1):.1f} (first: {seconds[0]:.1f})\n")


def misses(case: ExtractionCase, items: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for name in case.model.model_fields:
        wanted = [record[name] for record in case.gold]
        got = [item[name] for item in items]
        if len(wanted) != len(got) or not all(map(same, wanted, got)):
            found.append(f"{name}: wanted {wanted!r}, got {got!r}")
    return found


def same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, set):
        return any(same(variant, got) for variant in cast(set[str], wanted))
    if isinstance(wanted, str) and isinstance(got, str):
        return plain(wanted) == plain(got)
    if isinstance(wanted, float | Decimal) and isinstance(got, float | Decimal):
        return Decimal(str(wanted)) == Decimal(str(got))
    return type(wanted) is type(got) and wanted == got


def plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(string.punctuation + string.whitespace)


def planning(extractor: Extractor) -> None:
    right = 0
    for case in planning_cases.CASES:
        started = time.perf_counter()
        try:
            model = extractor.extract(data=case.text, query=case.query).model
            planned = {name: info.annotation for name, info in model.model_fields.items()}
        except ExtractionError as error:
            planned = {}
            print(f"    {error}")
        is_right = plan_is_right(case, planned)
        right += is_right
        verdict, seconds = "right" if is_right else "WRONG", time.perf_counter() - started
        print(f"{verdict:<6}{seconds:>6.1f} s  {case.query}")
        if not is_right:
            print(f"    got {planned}")
    print(f"\nplans right     {right}/{len(planning_cases.CASES)}")


def plan_is_right(case: PlanningCase, planned: dict[str, Any]) -> bool:
    kinds = {to_snake(name): kind(annotation) for name, annotation in planned.items()}
    matches = [
        [name for name in kinds if name in wanted.names and kinds[name] in wanted.kinds]
        for wanted in case.fields
    ]
    return len(planned) == len(case.fields) and all(len(names) == 1 for names in matches)


def kind(annotation: Any) -> Kind | None:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(arguments[0])
    if origin in (Union, types.UnionType):
        members = [member for member in arguments if member is not type(None)]
        return kind(members[0]) if len(members) == 1 else None
    if origin is Literal:
        return "text"
    base = origin or annotation
    if not isinstance(base, type):
        return None
    if issubclass(base, bool):
        return "boolean"
    if issubclass(base, str):
        return "text"
    if issubclass(base, int | float | Decimal):
        return "number"
    if issubclass(base, date | datetime):
        return "date"
    return "list" if issubclass(base, list | set | frozenset | tuple) else None


if __name__ == "__main__":
    main()
