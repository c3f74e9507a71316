"""Runs commands of the command line in this process, with the fake provider as the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from provider import FakeProvider
from structx import cli

PLAN = {
    "model_name": "Bill",
    "model_description": "A bill.",
    "fields": [
        {"name": "number", "description": "its number", "type": "str"},
        {"name": "total", "description": "what is due", "type": "float"},
    ],
    "instructions": "",
}
SCHEMA = {
    "type": "object",
    "title": "Bill",
    "properties": {"number": {"type": "string"}, "total": {"type": "number"}},
    "required": ["number", "total"],
    "additionalProperties": False,
}


class Ran(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines of the output, which are JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


class Commands:
    """Runs commands, in an empty folder."""

    def __init__(
        self, provider: FakeProvider, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.provider = provider
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Ran:
        """Runs a command; what argparse refuses has its exit code, too."""
        self._capsys.readouterr()
        try:
            code = cli.main([str(one) for one in arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        output = self._capsys.readouterr()
        return Ran(code, output.out, output.err)

    def plan(self, *steps: dict[str, Any], **settings: Any) -> None:
        """Scripts the provider: a plan for each planning request, then these steps."""
        planned = {"when": "extraction_plan", "times": 100, "content": json.dumps(PLAN)}
        self.provider.script(planned, *steps, **settings)

    def file(self, name: str, text: str) -> Path:
        """Writes a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def bills(self, number: int) -> list[Path]:
        """Writes files of one row each, `bill0.txt` and so on."""
        return [self.file(f"bill{n}.txt", f"Bill B{n} over {n}.50 EUR") for n in range(number)]

    def replies(self, number: int) -> list[dict[str, Any]]:
        """The steps with the replies for `bills`."""
        return [
            {
                "when": f"Bill B{n} ",
                "times": 9,
                "content": reply({"number": f"B{n}", "total": n + 0.5}),
            }
            for n in range(number)
        ]


def reply(*items: Any) -> str:
    """A reply with these items."""
    return json.dumps({"items": items})
