"""The command line: runs a command (`_cli/`) and tells how it ended.

Results go to stdout and everything else to stderr. Exit codes: 0 success, 1 a source or row failed,
2 wrong usage or configuration, 130 interrupted, 141 stdout was closed.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from structx._cli import console
from structx._cli.logs import logging_of
from structx._cli.parser import parser
from structx._cli.wording import worded
from structx.exceptions import ConfigurationError, StructXError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    _use_utf8()
    options = parser().parse_args(arguments)
    console.set_quiet(getattr(options, "quiet", False))
    try:
        with logging_of(options):
            code: int = options.run(options)
        sys.stdout.flush()
        return code
    except StructXError as error:
        console.complain(f"structx: {worded(str(error))}")
        return 2 if _is_configuration(error) else 1
    except KeyboardInterrupt:
        console.complain("structx: interrupted")
        return 130
    except BrokenPipeError:
        # The reader of stdout is gone: redirect it, so that the flush at exit does not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        console.complain(f"structx: {error}")
        return 1


def _is_configuration(error: StructXError) -> bool:
    # The arguments of a call are options here.
    wrong = (ConfigurationError, TypeError, ValueError)
    return isinstance(error, ConfigurationError) or isinstance(error.__cause__, wrong)


def _use_utf8() -> None:
    """Sets UTF-8 and `\\n` as the end of lines on every platform.

    Bytes of a file name that are not UTF-8 become `\\udc..`, which is valid in JSON.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
