"""Measures whether evidence has the right boxes: `make bench-evidence FOLDERS="a b"`.

`gold.json` has values as a model would reply them, with the words that say them and where the files
are from; the files are not kept here. It was written before a run. A value is found if the boxes of
its evidence have an intersection over union of at least 0.5 with those of its words, as pdfplumber
reads them, on the same page; of a document without boxes, the characters have. The model is
scripted.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from gold_words import Box, Place, places

from structx import Extractor
from structx.evidence import Evidence

HERE = Path(__file__).parent
LEAST = 0.5
GOAL = 0.9

P = TypeVar("P")
"""A place in a document: boxes of a page, or a range of its text."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure whether evidence has the right boxes.")
    parser.add_argument("folders", nargs="+", type=Path, help="folders with the files of the gold")
    parser.add_argument("--gold", type=Path, default=HERE / "gold.json")
    parser.add_argument("--misses", action="store_true", help="tell what came of each miss")
    options = parser.parse_args()
    gold = json.loads(options.gold.read_text(encoding="utf-8"))
    hits = total = 0
    print("| file | values | found | in percent |\n|---|---|---|---|")
    told: list[str] = []
    for name, document in gold.items():
        path = next((it / name for it in options.folders if (it / name).exists()), None)
        if path is None:
            print(f"| {name} | not given: {document['source']} | | |")
            continue
        misses = list(measure(path, document))
        count = len(document["fields"])
        found = count - len(misses)
        print(f"| {name} | {count} | {found} | {100 * found / count:.0f} |")
        hits, total = hits + found, total + count
        told += [f"{name}: {miss}" for miss in misses]
    if total:
        verdict = "met" if hits >= GOAL * total else "missed"
        print(f"| all | {total} | {hits} | {100 * hits / total:.1f} (goal {GOAL:.0%}: {verdict}) |")
    if options.misses:
        print("\n" + "\n".join(told))


def measure(path: Path, document: dict[str, Any]) -> Iterator[str]:
    """The values whose evidence has no right box, in words."""
    fields = document["fields"]
    row = extract(path, document["query"], fields)
    if path.suffix == ".pdf":
        likeness = likeness_by(iou, places(path, fields))
    else:
        likeness = likeness_by(text_iou, text_places(row.input_data, fields))
    for field in fields:
        one = row.evidence.get(f"/0/{field['name']}")
        best = likeness(one, field["name"]) if one else 0.0
        if best < LEAST:
            said = f"{one.status} {one.text!r} {one.spans[:1]}" if one else "no evidence"
            yield f"{field['name']} = {field['value']!r}: IoU {best:.2f}, {said}"


def extract(path: Path, query: str, fields: list[dict[str, Any]]) -> Any:
    """The document's row with a scripted reply."""
    schema = {
        "title": "Item",
        "type": "object",
        "properties": {field["name"]: schema_of(field) for field in fields},
    }
    item = {field["name"]: field["value"] for field in fields}
    with scripted({"items": [item]}) as address:
        extractor = Extractor(model="openai/scripted", api_key="none", api_base=address)
        with extractor:
            return extractor.extract(data=path, query=query, model=schema).rows[0]


def schema_of(field: dict[str, Any]) -> dict[str, str]:
    kind = field.get("type", "string")
    return {"type": "string", "format": "date"} if kind == "date" else {"type": kind}


def likeness_by(
    compare: Callable[[Evidence, P], float], right: dict[str, list[P]]
) -> Callable[[Evidence, str], float]:
    """The function that compares evidence with the places of a field, and takes the best."""
    return lambda one, name: max(compare(one, place) for place in right[name])


def iou(one: Evidence, place: Place) -> float:
    """Intersection over union of the boxes of a page; 0 if a box is on another one."""
    page, boxes = place
    if any(span.page != page for span in one.spans):
        return 0.0
    found = [box for span in one.spans for box in span.boxes]
    common = area([box for a in found for b in boxes if (box := overlap(a, b))])
    union = area(found + boxes)
    return common / union if union else 0.0


def text_places(text: str, fields: list[dict[str, Any]]) -> dict[str, list[tuple[int, int]]]:
    """The ranges of a text that count as right; see `gold_words.places`."""
    right: dict[str, list[tuple[int, int]]] = {}
    for field in fields:
        found = [it.span() for it in re.finditer(re.escape(field["words"]), text)]
        nth, count = field.get("nth", 1), field.get("of", 1)
        if not (field.get("any") or len(found) == count):
            raise ValueError(f"{field['name']}: {len(found)} occurrences, not {count}")
        right[field["name"]] = found if field.get("any") else [found[nth - 1]]
    return right


def text_iou(one: Evidence, place: tuple[int, int]) -> float:
    found = {offset for span in one.spans for offset in range(span.start, span.end)}
    expected = set(range(*place))
    return len(found & expected) / len(found | expected)


def overlap(a: Box, b: Box) -> Box | None:
    left, top, right, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def area(boxes: list[Box]) -> float:
    """The area that boxes cover together."""
    edges = sorted({edge for box in boxes for edge in (box[0], box[2])})
    return sum((right - left) * height(boxes, left, right) for left, right in pairwise(edges))


def height(boxes: list[Box], left: float, right: float) -> float:
    """The height that boxes cover together in a strip."""
    covered, last = 0.0, float("-inf")
    for top, bottom in sorted((b[1], b[3]) for b in boxes if b[0] <= left and right <= b[2]):
        covered += max(0.0, bottom - max(top, last))
        last = max(last, bottom)
    return covered


@contextmanager
def scripted(reply: Any) -> Generator[str, None, None]:
    """The address of a server of chat completions that always gives this reply."""
    message = {"role": "assistant", "content": json.dumps(reply)}
    body = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Tells nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
