"""Starts and scripts the fake provider (tests/fake_provider, a Rust program)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict, cast
from urllib.request import ProxyHandler, Request, build_opener

from structx import Extractor

ROOT = Path(__file__).resolve().parent.parent


class Stats(TypedDict):
    """Counts since the last script."""

    requests: int
    in_flight: int
    max_in_flight: int
    aborted: int
    throttled: int
    """Responses with status 429."""
    connections: int
    """Connections since the start, without those of this class."""
    open: int
    """Open connections."""


class Recorded(TypedDict):
    """One request for a completion."""

    at_ms: int
    path: str
    """The path with its query."""
    credentials: list[str]
    """Names of the headers with a key."""
    user_agent: str
    mark: int | None
    """The number after the `mark` of the script."""
    status: int | None
    """The status of the response; None if it was not sent completely."""
    body: dict[str, Any]
    """The body; null after the first 10,000 requests."""


class FakeProvider:
    """A running provider; `base_url` is for `api_base`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.origin = base_url.removesuffix("/v1")
        self._opener = build_opener(ProxyHandler({}))

    def script(self, *steps: dict[str, Any], **settings: Any) -> None:
        """Replaces the script (see script.rs) and resets the counts."""
        self._call("/_script", json.dumps({**settings, "steps": steps}).encode())

    def stats(self) -> Stats:
        """Returns the counts since the last script."""
        return cast("Stats", self._call("/_stats"))

    def requests(self) -> list[Recorded]:
        """Returns the requests since the last script."""
        return cast("list[Recorded]", self._call("/_requests"))

    def _call(self, path: str, body: bytes | None = None) -> object:
        with self._opener.open(Request(self.origin + path, data=body), timeout=10) as reply:
            return json.load(reply)


def connect(provider: FakeProvider) -> Extractor:
    """An extractor for the fake provider, without retries."""
    return Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, max_retries=0)


@contextmanager
def running() -> Generator[FakeProvider, None, None]:
    """Runs the program; it ends with its standard input, at the latest with the tests."""
    with subprocess.Popen([program()], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield FakeProvider(process.stdout.readline().decode().strip())
        finally:
            process.stdin.close()


def program() -> Path:
    """The path in the target directory of cargo, or that in STRUCTX_FAKE_PROVIDER."""
    if given := os.environ.get("STRUCTX_FAKE_PROVIDER"):
        return Path(given)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    suffix = ".exe" if sys.platform == "win32" else ""
    path = target / "release" / "examples" / f"fake-provider{suffix}"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing: build it with `cargo build --release --example fake-provider`"
        )
    return path
