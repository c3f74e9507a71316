"""Measures accuracy and speed of the embedded model: `python bench/accuracy/run.py`, `make bench`.

Changes are judged by one half of the texts and plans. `--held-out` measures the other half, which
is to be looked at once, at the end: it shows no values. `--json` keeps a run, `--before` shows it
beside a later one. `--receipts` measures public receipts instead (see `receipts.py`).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any, TypeAlias

import cases
import plans
import receipts
import scoring
import summary
from cases import Case
from structx import ExtractionError, ExtractionResult, Extractor
from summary import Record, Summary

SIZES = {"0.5b": "local/qwen2.5-coder-0.5b", "1.5b": "local/qwen2.5-coder-1.5b"}
Measured: TypeAlias = tuple[list[Record], Summary]
GROUNDED = {"exact", "normalized", "fuzzy", "ambiguous"}


def main() -> None:
    options = arguments()
    extractor = Extractor(model=SIZES.get(options.model, options.model))
    print(repr(extractor))
    if options.receipts is not None:
        records, totals = measure_receipts(extractor, options)
    elif options.set is not None:
        records, totals = MEASURES[options.set](extractor, options)
    else:
        records, totals = measure_texts(extractor, options)
        more, plan_totals = measure_plans(extractor, options)
        records, totals = records + more, totals | plan_totals
    totals["cost"] = summary.costs(records, peak_rss_mb())
    before = json.loads(options.before.read_text("utf-8"))["summary"] if options.before else None
    summary.show(totals, before)
    if options.json is not None:
        content = {"model": repr(extractor), "summary": totals, "records": records}
        options.json.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure accuracy and speed of a model.")
    parser.add_argument(
        "--model", help="0.5b, 1.5b, local/FILE.gguf, openai/gpt-4o, ...; default: the embedded one"
    )
    parser.add_argument("--set", choices=tuple(MEASURES), help="default: both")
    parser.add_argument("--held-out", action="store_true", help="measure the other half, once")
    parser.add_argument("--receipts", type=Path, metavar="FOLDER", help="measure these instead")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N of each set; of receipts 60"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the run in a file")
    parser.add_argument("--before", type=Path, metavar="FILE", help="such a file, to compare with")
    return parser.parse_args()


def measure_texts(extractor: Extractor, options: argparse.Namespace) -> Measured:
    records: list[Record] = []
    scores: list[tuple[Case, scoring.FieldScore]] = []
    chosen = [case for case in cases.load() if case.held_out == options.held_out]
    for case in chosen[: options.limit]:
        record, items = extracted(extractor, case)
        found = scoring.score(case, items)
        record |= {"over_listed": found.over_listed, "under_listed": found.under_listed}
        record |= {"fields": [vars(field) for field in found.fields]}
        records.append(record)
        scores += [(case, field) for field in found.fields]
        right = sum(field.right for field in found.fields)
        print(f"{case.name:<26}{right:>4}/{len(found.fields):<4}{record['seconds']:>7.1f} s")
        for field in found.fields:
            if not field.right and not options.held_out:
                print(f"    {field.field}: wanted {field.wanted!r}, got {field.got!r}")
    return records, {
        "fields right": summary.tally(("all", one.right) for _, one in scores),
        "by kind of field": summary.tally((one.kind, one.right) for _, one in scores),
        "by type of text": summary.tally((case.type, one.right) for case, one in scores),
        "by language": summary.tally((case.language, one.right) for case, one in scores),
    }


def measure_receipts(extractor: Extractor, options: argparse.Namespace) -> Measured:
    records: list[Record] = []
    tables: dict[str, list[tuple[str, bool]]] = {"exact": [], "normalised": []}
    for case in receipts.load(options.receipts, options.limit or 60):
        record, items = extracted(extractor, case)
        exact = scoring.score(case, items, receipts.exact)
        normalised = scoring.score(case, items, receipts.normalised)
        record |= {"over_listed": exact.over_listed, "under_listed": exact.under_listed}
        record |= {"fields": [vars(field) for field in normalised.fields]}
        records.append(record)
        for title, score in (("exact", exact), ("normalised", normalised)):
            tables[title] += [(field.field, field.right) for field in score.fields]
            tables[title].append(("all four", all(field.right for field in score.fields)))
        right = sum(field.right for field in normalised.fields)
        print(f"{case.name:<26}{right:>4}/{len(normalised.fields):<4}{record['seconds']:>7.1f} s")
        for field in normalised.fields:
            if not field.right:
                print(f"    {field.field}: wanted {field.wanted!r}, got {field.got!r}")
    return records, {f"receipts, {name}": summary.tally(pairs) for name, pairs in tables.items()}


def measure_plans(extractor: Extractor, options: argparse.Namespace) -> Measured:
    records: list[Record] = []
    pairs: list[tuple[str, bool]] = []
    chosen = [case for case in plans.load() if case.held_out == options.held_out]
    for case in chosen[: options.limit]:
        started = time.perf_counter()
        planned: dict[str, Any] = {}
        result = None
        try:
            result = extractor.extract(data=case.text, query=case.query)
            fields = result.model.model_fields.items()
            planned = {name: info.annotation for name, info in fields}
        except ExtractionError as error:
            print(f"    {error}")
        record = costs_of(case.query, result, time.perf_counter() - started)
        items = len(result.data) if result else 0
        verdicts = {
            "plan": plans.is_right(case, planned),
            "one or many": items > 1 if case.many else items == 1,
        }
        pairs += verdicts.items()
        records.append(record | verdicts | {"planned": {n: str(a) for n, a in planned.items()}})
        words = "right" if all(verdicts.values()) else "WRONG"
        print(f"{words:<6}{record['seconds']:>6.1f} s  {case.query}")
        if not all(verdicts.values()) and not options.held_out:
            print(f"    got {planned}, {items} items")
    return records, {"plans right": summary.tally(pairs)}


def extracted(extractor: Extractor, case: Case) -> tuple[Record, list[dict[str, Any]]]:
    model = cases.model_of(case)
    started = time.perf_counter()
    try:
        result = extractor.extract(data=case.text, query=case.query, model=model)
    except ExtractionError as error:
        print(f"    {error}")
        return costs_of(case.name, None, time.perf_counter() - started), []
    seconds = time.perf_counter() - started
    return costs_of(case.name, result, seconds), [
        item.model_dump(mode="json") for item in result.data
    ]


def costs_of(name: str, result: ExtractionResult[Any] | None, seconds: float) -> Record:
    """What a text took, and how many of its values, except enums and booleans, stand in it."""
    rows = result.rows if result else []
    for error in filter(None, (row.error for row in rows)):
        print(f"    {error}")
    statuses = [one.status for row in rows for one in row.evidence.values()]
    tokens = [step for steps in result.usage.steps.values() for step in steps] if result else []
    return {
        "name": name,
        "seconds": round(seconds, 2),
        "failed": result is None or result.failure_count > 0,
        "over_listed": 0,
        "under_listed": 0,
        "grounded": sum(status in GROUNDED for status in statuses),
        "groundable": sum(status != "inferred" for status in statuses),
        "prompt_tokens": sum(step.prompt_tokens for step in tokens),
        "completion_tokens": sum(step.completion_tokens for step in tokens),
    }


def peak_rss_mb() -> int:
    """The most memory of this process, in which the embedded model is."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20 if sys.platform == "darwin" else 1 << 10)


MEASURES = {"texts": measure_texts, "plans": measure_plans}

if __name__ == "__main__":
    main()
