"""Several sources in one call: of every kind, in every form, and what comes of those that fail."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import structx
from loops import Run, Word
from provider import FakeProvider
from structx import ExtractionError, Extractor, FileError, Progress
from structx.inputs import Data

PLAN = {
    "model_name": "Named",
    "model_description": "",
    "fields": [{"name": "word", "type": "string", "description": "a word"}],
    "instructions": "",
    "target_columns": [],
}


def call(data: Any) -> dict[str, Any]:
    return {"data": data, "query": "the word", "model": Word}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files that can be read, and two that can't be; the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.txt").write_text("the first")
    (tmp_path / "Grüße.txt").write_text("the second")
    (tmp_path / "rows.csv").write_text("t\na\nb\n")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    return tmp_path


PATHS = ["one.txt", "broken.pdf", "rows.csv", "missing.pdf", "Grüße.txt"]
OUTCOMES = [
    (0, "one.txt", 0, "success"),
    (1, "broken.pdf", 0, "failed"),
    (2, "rows.csv", 0, "success"),
    (3, "rows.csv", 1, "success"),
    (4, "missing.pdf", 0, "failed"),
    (5, "Grüße.txt", 0, "success"),
]


def outcomes(rows: Any) -> list[tuple[int, str | int, int, str]]:
    known = [(row.position, row.source, row.source_position, row.status) for row in rows]
    return sorted(known)


@pytest.mark.usefixtures("folder")
def test_each_row_knows_its_source_and_what_cannot_be_read_is_a_failed_row(
    provider: FakeProvider, subject: Extractor
) -> None:
    result = subject.extract(**call(PATHS))
    assert outcomes(result.rows) == OUTCOMES
    assert [row.position for row in result.rows] == list(range(6))
    assert provider.stats()["requests"] == 4
    missing = result.rows[4]
    assert missing.error is not None and missing.error.startswith("missing.pdf: no such file")
    assert (missing.items, missing.input_data, missing.errors) == ([], "", [])
    assert result.failed["source"].tolist() == ["broken.pdf", "missing.pdf"]
    assert outcomes(subject.extract_stream(**call(PATHS))) == OUTCOMES


@pytest.mark.usefixtures("folder")
def test_the_async_forms_give_the_same(subject: Extractor, run: Run) -> None:
    async def main() -> None:
        assert outcomes((await subject.extract_async(**call(PATHS))).rows) == OUTCOMES
        rows = [row async for row in subject.extract_stream_async(**call(iter(PATHS)))]
        assert outcomes(rows) == OUTCOMES

    run(main())


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "form", [tuple, iter, lambda paths: (path for path in paths), dict.fromkeys]
)
def test_any_iterable_is_taken(subject: Extractor, form: Callable[[list[str]], Any]) -> None:
    data = form(PATHS)
    if isinstance(data, dict):
        data = data.keys()
    assert outcomes(subject.extract(**call(data)).rows) == OUTCOMES


def test_kinds_may_be_mixed(subject: Extractor, folder: Path) -> None:
    document = structx.read("one.txt")
    table = pd.DataFrame({"t": ["x", "y"]})
    with Path("one.txt").open("rb") as file, subject.prepare_input(data="one.txt") as prepared:
        data: list[Any] = [
            "a text",
            folder / "one.txt",
            b"bytes",
            ("named.txt", b"named"),
            file,
            document,
            table,
            [{"t": "a record"}],
            prepared,
            "one.txt",
        ]
        rows = subject.extract(**call(data)).rows
    sources = [0, str(folder / "one.txt"), 2, "named.txt", "one.txt", "one.txt", 6, 6, 7]
    assert [row.source for row in rows] == [*sources, "one.txt", "one.txt"]
    assert {row.status for row in rows} == {"success"}
    assert rows[7].source_position == 1 and rows[7].input_data == "t: y"


def test_dicts_stay_one_table(subject: Extractor) -> None:
    rows = subject.extract(**call([{"t": "a"}, {"t": "b"}])).rows
    assert [(row.source, row.source_position) for row in rows] == [(0, 0), (0, 1)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["a text", 5], r"data\[1\] must be a text"),
        (["a text", {"t": "a"}], r"data\[1\] must be one source, not a dict"),
        (["a text", ["b"]], r"data\[1\] must be one source, not a list"),
        (iter([]), "there is no source"),
        (["missing.pdf"], "missing.pdf: no such file"),
        (["missing.pdf", "gone.pdf"], "none of the 2 sources can be read; the first one: missing"),
    ],
)
def test_what_is_no_set_of_sources_raises(subject: Extractor, data: Any, message: str) -> None:
    with pytest.raises(ExtractionError, match=message):
        subject.extract(**call(data))
    with pytest.raises(ExtractionError, match=message):
        list(subject.extract_stream(**call(data)))


def test_an_async_iterator_needs_a_loop(subject: Extractor) -> None:
    with pytest.raises(ExtractionError, match="needs extract_async"):
        subject.extract(**call(numbers()))


async def numbers(most: int = 3) -> AsyncIterator[str]:
    for number in range(most):
        await asyncio.sleep(0)
        yield f"text {number}"


def test_async_iterators_advance_on_the_loop_of_the_caller(subject: Extractor, run: Run) -> None:
    async def main() -> None:
        rows = (await subject.extract_async(**call(numbers()))).rows
        assert [row.input_data for row in rows] == ["text 0", "text 1", "text 2"]
        streamed = [row.source async for row in subject.extract_stream_async(**call(numbers()))]
        assert sorted(map(int, streamed)) == [0, 1, 2]

    run(main())


def test_an_async_iterator_that_waits_is_cancelled(subject: Extractor, run: Run) -> None:
    ended = threading.Event()

    async def waits() -> AsyncIterator[str]:
        yield "a text"
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def main() -> None:
        async with subject.extract_stream_async(**call(waits())) as stream:
            row = await anext(stream)
            assert row.input_data == "a text"
        while not ended.is_set():
            await asyncio.sleep(0.01)

    run(main())


def raises(after: int) -> Iterator[str]:
    for number in range(after):
        yield f"text {number}"
    raise LookupError("the database is gone")


def test_what_an_iterator_raises_comes_after_the_rows_before_it(
    provider: FakeProvider, subject: Extractor
) -> None:
    stream = subject.extract_stream(**call(raises(5)))
    rows: list[Any] = []
    with pytest.raises(ExtractionError, match="the database is gone") as caught:
        rows.extend(stream)
    assert isinstance(caught.value.__cause__, LookupError)
    assert sorted(row.position for row in rows) == list(range(5))
    with pytest.raises(ExtractionError) as caught:
        subject.extract(**call(raises(4)))
    assert isinstance(caught.value.__cause__, LookupError)
    (kept,) = caught.value.results.values()
    assert [row.status for row in kept.rows] == ["success"] * 4
    provider.script()
    with pytest.raises(ExtractionError, match="the database is gone"):
        subject.extract(**call(raises(0)))
    assert provider.stats()["requests"] == 0


def test_an_endless_iterator_is_read_as_far_as_needed_and_let_go(subject: Extractor) -> None:
    taken = 0
    ended = threading.Event()

    def endless() -> Iterator[str]:
        nonlocal taken
        try:
            while True:
                taken += 1
                yield f"text {taken}"
        finally:
            ended.set()

    with subject.extract_stream(**call(endless())) as stream:
        for _, _row in zip(range(20), stream, strict=False):
            pass
    assert ended.wait(10)
    # Those taken, those in flight or buffered (four for each of ten threads), and a few ahead.
    assert taken <= 20 + 40 + 16


def test_one_plan_serves_all_sources_and_is_made_from_several(
    provider: FakeProvider, subject: Extractor, folder: Path
) -> None:
    provider.script({"when": "extraction_plan", "content": json.dumps(PLAN), "times": 9})
    data = ["broken.pdf", "one.txt", "rows.csv", "Grüße.txt", "a text of its own"]
    result = subject.extract(data=data, query="the word")
    assert result.usage.total_tokens > 0 and len(result.rows) == 6
    plans = [one for one in provider.requests() if "extraction_plan" in json.dumps(one["body"])]
    assert len(plans) == 1
    sent = json.dumps(plans[0]["body"], ensure_ascii=False)
    assert "the first" in sent and "t: a" in sent and "the second" in sent
    assert "a text of its own" not in sent
    assert result.rows[1].source == "one.txt"


def test_estimates_count_all_sources(subject: Extractor, folder: Path) -> None:
    estimate = subject.estimate(**call(PATHS))
    assert (estimate.rows, estimate.requests) == (6, 4)
    planned = subject.estimate(data=PATHS, query="the word")
    assert planned.requests == 5


def test_prepared_sources_are_read_once(subject: Extractor, folder: Path) -> None:
    with subject.prepare_input(data=PATHS) as prepared:
        for path in folder.iterdir():
            path.unlink()
        for _ in range(2):
            assert outcomes(subject.extract(**call(prepared)).rows) == OUTCOMES
        frame = prepared.dataframe
    assert frame["source"].tolist() == [outcome[1] for outcome in OUTCOMES]
    assert frame["text"].tolist()[0] == "the first" and frame["t"].tolist()[2:4] == ["a", "b"]


def test_progress_counts_files(subject: Extractor, folder: Path) -> None:
    seen: list[Progress] = []
    subject.extract(**call(PATHS), progress=seen.append)
    assert (seen[-1].files, seen[-1].total_files, seen[-1].done) == (5, 5, 6)
    subject.extract(**call(iter(PATHS)), progress=seen.append)
    assert (seen[-1].files, seen[-1].total_files) == (5, None)


def archive(*names: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, f"text of {name}")
    return buffer.getvalue()


def test_an_archive_is_several_sources(subject: Extractor, folder: Path) -> None:
    (folder / "a.zip").write_bytes(archive("one.txt", "in/two.txt", "in/x.bin2"))
    named = [
        (0, "a.zip/one.txt", 0, "success"),
        (1, "a.zip/in/two.txt", 0, "success"),
        (2, "a.zip/in/x.bin2", 0, "failed"),
    ]
    assert outcomes(subject.extract(**call("a.zip")).rows) == named
    assert outcomes(subject.extract(**call(("a.zip", archive("one.txt")))).rows) == named[:1]
    rows = subject.extract(**call(["one.txt", Path("a.zip"), "rows.csv"])).rows
    assert [row.source for row in rows][1:4] == [source for _, source, _, _ in named]
    seen: list[Progress] = []
    subject.extract(**call(["a.zip", "one.txt"]), progress=seen.append)
    assert (seen[-1].files, seen[-1].total_files) == (4, 4)


def test_a_mailbox_is_several_sources(subject: Extractor, folder: Path) -> None:
    mail = "From a@x.example Mon Jan  1 10:00:00 2024\nSubject: {}\n\nHello\n\n"
    (folder / "all.mbox").write_text(mail.format("one") + mail.format("two"))
    rows = subject.extract(**call("all.mbox")).rows
    assert [row.source for row in rows] == ["all.mbox/1.eml", "all.mbox/2.eml"]
    assert {row.status for row in rows} == {"success"}
    with pytest.raises(structx.UnsupportedFileError, match="is a mailbox"):
        structx.read("all.mbox")


def test_a_column_of_a_table_names_sources(subject: Extractor, folder: Path) -> None:
    table = pd.DataFrame(
        {"path": ["one.txt", "missing.pdf", None, "rows.csv"], "customer": list("abcd")},
        index=[10, 20, 30, 40],
    )
    result = subject.extract(**call(table), file_options={"source_column": "path"}, return_df=True)
    assert [row.source_index for row in result.rows] == [10, 20, 30, 40, 40]
    assert [row.source for row in result.rows][:2] == ["one.txt", "missing.pdf"]
    assert result.data["customer"].tolist() == ["a", "b", "c", "d", "d"]
    assert result.data["word"].notna().tolist() == [True, False, False, True, True]
    with pytest.raises(ExtractionError, match="no column 'paths'"):
        subject.extract(**call(table), file_options={"source_column": "paths"})


def test_a_table_of_several_sources(subject: Extractor, folder: Path) -> None:
    data = subject.extract(**call(["one.txt", "rows.csv", "missing.pdf"]), return_df=True).data
    assert data["source"].tolist() == ["one.txt", "rows.csv", "rows.csv", "missing.pdf"]
    assert data["t"].tolist() == [None, "a", "b", None]
    assert data["extraction_status"].tolist()[3].startswith("Failed: missing.pdf: no such file")


def test_files_are_found_sorted(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "three.txt").write_text("the third")
    (folder / ".hidden.txt").write_text("hidden")
    names = ["Grüße.txt", "empty.txt", "one.txt"]
    inner = str(Path("sub", "three.txt"))
    assert list(structx.files("*.txt")) == names
    assert list(structx.files("**/*.txt")) == [*names, inner]
    assert list(structx.files("**/*.txt", recursive=False)) == [inner]
    assert list(structx.files(str(folder / "sub"))) == [str(folder / "sub" / "three.txt")]
    assert str(folder / "sub" / "three.txt") in structx.files(folder)
    assert str(folder / "sub" / "three.txt") not in structx.files(folder, recursive=False)
    with pytest.raises(FileError, match="no file matches"):
        list(structx.files("*.docx"))
    files = structx.files("*.txt")
    assert pickle.loads(pickle.dumps(files)) == files
    assert repr(files) == "structx.files('*.txt', recursive=True)"


def test_files_are_sources(subject: Extractor, folder: Path) -> None:
    rows = subject.extract(**call(structx.files("*.txt"))).rows
    assert [(row.source, row.status) for row in rows] == [
        ("Grüße.txt", "success"),
        ("empty.txt", "failed"),
        ("one.txt", "success"),
    ]
    with pytest.raises(ExtractionError, match="no file matches"):
        subject.extract(**call(structx.files("*.docx")))


def test_a_journal_serves_a_list_that_grows_and_changes_its_order(
    provider: FakeProvider, subject: Extractor, folder: Path
) -> None:
    provider.script({"when": "extraction_plan", "content": json.dumps(PLAN), "times": 9})
    once = subject.extract(data=["one.txt", "rows.csv"], query="the word", journal="j.db")
    sent = provider.stats()["requests"]
    assert (sent, once.journaled_count) == (4, 0)
    again = ["Grüße.txt", "rows.csv", "missing.pdf", "one.txt"]
    more = subject.extract(data=again, query="the word", journal="j.db")
    assert (provider.stats()["requests"] - sent, more.journaled_count) == (1, 3)


@pytest.mark.usefixtures("folder")
def test_evidence_review_and_proofs_are_of_each_document(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    provider.script(
        {"when": "the first", "content": json.dumps({"items": [{"word": "first"}]})},
        {"when": "the second", "content": json.dumps({"items": [{"word": "second"}]})},
    )
    result = subject.extract(**call(["one.txt", "Grüße.txt", "missing.pdf"]))
    found = [
        span.source for row in result.rows for one in row.evidence.values() for span in one.spans
    ]
    assert found == ["one.txt", "Grüße.txt"]
    records = result.evidence()
    assert [(it["source"], it["row"], it["text"]) for it in records] == [
        ("one.txt", 0, "first"),
        ("Grüße.txt", 1, "second"),
    ]
    assert {it["source"] for it in result.evidence(shape="docling")} == {"one.txt", "Grüße.txt"}
    assert len(result.evidence(shape="llamaextract")) == 2
    assert 0.0 <= result.coverage <= 1.0
    page = result.review(tmp_path / "review.html").read_text(encoding="utf-8")
    assert "one.txt" in page and "Gr" in page and "missing.pdf" in page
    result.save_proof(tmp_path / "proofs")
    assert sorted(path.name for path in (tmp_path / "proofs").iterdir()) == [
        "Grüße.txt.proof.json",
        "one.txt.proof.json",
    ]


def test_queries_share_the_sources(
    provider: FakeProvider, subject: Extractor, folder: Path
) -> None:
    provider.script({"when": "extraction_plan", "content": json.dumps(PLAN), "times": 9})
    results = subject.extract_queries(data=iter(PATHS), queries=["a", "b"], return_df=False)
    for result in results.values():
        assert outcomes(result.rows) == OUTCOMES


def test_duplicates_are_rows_of_their_own(provider: FakeProvider, subject: Extractor) -> None:
    data: Data = ["a text", "a text"]
    rows = subject.extract(**call(data)).rows
    assert [(row.source, row.position) for row in rows] == [(0, 0), (1, 1)]
    assert provider.stats()["requests"] == 2
