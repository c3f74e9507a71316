"""Public receipts as texts with gold: a checkout of github.com/zzzDavid/ICDAR-2019-SROIE.

Only files with an odd number are read. A receipt is the recognised lines of `data/box`, one below
the other; `data/key` has its company, date, address and total.
"""

from __future__ import annotations

import json
import random
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from cases import Case, FieldSpec

FIELDS = {
    "company": FieldSpec("text"),
    "date": FieldSpec("date"),
    "address": FieldSpec("text"),
    "total": FieldSpec("decimal"),
}
QUERY = "extract company, date, address and total of the receipt"
DATES = (
    "%d/%m/%Y",
    "%d/%m/%y",
    "%d %b %Y",
    "%d %b %y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%b %d, %Y",
    "%m/%d/%Y",
)
SEED = 2019


def load(folder: Path, count: int) -> list[Case]:
    """The same `count` receipts at each call, in the order of their numbers."""
    keys = sorted(path for path in (folder / "data" / "key").glob("*.json") if int(path.stem) % 2)
    if not keys:
        raise SystemExit(f"{folder} has no data/key/*.json: give a checkout of the repository")
    # A receipt without one of the four values says nothing about what is right.
    cases = [case for path in keys if (case := receipt(folder, path)) is not None]
    chosen = random.Random(SEED).sample(cases, min(count, len(cases)))
    return sorted(chosen, key=lambda case: case.name)


def receipt(folder: Path, key: Path) -> Case | None:
    values: dict[str, str] = json.loads(key.read_text(encoding="utf-8"))
    if not all(values.get(name) for name in FIELDS):
        return None
    gold: dict[str, Any] = {
        **values,
        "date": day(values["date"]),
        "total": re.sub(r"[^\d.-]", "", values["total"]),
    }
    lines = (folder / "data" / "box" / f"{key.stem}.csv").read_text("utf-8", "replace").splitlines()
    # A line has the eight coordinates of its box, then its text, which may contain commas.
    texts = [line.split(",", 8)[8] for line in lines if line.count(",") >= 8]
    return Case(key.stem, "receipt", "en", QUERY, "\n".join(texts) + "\n", FIELDS, [gold])


def day(written: str) -> str:
    plain = re.sub(r"[.-]|(?<=\d)/(?=[A-Z])|(?<=[A-Z])/(?=\d)", "/", written.strip("() ").upper())
    plain = re.sub(r"/([A-Z]{3})/", r" \1 ", plain)
    for notation in DATES:
        try:
            return datetime.strptime(plain, notation).date().isoformat()
        except ValueError:
            continue
    raise ValueError(f"the date of a receipt has an unknown notation: {written}")


def exact(wanted: str, got: str) -> bool:
    return wanted == got


def normalised(wanted: str, got: str) -> bool:
    """Equal in letters and digits."""
    return letters(wanted) == letters(got)


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
