"""Draws docs/images/review.png, the review page of the sample invoice: `make docs-picture`."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import browsers  # noqa: E402
from provider import connect, running  # noqa: E402

INVOICE = ROOT / "scripts/example_input/S0305SampleInvoice.pdf"
PICTURE = ROOT / "docs/images/review.png"


class Line(BaseModel):
    code: str
    quantity: int
    amount: Decimal


class Invoice(BaseModel):
    number: str
    seller: str
    due: date
    lines: list[Line]
    total_due: Decimal


# A reply as of a model, with one slip, which the page shows first.
REPLY = {
    "number": "HPB-20417",
    "seller": "Hollybrook Print & Bindery Ltd",
    "due": "2026-05-09",
    "lines": [
        {"code": "PB-120", "quantity": 350, "amount": "994.00"},
        {"code": "HC-064", "quantity": 80, "amount": "923.00"},
        {"code": "DELIV", "quantity": 2, "amount": "77.00"},
    ],
    "total_due": "2685.60",
}


def main() -> None:
    with running() as provider, tempfile.TemporaryDirectory() as folder:
        provider.script({"content": json.dumps({"items": [REPLY]})})
        result = connect(provider).extract(data=INVOICE, query="the invoice", model=Invoice)
        page = result.review(Path(folder) / "review.html")
        with browsers.running() as browser, browsers.opened(browser, page) as shown:
            shown.set_viewport_size({"width": 1280, "height": 760})
            shown.screenshot(path=str(PICTURE))


if __name__ == "__main__":
    main()
