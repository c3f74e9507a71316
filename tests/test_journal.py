"""A run resumes from its journal, however it ended, without repeated requests."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from loops import Run, Word
from programs import Ended, finish, start
from provider import FakeProvider, connect
from structx import ExtractionError, ExtractionResult, Extractor
from structx.exceptions import JournalError
from waiting import eventually, until

TEXTS = [f"row{number:03}" for number in range(60)]
ROWS: dict[str, Any] = {
    "data": [{"t": text} for text in TEXTS],
    "query": "the word",
    "model": Word,
}
PLAN = {
    "model_name": "Named",
    "model_description": "",
    "fields": [{"name": "word", "type": "string", "description": "a word"}],
    "instructions": "",
    "target_columns": ["t"],
}
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks of POSIX")


def reply(word: str) -> str:
    return json.dumps({"items": [{"word": word}]})


def scripted(provider: FakeProvider, *steps: dict[str, Any], latency_ms: int = 0) -> None:
    """Scripts a different word for each row; `steps` take precedence."""
    planning = {"when": "extraction_plan", "times": 100, "content": json.dumps(PLAN)}
    words = [{"when": text, "times": 1000, "content": reply(f"word of {text}")} for text in TEXTS]
    provider.script(planning, *steps, *words, latency_ms=latency_ms)


def asked(provider: FakeProvider) -> Counter[str]:
    """How often each row was requested, and the plan."""
    bodies = [json.dumps(request["body"]) for request in provider.requests()]
    names = [*TEXTS, "extraction_plan"]
    return Counter(next(name for name in reversed(names) if name in body) for body in bodies)


def extract(extractor: Extractor, path: Path | None, **others: Any) -> ExtractionResult[Any]:
    """Extracts ROWS with the journal at `path`; `others` override arguments."""
    arguments: dict[str, Any] = {**ROWS, "journal": path, **others}
    return extractor.extract(**arguments)


def one_by_one(provider: FakeProvider) -> Extractor:
    """An extractor that requests rows in order."""
    settings: dict[str, Any] = {"api_key": "k", "max_threads": 1, "max_retries": 0}
    return Extractor(model="openai/fake", api_base=provider.base_url, **settings)


def plain(result: ExtractionResult[Any]) -> list[Any]:
    """The public attributes of the rows, except `from_journal`."""
    return [
        (
            row.position,
            row.input_data,
            row.status,
            [item.model_dump() for item in row.items],
            row.error,
            row.model,
            row.usage.total_tokens,
            row.repairs,
        )
        for row in result.rows
    ]


def entries(path: Path, sql: str = "SELECT position FROM rows WHERE is_final") -> list[Any]:
    """Reads the journal in another process: closing a file here would release the core's locks."""
    program = """
import json, sqlite3, sys
journal = sqlite3.connect(sys.argv[1], timeout=30)
print(json.dumps([row[0] for row in journal.execute(sys.argv[2])]))
"""
    command = [sys.executable, "-c", program, str(path), sql]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize("model", [Word, None], ids=["model", "planned"])
def test_a_second_run_asks_nothing(
    provider: FakeProvider, subject: Extractor, tmp_path: Path, model: type[BaseModel] | None
) -> None:
    scripted(provider)
    path = tmp_path / "run.db"
    whole = extract(subject, None, model=model)
    first = extract(subject, path, model=model)
    assert [file.name for file in tmp_path.iterdir()] == ["run.db"]
    scripted(provider)
    second = extract(connect(provider), path, model=model)
    assert provider.stats()["requests"] == 0
    assert plain(whole) == plain(first) == plain(second)
    assert first.data[7].word == "word of row007"
    assert (first.journaled_count, second.journaled_count) == (0, 60)
    assert first.usage == second.usage
    assert [file.name for file in tmp_path.iterdir()] == ["run.db"]


