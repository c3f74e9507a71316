"""Opens journals for the commands that read them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from structx.exceptions import FileError

if TYPE_CHECKING:
    import sqlite3

_APPLICATION_ID = int.from_bytes(b"stxj", "big")
_VERSION = 1
_OLDEST_SQLITE = (3, 37)
"""The first version with STRICT tables."""


@contextmanager
def opened(path: Path) -> Generator[sqlite3.Connection, None, None]:
    """Opens a journal read-only; other processes may write to it at the same time.

    Raises FileError if it can't be read.
    """

    def unreadable(why: object) -> FileError:
        return FileError(f"{path} can't be read as a journal: {why}", str(path))

    try:
        # Some builds of Python lack it.
        import sqlite3
    except ImportError as error:
        raise unreadable(error) from error
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise unreadable(
            f"this Python has SQLite {sqlite3.sqlite_version}, and 3.37 or newer is needed"
        )
    if not path.is_file():
        raise unreadable("there is no such file")
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as journal:
            journal.row_factory = sqlite3.Row
            (application_id,) = journal.execute("PRAGMA application_id").fetchone()
            (version,) = journal.execute("PRAGMA user_version").fetchone()
            if application_id != _APPLICATION_ID:
                raise unreadable("it is a database, but not a structx journal")
            if version > _VERSION:
                raise unreadable("a newer version of structx wrote it; upgrade structx")
            yield journal
    except sqlite3.Error as error:
        raise unreadable(error) from error
