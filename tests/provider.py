"""The fake provider (tests/fake_provider, a Rust program) as seen from Python tests."""

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
    """What the provider counted since its last script."""

    requests: int
    in_flight: int
    max_in_flight: int
    aborted: int
    throttled: int
    """Answers 429."""
    connections: int
    """Since the start, those of this class left out."""
    open: int
    """Of these, open now."""


class Recorded(TypedDict):
    """One request for a completion."""

    at_ms: int
    path: str
    """With its query."""
    credentials: list[str]
    """Names of the headers that hold a key."""
    user_agent: str
    mark: int | None
    """The number that the script marks it by."""
    status: int | None
    """Of the answer, where there was a whole one."""
    body: dict[str, Any]
    """Null for all but the first 10,000."""


class FakeProvider:
    """A running provider; `base_url` is what `api_base` takes."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.origin = base_url.removesuffix("/v1")
        self._opener = build_opener(ProxyHandler({}))

    def script(self, *steps: dict[str, Any], **settings: Any) -> None:
        """Replace the script, whose settings script.rs has, and clear what was counted."""
        self._call("/_script", json.dumps({**settings, "steps": steps}).encode())

    def stats(self) -> Stats:
        """Read what was counted since the last script."""
        return cast("Stats", self._call("/_stats"))

    def requests(self) -> list[Recorded]:
        """Read the requests since the last script."""
        return cast("list[Recorded]", self._call("/_requests"))

    def _call(self, path: str, body: bytes | None = None) -> object:
        with self._opener.open(Request(self.origin + path, data=body), timeout=10) as reply:
            return json.load(reply)


def connect(provider: FakeProvider) -> Extractor:
    """An extractor that asks the fake provider and never tries again."""
    return Extractor(model="openai/fake", api_key="k", api_base=provider.base_url, max_retries=0)


@contextmanager
def running() -> Generator[FakeProvider, None, None]:
    """Run the program; it ends with its standard input, and so never outlives the tests."""
    with subprocess.Popen([program()], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield FakeProvider(process.stdout.readline().decode().strip())
        finally:
            process.stdin.close()


def program() -> Path:
    """Where cargo puts it, or what STRUCTX_FAKE_PROVIDER says."""
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