@needs_posix
def test_a_killed_run_goes_on(provider: FakeProvider, subject: Extractor, tmp_path: Path) -> None:
    """After a kill, no stored row is requested again; the last run has all rows."""
    path = tmp_path / "run.db"
    scripted(provider)
    whole = extract(subject, None, model=None)
    scripted(provider, latency_ms=60)
    kept: list[tuple[set[str], Counter[str]]] = []
    for _ in range(4):
        before = provider.stats()["requests"]
        run = start(
            provider,
            f"""
            data = [{{"t": text}} for text in {TEXTS}]
            extractor.extract(data=data, query="the word", journal={str(path)!r})
            """,
        )
        # Ten run at a time, so each request beyond them means a stored row.
        wanted = before + random.randint(12, 17)
        assert eventually(lambda wanted=wanted: provider.stats()["requests"] >= wanted, 20)
        run.kill()
        finish(run)
        done: set[str] = {TEXTS[position] for position in entries(path)}
        kept.append((done, asked(provider)))
        assert entries(path, "PRAGMA integrity_check") == ["ok"]
    result = extract(subject, path, model=None)
    requests = asked(provider)
    for done, then in kept:
        assert {text: requests[text] for text in done} == {text: then[text] for text in done}
    assert plain(result) == plain(whole)
    assert result.journaled_count == len(kept[-1][0]) >= 4
    assert requests["extraction_plan"] == 1
    assert sum(requests.values()) <= 1 + 60 + 4 * 10
    assert entries(path, "SELECT rows FROM operations") == [60]


