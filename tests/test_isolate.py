"""The child process of a reader that may hang or abort: its input, its output, its end."""

from __future__ import annotations

import json
import subprocess
import sys

import samples


def start(reader: str, seconds: int = 60) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "structx._isolate", reader, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def ask(reader: str, file: bytes) -> list[str] | None:
    """The reply, while the pipe is open; None if there is none."""
    with start(reader) as process:
        assert process.stdin and process.stdout
        process.stdin.write(len(file).to_bytes(8, "little") + file)
        process.stdin.flush()
        reply = process.stdout.read().rpartition(b"\n")[2]
    return json.loads(reply) if reply else None


def test_the_pages_of_a_pdf_are_read() -> None:
    lines = samples.samples()["report.pdf"]
    pages = ask("pdf-extract", lines)
    assert pages is not None
    assert [samples.WORDS in page for page in pages] == [True, True]
    assert ask("pdf-extract", b"no PDF") == []


def test_a_reader_that_is_not_known_says_nothing() -> None:
    assert ask("no-such-reader", b"") is None


def test_a_child_ends_with_its_parent() -> None:
    with start("pdf-extract") as process:
        assert process.stdin
        process.stdin.write((100).to_bytes(8, "little") + b"a part")
        process.stdin.close()
        assert process.wait(60) != 0
