"""Calls of one process share the open file of their journal."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from programs import finish, start
from provider import FakeProvider


@pytest.mark.skipif(sys.platform == "win32", reason="limits of descriptors are of POSIX")
def test_a_thousand_gathered_calls_share_one_file(provider: FakeProvider, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    provider.script(
        {"when": "a text", "times": 1_000, "content": json.dumps({"items": [{"word": "there"}]})}
    )
    run = start(
        provider,
        f"""
        import resource
        from structx import Limits

        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        bounded = Extractor(
            model="openai/fake", api_key="k", api_base=sys.argv[1], max_retries=0,
            limits=Limits(max_concurrency=20),
        )

        async def main():
            calls = (
                bounded.extract_async(
                    data=f"a text, number {{number}}", query="the word", model=Word,
                    journal={str(path)!r},
                )
                for number in range(1_000)
            )
            return await asyncio.gather(*calls, return_exceptions=True)

        ended = run(main())
        print(sum(not isinstance(one, Exception) and one.success_count for one in ended))
        """,
    )
    ended = finish(run)
    assert ended.out.strip() == "1000", ended
    with closing(sqlite3.connect(path)) as journal:
        assert journal.execute("SELECT count(*) FROM rows").fetchone() == (1_000,)
