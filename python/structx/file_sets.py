"""Sets of files as the data of one call: `structx.files("invoices/**/*.pdf")`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from glob import glob, has_magic
from pathlib import Path

from structx.exceptions import FileError


class Files:
    """The files that match a pattern or are in a folder, as `structx.files` describes them.

    Each iteration looks for them anew. It pickles.

    Examples:
        >>> structx.Files("scripts/example_input/S*.pdf").paths()
        ['scripts/example_input/S0305SampleInvoice.pdf']
    """

    def __init__(self, pattern: str | os.PathLike[str], recursive: bool = True) -> None:
        """Takes the arguments of `structx.files`."""
        self.pattern = os.fspath(pattern)
        self.recursive = recursive

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths())

    def paths(self) -> list[str]:
        """The paths, sorted. Raises FileError if there is no such file."""
        # Not by pathlib: paths stay as they were written, hidden files are left out, and what can't
        # be looked at is no file instead of an error.
        pattern = os.path.expanduser(self.pattern)  # noqa: PTH111
        if os.path.isfile(pattern):  # noqa: PTH113
            return [pattern]
        if os.path.isdir(pattern):  # noqa: PTH112
            found = _in_folder(pattern, self.recursive)
            missing = "the folder has no files"
        else:
            found = glob(pattern, recursive=self.recursive) if has_magic(pattern) else []  # noqa: PTH207
            missing = "no file matches; check the pattern, and from which folder it starts"
        if paths := sorted(path for path in found if os.path.isfile(path)):  # noqa: PTH113
            return paths
        raise FileError(f"{self.pattern}: {missing} ({Path.cwd()})", self.pattern)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Files) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.pattern, self.recursive))

    def __repr__(self) -> str:
        return f"structx.files({self.pattern!r}, recursive={self.recursive})"


def files(pattern: str | os.PathLike[str], *, recursive: bool = True) -> Files:
    """The files that match a pattern, or all files of a folder, as several sources.

    Args:
        pattern: a pattern with `*`, `?`, `[...]`, and `**` for any folders; a folder; or one file.
            A path that exists is taken as it is, even with these characters. Relative paths start
            at the working directory, `~` is the home directory, and Windows paths may have either
            separator. Hidden files, whose names begin with a dot, are left out unless the pattern
            names them.
        recursive: whether a folder includes its folders, and `**` means any folders.

    Returns:
        An iterable of the paths, sorted. Iterating (which `extract` does) raises FileError if no
        file matches.

    Examples:
        >>> invoices = structx.files("scripts/example_input/S*.pdf")
        >>> found = extractor.extract(data=invoices, query=query, model=Invoice)
        >>> [row.source for row in found.rows]
        ['scripts/example_input/S0305SampleInvoice.pdf']
    """
    return Files(pattern, recursive)


def _in_folder(folder: str, recursive: bool) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if recursive and not name.startswith(".")]
        shown = [name for name in names if not name.startswith(".")]
        yield from (os.path.join(root, name) for name in shown)  # noqa: PTH118 (as it was written)
