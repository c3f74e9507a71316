"""Short programs in new interpreters, which start and end as a user's program does."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from loops import runner
from provider import FakeProvider

PROGRAM = """
import asyncio, os, sys
from pydantic import BaseModel
from structx import Extractor

if sys.argv[2] == "uvloop":
    import uvloop
    run = uvloop.run
else:
    run = asyncio.run

class Word(BaseModel):
    word: str

def connect():
    settings = dict(api_key="k", api_base=sys.argv[1], max_retries=0, pickle_api_key=True)
    return Extractor(model="openai/fake", **settings)

extractor = connect()
call = dict(data=f"a text of {os.getpid()}", query="the word", model=Word)

def asked():
    "How many requests for the text of `call` have reached the provider."
    import json
    from urllib.request import ProxyHandler, build_opener
    address = sys.argv[1].removesuffix("/v1") + "/_requests"
    with build_opener(ProxyHandler({})).open(address, timeout=10) as reply:
        return sum(call["data"] in json.dumps(request["body"]) for request in json.load(reply))
"""
PATIENCE = 60
"""Seconds after which a program that has not ended is killed."""


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def start(
    provider: FakeProvider,
    body: str,
    *,
    loop: str = "asyncio",
    before: str = "",
    file: Path | None = None,
) -> subprocess.Popen[str]:
    """Starts `before`, the common lines and `body`; from `file` if child processes import it.

    Skips the test if the loop is not installed.
    """
    runner(loop)
    program = textwrap.dedent(before) + PROGRAM + textwrap.dedent(body)
    if file is not None:
        file.write_text(program, encoding="utf-8")
    source = ["-c", program] if file is None else [str(file)]
    return subprocess.Popen(
        [sys.executable, *source, provider.base_url, loop],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Ended:
    """Waits for the end of the program."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += f"\nkilled after {PATIENCE} s"
    return Ended(process.returncode, out, err)


def run_all(
    provider: FakeProvider, bodies: Iterable[str], *, loop: str = "asyncio", before: str = ""
) -> list[Ended]:
    """Runs one program for each body, a few at a time."""
    with ThreadPoolExecutor(4) as pool:
        return list(
            pool.map(lambda body: finish(start(provider, body, loop=loop, before=before)), bodies)
        )
