"""`structx verify`: checks a proof against its document."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from structx._cli import arguments, console
from structx.exceptions import ConfigurationError

_EXAMPLES = (
    "structx extract invoice.pdf -q 'the total' --proof proofs",
    "structx verify proofs/invoice.pdf.proof.json invoice.pdf",
)


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.command(
        commands,
        "verify",
        "check a proof against its document, without a model",
        "Read DOCUMENT and derive each value of PROOF from it anew. The exit code is 0 if all "
        "hold; otherwise what does not hold is listed.",
        _EXAMPLES,
    )
    parser.add_argument(
        "proof", type=Path, metavar="PROOF", help="made by --proof or result.save_proof"
    )
    parser.add_argument("document", type=Path, metavar="DOCUMENT", help="the file it is about")
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help="has the password of the document"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from structx import proofs  # not needed by other commands

    secret: Path | None = options.password_file
    password = None if secret is None else arguments.password_of(secret)
    try:
        problems, unproven = proofs.check(options.proof, options.document, password)
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(error)) from error
    for problem in problems:
        print(problem)
    console.say(*(f"without a place: {value}" for value in unproven))
    held = console.count(len(problems), "problem") if problems else "all values with a place hold"
    console.say(held)
    return 1 if problems else 0
