"""The review page and the proofs of an extraction, made once its rows have ended."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx._cli import console
from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    from structx import _core
    from structx._cli.rows import Outcome
    from structx._cli.sources import Source
    from structx.results import ExtractionResult, RowResult


class Kept:
    """The rows that the page and the proofs need; without these, none is kept."""

    def __init__(self, options: argparse.Namespace, file_options: dict[str, Any]) -> None:
        self._page: Path | None = options.review
        self._proofs: Path | None = options.proof
        self._file_options = file_options
        self._rows: dict[Source, list[RowResult[Any]]] = defaultdict(list)
        self._models: dict[Source, Any] = {}

    def take(self, outcome: Outcome) -> None:
        """Keeps the row of an outcome, if it is needed."""
        if outcome.row is not None and (self._page or self._proofs):
            self._rows[outcome.source].append(outcome.row)
            self._models[outcome.source] = outcome.model

    def write(self) -> None:
        """Writes what was asked for; raises ConfigurationError if a file can't be written."""
        try:
            if self._page is not None:
                self._write_page(self._page)
            if self._proofs is not None:
                self._write_proofs(self._proofs)
        except OSError as error:
            raise ConfigurationError(str(error)) from error

    def _write_page(self, page: Path) -> None:
        from structx import review  # not needed by others

        results = {source.name: self._result(source) for source in self._rows}
        console.say(f"review page: {review.write(results, page)}")

    def _result(self, source: Source) -> ExtractionResult[Any]:
        """The result with its document, of which the page shows the pages."""
        from structx._engine.source import SOURCE
        from structx.results import ExtractionResult
        from structx.usage import ExtractorUsage

        rows = sorted(self._rows[source], key=lambda row: row.position)
        items = [item for row in rows for item in row.items]
        result = ExtractionResult(items, rows, self._models[source], ExtractorUsage())
        if (document := self._document(source)) is not None:
            vars(result)[SOURCE] = ([document[0]], document[1])
        return result

    def _document(self, source: Source) -> tuple[_core.Prepared, str] | None:
        """The document of a source, with the options of the reader; None for others."""
        rows = self._rows[source]
        if source.path is None or len(rows) != 1:
            return None
        from structx import _core
        from structx._engine.inputs import source_of_file

        encoded = source_of_file(source.path, self._file_options).input
        prepared = _core.reading(encoded).wait()
        is_same = prepared.is_document and prepared.text == rows[0].input_data
        return (prepared, encoded[1]) if is_same else None

    def _write_proofs(self, folder: Path) -> None:
        from structx import proofs  # not needed by others

        folder.mkdir(parents=True, exist_ok=True)
        written: set[str] = set()
        for source, rows in self._rows.items():
            document = self._document(source)
            if document is None or source.path is None or not rows[0].items:
                console.say(f"{source.name}: no proof, which needs a document with items in a file")
                continue
            name = _free(source.path.name, written)
            try:
                proofs.save(rows[0].evidence, source.path, document[1], folder / name)
            except ValueError as error:
                console.say(f"{source.name}: no proof: {error}")
                continue
            console.say(f"proof: {folder / name}")


def _free(name: str, taken: set[str]) -> str:
    """A name of a proof that no other file of this run has."""
    proof, number = f"{name}.proof.json", 2
    while proof in taken:
        proof, number = f"{name}-{number}.proof.json", number + 1
    taken.add(proof)
    return proof
