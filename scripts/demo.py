"""Extracts typed data from two documents and a scan, offline: `make demo`."""

from __future__ import annotations

import inspect
import sys
import time
from pathlib import Path

from pydantic import BaseModel

from structx import Extractor

FOLDER = Path(__file__).parent / "example_input"
QUERIES = {
    "free-consultancy-agreement.docx": "extract the main parties and the effective date",
    "S0305SampleInvoice.pdf": "extract the invoice number, the due date and the total due",
    "receipt-scan.pdf": "extract the receipt number, the date and the total",
}


def main() -> int:
    extractor = Extractor()
    print(f"{extractor!r}\n")
    failures = 0
    for number, (name, query) in enumerate(QUERIES.items(), start=1):
        print(f"[{number}/{len(QUERIES)}] {name}: {query} ...", flush=True)
        started = time.perf_counter()
        result = extractor.extract(data=FOLDER / name, query=query)
        seconds = time.perf_counter() - started
        print(f"planned: {signature(result.model)}")
        for item in result.data:
            print(item.model_dump_json(indent=2))
        for row in result.rows:
            for pointer, found in row.evidence.items():
                boxes = [f"page {span.page} {box}" for span in found.spans for box in span.boxes]
                print(f"{pointer}: {found.status}", *boxes)
            if row.error is not None:
                print(f"failed: {row.error}")
        print(f"{result.usage.total_tokens:,} tokens, {seconds:.1f} s\n")
        failures += result.failure_count
    return 1 if failures else 0


def signature(model: type[BaseModel]) -> str:
    fields = (
        f"{name}: {inspect.formatannotation(field.annotation)}"
        for name, field in model.model_fields.items()
    )
    return f"{model.__name__}({', '.join(fields)})"


if __name__ == "__main__":
    sys.exit(main())
