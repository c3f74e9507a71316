"""The runtime under the interpreter: exit, fork, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from provider import FakeProvider

PROGRAM = """
import asyncio, os, sys
from pydantic import BaseModel
from structx import Extractor

class Word(BaseModel):
    word: str

extractor = Extractor(model="openai/fake", api_key="k", api_base=sys.argv[1], max_retries=0)
call = dict(data="a text", query="the word", model=Word)
"""


def run(provider: FakeProvider, body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + textwrap.dedent(body), provider.base_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


EXITS = {
    "awaited once": "asyncio.run(extractor.extract_async(**call))",
    "called once": "extractor.extract(**call)",
    "never called": "",
    "pending task at exit": """
        async def main():
            asyncio.create_task(extractor.extract_async(**call))
            await asyncio.sleep(0)
        asyncio.run(main())
    """,
    "used in an atexit hook": """
        import atexit
        atexit.register(lambda: extractor.extract(**call))
    """,
}


@pytest.mark.parametrize("body", EXITS.values(), ids=EXITS.keys())
def test_programs_exit_cleanly(provider: FakeProvider, body: str) -> None:
    for _ in range(5):
        assert finish(run(provider, body)) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:This process")
def test_a_forked_child_works_and_so_does_its_parent(provider: FakeProvider) -> None:
    process = run(
        provider,
        """
        extractor.extract(**call)
        child = os.fork()
        ok = extractor.extract(**call).success_count == 1
        if child == 0:
            sys.exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        print(ok, os.waitstatus_to_exitcode(status))
        """,
    )
    code, out, err = finish(process)
    assert (code, out.strip()) == (0, "True 0"), err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_children_forked_while_threads_extract_work(provider: FakeProvider) -> None:
    process = run(
        provider,
        """
        import threading, time
        done = False
        def load():
            while not done:
                extractor.extract(**call)
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                os._exit(0 if extractor.extract(**call).success_count == 1 else 1)
            deadline = time.monotonic() + 10
            while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < deadline:
                time.sleep(0.002)
            if not ended[0]:
                os.kill(child, 9)
                os.waitpid(child, 0)
            codes.append(os.waitstatus_to_exitcode(ended[1]) if ended[0] else "hung")
        done = True
        for thread in threads:
            thread.join()
        print(set(codes))
        """,
    )
    code, out, err = finish(process)
    assert (code, out.strip()) == (0, "{0}"), err


def test_an_extraction_within_a_validator_is_an_error_and_not_a_deadlock(
    provider: FakeProvider,
) -> None:
    process = run(
        provider,
        """
        from pydantic import field_validator
        class Nested(BaseModel):
            word: str
            @field_validator("word")
            @classmethod
            def look_up(cls, word):
                extractor.extract(**call)
                return word
        print(extractor.extract(data="a text", query="q", model=Nested).rows[0].error)
        """,
    )
    code, out, err = finish(process)
    assert code == 0, err
    assert "a validator can't wait for an extraction" in out


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_the_sync_form_and_its_requests(provider: FakeProvider) -> None:
    provider.script({"delay_ms": 30_000, "times": 10})
    process = run(
        provider,
        """
        try:
            extractor.extract(**call)
        except KeyboardInterrupt:
            print("interrupted")
        """,
    )
    while provider.stats()["in_flight"] == 0:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert finish(process) == (0, "interrupted\n", "")
    while provider.stats()["in_flight"]:
        time.sleep(0.01)
    assert provider.stats()["requests"] == 1
