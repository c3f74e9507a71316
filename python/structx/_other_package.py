"""Warns of the other package that installs a module `structx`."""

from __future__ import annotations

import os
import warnings


def warn() -> None:
    """Warns if the package `structx` is installed beside this one, `structx-rs`.

    Both write their files to the folder `structx`, so that each breaks the other. Only the names in
    the folder above are read: `importlib.metadata` takes longer than the rest of the import.
    """
    package = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    try:
        names = os.listdir(os.path.dirname(package))  # noqa: PTH120, PTH208
    except OSError:
        return
    if any(name.startswith("structx-") and name.endswith(".dist-info") for name in names):
        message = (
            "the packages `structx` and `structx-rs` are both installed and share their files: run "
            "`pip uninstall structx structx-rs`, then `pip install structx-rs`"
        )
        warnings.warn(message, UserWarning, stacklevel=3)
