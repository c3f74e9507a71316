"""The review page and the proofs of an extraction, made once its rows have ended."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx._cli import console
from structx._engine.source import SOURCE, number_of
from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    from structx import _core
    from structx.results import ExtractionResult, RowResult


class Kept:
    """The rows that the page and the proofs need; without these, none is kept."""

    def __init__(self, options: argparse.Namespace, file_options: dict[str, Any]) -> None:
        self._page: Path | None = options.review
        self._proofs: Path | None = options.proof
        self._file_options = file_options
        self._rows: list[RowResult[Any]] = []

    def take(self, row: RowResult[Any]) -> None:
        """Keeps a row, if it is needed."""
        if self._page or self._proofs:
            self._rows.append(row)

    def write(self, model: Any) -> None:
        """Writes what was asked for; raises ConfigurationError if a file can't be written."""
        if not self._rows:
            return
        self._rows.sort(key=lambda row: row.position)
        try:
            if self._page is not None:
                console.say(f"review page: {self._result(model).review(self._page)}")
            if self._proofs is not None:
                self._write_proofs(self._proofs)
        except OSError as error:
            raise ConfigurationError(str(error)) from error

    def _result(self, model: Any) -> ExtractionResult[Any]:
        """The result with its documents, of which the page shows the pages."""
        from structx._engine.inputs import options_of
        from structx.results import ExtractionResult
        from structx.usage import ExtractorUsage

        documents: list[_core.Prepared | None] = []
        for row in self._rows:
            documents += [None] * (number_of(row) + 1 - len(documents))
            documents[number_of(row)] = _document(row)
        items = [item for row in self._rows for item in row.items]
        result = ExtractionResult(items, self._rows, model, ExtractorUsage())
        vars(result)[SOURCE] = (documents, options_of(self._file_options))
        return result

    def _write_proofs(self, folder: Path) -> None:
        from structx import proofs  # not needed by others
        from structx._engine.inputs import options_of

        provable = {
            row.source: (row.evidence, document)
            for row in self._rows
            if row.items
            and (document := _document(row)) is not None
            and document.path is not None
            and document.path.is_file()
        }
        for name in dict.fromkeys(row.source for row in self._rows):
            if name not in provable:
                console.say(f"{name}: no proof, which needs a document with items in a file")
        problems = proofs.save_each(provable.values(), options_of(self._file_options), folder)
        console.say(f"{console.count(len(provable) - len(problems), 'proof')}: {folder}")
        if problems:
            raise ConfigurationError("; ".join(problems))


def _document(row: RowResult[Any]) -> _core.Prepared | None:
    return row._document  # pyright: ignore[reportPrivateUsage]
