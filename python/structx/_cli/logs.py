"""The log of a command: on stderr with --verbose, and in a file with --log-file."""

from __future__ import annotations

import argparse
from collections.abc import Generator
from contextlib import contextmanager

from structx._cli import console
from structx.exceptions import ConfigurationError

_FORMAT = "%(asctime)s %(levelname)s %(message)s"


@contextmanager
def logging_of(options: argparse.Namespace) -> Generator[None, None, None]:
    """Logs as the options say until the end of the block; raises ConfigurationError."""
    verbose, file = getattr(options, "verbose", 0), getattr(options, "log_file", None)
    if not verbose and file is None:
        yield
        return
    import logging  # not needed by most commands

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            console.complain(self.format(record))

    logger = logging.getLogger("structx")
    before = logger.level
    handlers: list[logging.Handler] = []
    if verbose:
        handlers.append(Shown(logging.INFO if verbose == 1 else logging.DEBUG))
    if file is not None:
        try:
            handlers.append(logging.FileHandler(file, encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(f"--log-file: {error}") from error
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if file is not None or verbose > 1 else logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