def test_only_rows_that_were_changed_are_asked(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    path = tmp_path / "run.db"
    scripted(provider)
    extract(subject, path, data=ROWS["data"][:50])
    scripted(provider)
    changed = [*ROWS["data"][45:], *ROWS["data"][:45]]
    result = extract(subject, path, data=changed)
    assert sorted(asked(provider)) == TEXTS[50:]
    assert [item.word for item in result.data] == [f"word of {row['t']}" for row in changed]
    assert [row.position for row in result.rows] == list(range(60))
    assert result.journaled_count == 50

    scripted(provider)
    extract(subject, path, query="another word")
    assert provider.stats()["requests"] == 60


def test_rows_with_the_same_text_are_kept_each(provider: FakeProvider, tmp_path: Path) -> None:
    subject, path = one_by_one(provider), tmp_path / "run.db"
    provider.script(*({"content": reply(str(number))} for number in range(6)))
    same = [{"t": "the same"}] * 5
    first = extract(subject, path, data=same)
    second = extract(subject, path, data=same)
    assert [item.word for item in first.data] == ["0", "1", "2", "3", "4"]
    assert plain(first) == plain(second)
    more = extract(subject, path, data=[*same, {"t": "the same"}])
    assert [item.word for item in more.data] == ["0", "1", "2", "3", "4", "5"]
    assert provider.stats()["requests"] == 6


def test_a_row_that_failed_is_asked_again_where_it_may_help(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    path, rows = tmp_path / "run.db", ROWS["data"][:5]
    scripted(
        provider,
        {"when": "row001", "status": 401},
        {"when": "row002", "refusal": "I'd rather not."},
        {"when": "row003", "content": '{"items": [{"word": 5.5}, {}]}'},
    )
    first = extract(subject, path, data=rows)
    assert [row.status for row in first.rows] == ["success", *["failed"] * 3, "success"]
    scripted(provider)
    second = extract(subject, path, data=rows)
    assert asked(provider) == {"row001": 1}
    assert second.rows[1].status == "success"
    assert plain(second)[2:] == plain(first)[2:]
    assert [error.kind for error in second.rows[2].errors] == ["refusal"]


def test_what_the_validator_takes_no_longer_is_asked_again(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    refused: set[str] = set()

    class Checked(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def check(cls, word: str) -> str:
            if word in refused:
                raise ValueError("is not taken")
            return word

    path = tmp_path / "run.db"
    scripted(provider)
    extract(subject, path, model=Checked)
    refused.add("word of row004")
    scripted(provider, {"when": "row004", "content": reply("another")})
    for _ in range(2):
        assert extract(subject, path, model=Checked).data[4].word == "another"
    assert asked(provider) == {"row004": 1}


def test_two_processes_may_share_a_journal(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    path = tmp_path / "run.db"
    scripted(provider, latency_ms=5)
    program = f"""
    data = [{{"t": text}} for text in {TEXTS}]
    result = extractor.extract(data=data, query="the word", model=Word, journal={str(path)!r})
    print([item.word for item in result.data] == [f"word of {{row['t']}}" for row in data])
    """
    ended = [finish(run) for run in [start(provider, program) for _ in range(3)]]
    assert ended == [Ended(0, "True\n", "")] * 3
    assert sorted(entries(path)) == list(range(60))
    assert entries(path, "PRAGMA integrity_check") == ["ok"]
    scripted(provider)
    assert extract(subject, path).journaled_count == 60
    assert provider.stats()["requests"] == 0


def test_gathered_calls_may_share_a_journal(
    provider: FakeProvider, subject: Extractor, tmp_path: Path, run: Run
) -> None:
    scripted(provider)

    async def main() -> list[ExtractionResult[Word]]:
        calls = (
            subject.extract_async(
                data=text, query="the word", model=Word, journal=tmp_path / "run.db"
            )
            for text in TEXTS
        )
        return await asyncio.gather(*calls)

    for journaled in (0, 1):
        results = run(main())
        assert [result.data[0].word for result in results] == [f"word of {text}" for text in TEXTS]
        assert all(result.journaled_count == journaled for result in results)
    assert provider.stats()["requests"] == 60


def test_streams_and_queries_have_journals(
    provider: FakeProvider, subject: Extractor, tmp_path: Path, run: Run
) -> None:
    call: dict[str, Any] = {**ROWS, "journal": tmp_path / "run.db"}
    queries: dict[str, Any] = {
        "data": ROWS["data"][:5],
        "queries": ["the word", "the other word"],
        "journal": tmp_path / "queries.db",
    }
    scripted(provider)
    with subject.extract_stream(**call) as stream:
        for _ in range(20):
            assert not next(stream).from_journal
    kept = len(entries(tmp_path / "run.db"))
    assert kept >= 20

    async def main() -> list[tuple[int, bool, str]]:
        stream = subject.extract_stream_async(**call)
        return [(row.position, row.from_journal, row.items[0].word) async for row in stream]

    rows = sorted(run(main()))
    assert [(row[0], row[2]) for row in rows] == [
        (number, f"word of {text}") for number, text in enumerate(TEXTS)
    ]
    # Requests in flight may have ended.
    assert kept <= sum(row[1] for row in rows) <= kept + 10
    first = subject.extract_queries(**queries)
    scripted(provider)
    second = subject.extract_queries(**queries)
    assert provider.stats()["requests"] == 0
    assert [plain(result) for result in first.values()] == [
        plain(result) for result in second.values()
    ]
    assert len(entries(tmp_path / "queries.db", "SELECT key FROM plans")) == 2


def test_a_cancelled_run_goes_on(
    provider: FakeProvider, subject: Extractor, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "run.db"
    scripted(provider, latency_ms=20)

    async def main() -> None:
        for requests in (15, 40):
            task = asyncio.create_task(subject.extract_async(**ROWS, journal=path))
            await until(lambda wanted=requests: provider.stats()["requests"] >= wanted)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(main())
    result = extract(subject, path)
    assert [item.word for item in result.data] == [f"word of {text}" for text in TEXTS]
    # Requests in flight may be repeated, ten at each of the two ends.
    assert provider.stats()["requests"] <= 60 + 2 * 10
    assert max(asked(provider).values()) <= 3


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (".", None, "it is a folder"),
        ("missing/run.db", None, "its folder does not exist"),
        ("run.db", b"text " * 500, "it is no SQLite database"),
    ],
)
def test_a_journal_that_can_not_be_opened_is_an_error(
    provider: FakeProvider,
    subject: Extractor,
    tmp_path: Path,
    name: str,
    content: bytes | None,
    problem: str,
) -> None:
    path = tmp_path / name
    if content:
        path.write_bytes(content)
    with pytest.raises(ExtractionError, match=problem) as raised:
        extract(subject, path)
    assert isinstance(raised.value.__cause__, JournalError)
    assert str(path) in str(raised.value)
    assert provider.stats()["requests"] == 0
    if content:
        assert path.read_bytes() == content


@needs_posix
def test_no_row_is_paid_for_that_can_not_be_kept(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    """The journal is deleted during a run."""
    path = tmp_path / "run.db"
    scripted(provider)
    stream = one_by_one(provider).extract_stream(**ROWS, journal=path)
    for _ in range(10):
        assert next(stream).status == "success"
    path.rename(tmp_path / "away.db")
    rest = list(stream)
    failed = [row for row in rest if row.status == "failed"]
    assert len(failed) >= 40
    assert all("it was removed or renamed" in str(row.error) for row in failed)
    assert all(row.errors == [] and row.usage.total_tokens == 0 for row in failed)
    assert provider.stats()["requests"] == 60 - len(failed)

    (tmp_path / "away.db").rename(path)
    scripted(provider)
    result = extract(subject, path)
    assert [item.word for item in result.data] == [f"word of {text}" for text in TEXTS]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files as Linux does")
def test_a_full_disk_ends_the_run_and_not_the_process(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    path = tmp_path / "run.db"
    scripted(provider)
    run = start(
        provider,
        f"""
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
        data = [{{"t": text}} for text in {TEXTS}]
        call = dict(data=data, query="the word", model=Word, journal={str(path)!r})
        settings = dict(model="openai/fake", api_key="k", api_base=sys.argv[1])
        result = Extractor(**settings, max_threads=1).extract(**call)
        failed = [row.error for row in result.rows if row.error]
        print(len(result.data), len(failed), all("run.db" in error for error in failed))
        """,
    )
    ended = finish(run)
    assert ended.code == 0, ended.err
    done, failed, all_say_so = ended.out.split()
    assert (int(done) > 5, int(failed) > 5, all_say_so) == (True, True, "True")
    kept = len(entries(path))
    assert kept in (int(done), int(done) - 1)
    scripted(provider)
    result = extract(subject, path)
    assert [item.word for item in result.data] == [f"word of {text}" for text in TEXTS]
    assert provider.stats()["requests"] == 60 - kept


@needs_posix
@pytest.mark.parametrize("name", ["run.db", "other.db"])
def test_a_fork_in_the_middle_of_a_run(provider: FakeProvider, tmp_path: Path, name: str) -> None:
    """The child of a process with an open journal runs with the same journal, or with another."""
    scripted(provider, latency_ms=20)
    program = f"""
    import threading, time, warnings
    from pathlib import Path

    warnings.simplefilter("ignore", DeprecationWarning)
    folder = Path({str(tmp_path)!r})
    texts = {TEXTS}
    settings = dict(model="openai/fake", api_key="k", api_base=sys.argv[1])

    def work(name, threads):
        data = [{{"t": text}} for text in texts]
        call = dict(data=data, query="the word", model=Word, journal=folder / name)
        result = Extractor(**settings, max_threads=threads).extract(**call)
        assert [item.word for item in result.data] == [f"word of {{text}}" for text in texts]

    thread = threading.Thread(target=work, args=("run.db", 3))
    thread.start()
    children = []
    for _ in range(4):
        time.sleep(0.05)  # forks at four moments of the run, whatever its state
        if not (child := os.fork()):
            work({name!r}, 10)
            os._exit(0)
        children.append(child)
    thread.join()
    print([os.waitpid(child, 0)[1] for child in children])
    """
    assert finish(start(provider, program)) == Ended(0, "[0, 0, 0, 0]\n", "")
    assert entries(tmp_path / name, "PRAGMA integrity_check") == ["ok"]
    assert sorted(entries(tmp_path / "run.db")) == list(range(60))
    assert sorted(entries(tmp_path / name)) == list(range(60))


@needs_posix
def test_a_cache_is_open_in_parent_and_child(provider: FakeProvider, tmp_path: Path) -> None:
    scripted(provider)
    program = f"""
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)
    settings = dict(model="openai/fake", api_key="k", api_base=sys.argv[1])
    cached = Extractor(**settings, cache={str(tmp_path / "cache.db")!r})

    def ask(text):
        return cached.extract(data=text, query="the word", model=Word).data[0].word

    assert ask("row001") == "word of row001"
    if not (child := os.fork()):
        assert ask("row001") == "word of row001"
        assert ask("row002") == "word of row002"
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert ask("row002") == "word of row002"
    print("done")
    """
    assert finish(start(provider, program)) == Ended(0, "done\n", "")
    assert asked(provider) == {"row001": 1, "row002": 1}


def test_threads_may_share_a_journal(
    provider: FakeProvider, subject: Extractor, tmp_path: Path
) -> None:
    scripted(provider)
    results: list[int] = []

    def work() -> None:
        results.append(extract(subject, tmp_path / "run.db").success_count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [60] * 4
