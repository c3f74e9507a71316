"""The parser of the command line, with all commands."""

from __future__ import annotations

import argparse

from structx._cli import (
    arguments,
    completion,
    estimate,
    explain,
    extract,
    journal,
    models,
    read,
    review,
    schema,
    verify,
)

_EPILOG = """\
`structx COMMAND --help` has the options of a command, with examples.

exit codes:
  0    success
  1    a source or a row failed, or a proof does not hold
  2    wrong usage or configuration
  130  interrupted
  141  the reader of stdout is gone

Colours are shown on terminals, unless NO_COLOR is set.
"""


class _Version(argparse.Action):
    """Loads the core only if the version is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from structx import __version__

        print(f"structx {__version__}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Makes the parser; the `run` of what it parses is the function of the command."""
    root = arguments.Parser(
        prog="structx",
        description="Extract typed, validated data from documents with a query in plain words.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action=_Version, nargs=0, help="show the version")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    extract.add(commands)
    schema.add(commands)
    read.add(commands)
    estimate.add(commands)
    explain.add(commands)
    review.add(commands)
    verify.add(commands)
    journal.add(commands)
    models.add(commands)
    completion.add(commands, root)
    return root
