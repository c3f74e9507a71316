"""The files that a command reads: names, globs, folders, lists of names, stdin and pipes."""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from structx._cli import console
from structx._engine.source import given_of
from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    import argparse

    from structx.inputs import BinaryFile
    from structx.results import RowResult

_STDIN = "-"
_MAGIC = "*?["


class Pipe:
    """A file object with the name that tells its format; it can be read once."""

    def __init__(self, name: str, file: BinaryFile) -> None:
        self.name = name
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        """Reads at most `size` bytes."""
        return cast("bytes", self._file.read(size))


class Source:
    """A file to read. A plain class, as dataclasses take long to import."""

    def __init__(self, name: str, data: Path | Pipe) -> None:
        self.name = name
        """As the person gave it."""
        self.data = data


def name_of(given: list[Source], row: RowResult[Any]) -> str:
    """The name of the source of a row: as the person gave it, or that in an archive."""
    source = given[given_of(row)]
    data = source.data
    label = data.name if isinstance(data, Pipe) else os.fspath(data)
    return source.name if row.source == label else str(row.source)


def given(options: argparse.Namespace) -> list[Source]:
    """The files that the options name; raises ConfigurationError if there are none."""
    names: list[str] = list(options.sources)
    if options.files_from is not None:
        names += _listed(options.files_from)
    if not names:
        raise ConfigurationError("no files are given: name files, or - for stdin")
    if options.files_from == _STDIN and any(map(_is_stdin, names)):
        raise ConfigurationError("stdin can't be both a file and the list of --files-from")
    found: dict[str, Source] = {}
    for name in names:
        for one in _expanded(name, recursive=options.recursive):
            found.setdefault(one, _source(one, options.stdin_name))
    if not found:
        raise ConfigurationError(f"there is no file of a known format in {', '.join(names)}")
    return list(found.values())


def one(name: str, stdin_name: str | None = None) -> Source:
    """A single file, or stdin."""
    return _source(name, stdin_name)


def is_file_name(text: str) -> bool:
    """Whether a text would be taken for a file."""
    from structx import _core
    from structx.exceptions import FileError

    if _is_stdin(text) or (any(one in text for one in _MAGIC) and _matches(text)):
        return True
    try:
        return Path(text).exists() or _core.path_of(text) is not None
    except (FileError, OSError, ValueError):
        return True


def _expanded(name: str, *, recursive: bool) -> Iterator[str]:
    """The names of files that a name stands for."""
    if _is_stdin(name):
        yield name
    elif Path(name).is_dir():
        if not recursive:
            raise ConfigurationError(f"{name} is a folder: --recursive reads the files in it")
        yield from _inside(name)
    elif any(one in name for one in _MAGIC) and not Path(name).exists():
        # The shell found no file, or does not expand globs, as on Windows.
        files = [match for match in _matches(name) if Path(match).is_file()]
        if not files:
            raise ConfigurationError(f"no file matches {name}")
        yield from files
    else:
        yield name


def _matches(pattern: str) -> list[str]:
    # pathlib can't expand absolute patterns.
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207


def _inside(folder: str) -> Iterator[str]:
    """The files of known formats in a folder; hidden ones are left out."""
    others = hidden = 0
    for parent, folders, files in os.walk(folder):
        hidden += sum(map(_is_hidden, [*folders, *files]))
        folders[:] = sorted(one for one in folders if not _is_hidden(one))
        for name in sorted(files):
            if _is_hidden(name):
                continue
            if _is_known(name):
                yield os.path.join(parent, name)  # noqa: PTH118 (as the person wrote the folder)
            else:
                others += 1
    if others or hidden:
        console.say(
            f"{folder}: left out {console.count(others, 'file')} of other formats and "
            f"{console.count(hidden, 'hidden file')}"
        )


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _is_known(name: str) -> bool:
    from structx import _core

    # By its extension alone: a name of no existing file.
    return (
        _core.path_of(f"\N{REPLACEMENT CHARACTER}{''.join(Path(name).suffixes[-2:])}") is not None
    )


def _is_stdin(name: str) -> bool:
    return name in (_STDIN, "/dev/stdin", "/dev/fd/0")


def _source(name: str, stdin_name: str | None) -> Source:
    if _is_stdin(name):
        return Source(name, Pipe(stdin_name or "stdin", _stdin()))
    path = Path(name).expanduser()
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return Source(name, path)  # the reader says what is wrong
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode):
        return Source(name, Pipe(stdin_name or path.name, _Late(path)))
    return Source(name, path)


class _Late:
    """A pipe that is opened when it is read: opening one waits for its writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None

    def read(self, size: int = -1, /) -> bytes:
        if self._file is None:
            self._file = self._path.open("rb")
        content = self._file.read(size)
        if not content:
            self._file.close()
        return content


def _stdin() -> BinaryIO:
    return sys.stdin.buffer


def _listed(file: str) -> Iterable[str]:
    """The names in a list of files."""
    try:
        content = _stdin().read() if file == _STDIN else Path(file).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"--files-from: {error}") from error
    separator = b"\0" if b"\0" in content else b"\n"
    lines = [os.fsdecode(line.rstrip(b"\r")) for line in content.split(separator)]
    names = [line for line in lines if line.strip()]
    if not names:
        raise ConfigurationError(f"--files-from: {file} names no file")
    return names
