"""The results of an extraction: the items, and the outcome of each row."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, cast

from typing_extensions import TypeVar

from structx._core import AttemptError, RowResult
from structx._engine.help import async_form
from structx._engine.long_form.outputs import LongOutputs
from structx._engine.source import SOURCE, number_of
from structx.usage import ExtractionStep, ExtractorUsage, StepUsage, of_calls

if TYPE_CHECKING:
    from structx import _core
    from structx._engine.long_form.outputs import Rows
    from structx._engine.originals import File
    from structx._engine.source import Source

__all__ = ["AttemptError", "ExtractionResult", "RowResult"]

T = TypeVar("T")
D = TypeVar("D", default=list[T])


_PLANNING = "_planning"
"""The attribute of a result that holds the planning requests, from which `usage` is computed."""


@dataclass(repr=False)
class ExtractionResult(LongOutputs, Generic[T, D]):
    """The items of all rows, and the outcome of each row.

    The data of an `ExtractionResult[Invoice]` is a list of invoices, that of an
    `ExtractionResult[Invoice, Any]` a table. Equality ignores `data`: its items are in `rows`.

    Examples:
        >>> result
        ExtractionResult(model=Invoice, rows=1, items=1, failed=0, tokens=15)
        >>> [row.status for row in result.rows]
        ['success']
        >>> result.usage.total_tokens
        15
    """

    data: D = field(compare=False)
    """The items of all rows, in the order of the source. With `return_df=True`, a copy of the
    source with a column for each field and `extraction_status`; with `return_df="long"`, a table
    with a line for each item and the columns of `structx.arrow_schema`."""
    rows: list[RowResult[T]]
    """The outcome of each row, in the order of the source."""
    model: type[T]
    """The type of the items: the caller's model, or the planned one. For `list[X]` or a TypeAdapter
    it is X; for a JSON Schema it is a dict, the schema of one item."""
    usage: ExtractorUsage
    """Tokens of all requests, for planning and for rows. Rows (and a plan) that were read from a
    journal count with the tokens of their original requests."""
    warnings: list[str] = field(default_factory=list[str])
    """Warnings of the reader, pages that the model did not receive, and models whose provider does
    not enforce the schema."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Computed on first use: it has an object for each request of a large result.
            if name != "usage" or _PLANNING not in vars(self):
                kind = type(self).__name__
                raise AttributeError(f"{kind!r} object has no attribute {name!r}", name=name)
            step = ExtractionStep.EXTRACTION
            requests = [call for row in self.rows for call in row.usage.get_step(step)]
            self.usage = of_calls(vars(self)[_PLANNING], requests)
            return self.usage

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != SOURCE}

    def _long_rows(self) -> Rows:
        return self.rows, self.model

    @property
    def failed(self) -> Any:
        """The failed rows, with `source`, `index`, `text` and `error`.

        A pandas DataFrame if pandas is installed, otherwise a list of dicts.

        Examples:
            >>> len(result.failed)
            0
        """
        from structx._engine.tables import write

        rows = [row for row in self.rows if row.error is not None]
        columns = {
            "source": [row.source for row in rows],
            "index": [row.source_index for row in rows],
            "text": [row.input_data for row in rows],
            "error": [row.error for row in rows],
        }
        try:
            return write.frame_of(columns)
        except ModuleNotFoundError:
            lines = zip(*columns.values(), strict=True)
            return [dict(zip(columns, line, strict=True)) for line in lines]

    def evidence(
        self,
        *,
        shape: Literal["records", "llamaextract", "docling"] = "records",
        return_df: bool = False,
    ) -> Any:
        """Where all values stand, one record for each place; see `structx.evidence`.

        Args:
            shape: `records`, or that of another library, for programs that read its results.
            return_df: gives a pandas DataFrame with the columns of `records` instead of a list.

        Returns:
            For `records`, dicts of `row` (its position), `source`, `pointer`, `value`, `status`,
            `score`, `occurrences`, and of one place `text`, `page`, `start`, `end`, `boxes` and
            `cell`. A value with several places has several records, one without a place has one
            with None.

            For `llamaextract`, the `extraction_metadata` (`extract_metadata` in version 2) of
            LlamaExtract for each item of all rows:
            `{"field_metadata": {...}}` in the form of the item, and at each leaf `citation` (a list
            of `page`, `matching_text`, `bounding_boxes` with `x`, `y`, `w`, `h` in points, and
            `page_dimensions`, if known) and as `confidence` the score, except for values that need
            not stand in the text (developers.llamaindex.ai/llamaparse/extract/guides/extensions).

            For `docling`, dicts of `row`, `source`, `pointer`, `value`, `text` and `prov`, the list
            of ProvenanceItems of docling-core (`docling_core/types/doc/document.py`): `page_no`,
            `bbox` (`l`, `t`, `r`, `b` in points, `coord_origin` `TOPLEFT`) and `charspan`, the
            characters of `text`. It is empty where the source has no boxes.

        Raises:
            ValueError: rows of a table that were extracted without `evidence=True`; `return_df`
                with another shape than `records`.

        Examples:
            >>> result.evidence()[0]["status"]
            'exact'
            >>> result.evidence(shape="docling")[0]["pointer"]
            '/0/number'
        """
        if shape != "records":
            if return_df:
                raise ValueError(f'a DataFrame has records: leave out shape="{shape}"')
            from structx._engine import evidence_shapes, originals

            if shape == "docling":
                return evidence_shapes.docling(self.rows)
            documents = originals.documents_of(self)
            sizes = [evidence_shapes.sizes_of(document) for document in documents]
            return evidence_shapes.llamaextract(self.rows, sizes)
        from structx._engine.evidence_table import records  # not needed by other results

        return records(self.rows, return_df=return_df)

    @property
    def coverage(self) -> float:
        """The share of the amounts and dates of the source that values cite, from 0 to 1; 1 if it
        states none. `row.uncited` lists the others. Raises ValueError as `evidence`.

        Examples:
            >>> 0 < result.coverage < 1
            True
        """
        evidence = [row.evidence for row in self.rows]
        stated = sum(one.stated for one in evidence)
        return sum(one.cited for one in evidence) / stated if stated else 1.0

    def save_proof(self, path: str | os.PathLike[str]) -> None:
        """Writes the evidence to a file; `structx verify PROOF DOCUMENT` checks it without a model.

        Of several documents, each has a proof of its own in the folder `path`, which is made:
        `invoice.pdf.proof.json`.

        Raises:
            ValueError: a source is a table, was not read from a file, or has changed since; of
                several documents, the proofs of the others are written.

        Examples:
            >>> result.save_proof("invoice.proof.json")
        """
        from structx import proofs  # not needed by other results
        from structx._engine.originals import documents_of

        documents, options = documents_of(self), vars(self).get(SOURCE, ([], "{}"))[1]
        rows = [row for row in self.rows if row.error is None or len(documents) == 1]
        found = [(row, _at(documents, number_of(row))) for row in rows]
        if not found or any(document is None or document.path is None for _, document in found):
            raise ValueError(
                "a proof needs a document that was read from a file; rows of tables have none"
            )
        if len(self.rows) == 1:
            row, document = found[0]
            proofs.save(row.evidence, document, options, path)
            return
        proofs.save_all(((row.evidence, one) for row, one in found), options, path)

    def review(
        self,
        path: str | os.PathLike[str],
        *,
        source: File | None = None,
        image_bytes: int = 24 << 20,
    ) -> Path:
        """Writes a page for a person to check the values: one HTML file, which loads nothing.

        It shows the pages of the document with marks where values stand, and the values, those at
        risk first. Corrections are saved as JSON Lines, which `structx.review.apply` reads.

        Args:
            path: the file to write.
            source: the document, as a path, as its name and content, or as a Document of
                `structx.read`, to draw its pages. Not needed for a path that was given to `extract`
                and has not changed since. Without it, pages are shown as text. Only for a
                result of one source.
            image_bytes: bytes of the images of pages; pages beyond are shown as text. Pages with
                values come first. 0 for text alone.

        Returns:
            The path.

        Raises:
            OSError: the file can't be written.
            FileError: the source can't be read.
            ValueError: the source is not that of the result.

        Examples:
            >>> result.review("review.html").name
            'review.html'
        """
        from structx._engine.review import writer  # not needed by other results

        return writer.write([(None, self, source)], path, image_bytes)

    @async_form(review)
    async def review_async(
        self,
        path: str | os.PathLike[str],
        *,
        source: File | None = None,
        image_bytes: int = 24 << 20,
    ) -> Path:
        """`review` for asyncio: writes in another thread.

        Examples:
            >>> import asyncio
            >>> asyncio.run(result.review_async("review.html")).name
            'review.html'
        """
        from structx._engine.threads import in_thread

        return await in_thread(partial(self.review, path, source=source, image_bytes=image_bytes))

    def highlight(self, path: str | os.PathLike[str], *, source: File | None = None) -> Path:
        """Writes the PDF of the result with a mark where each value stands.

        The marks are highlight annotations, which any viewer shows: coloured by status, with the
        JSON Pointer, the value and the status as their note. Values without a place have none. The
        pages themselves do not change, and a protected file stays protected.

        Of several documents, each PDF with a value has a file of its own in the folder `path`,
        which is made.

        Args:
            path: the file to write, or the folder.
            source: the PDF, as for `review`. A protected one is given as
                `structx.read(path, password=...)`.

        Returns:
            The path.

        Raises:
            OSError: the file can't be written.
            FileError: the PDF can't be read again, or has a structure that can't be changed.
            ValueError: the document is no PDF, is not that of the result, or says no value; `path`
                is the document; or the result has none: that of a table, or one that was pickled.

        Examples:
            >>> result.highlight("marked.pdf").name
            'marked.pdf'
        """
        from structx._engine import highlight  # not needed by other results

        return highlight.write(self, path, source)

    @async_form(highlight)
    async def highlight_async(
        self, path: str | os.PathLike[str], *, source: File | None = None
    ) -> Path:
        """`highlight` for asyncio: works in another thread.

        Examples:
            >>> import asyncio
            >>> asyncio.run(result.highlight_async("marked.pdf")).name
            'marked.pdf'
        """
        from structx._engine.threads import in_thread

        return await in_thread(partial(self.highlight, path, source=source))

    @property
    def attempted_count(self) -> int:
        """The number of rows."""
        return len(self.rows)

    @property
    def success_count(self) -> int:
        """The number of rows without an error, including empty ones."""
        return sum(row.error is None for row in self.rows)

    @property
    def empty_count(self) -> int:
        """The number of rows that succeeded without an item."""
        return sum(row.status == "empty" for row in self.rows)

    @property
    def extracted_count(self) -> int:
        """The number of items."""
        return sum(len(row.items) for row in self.rows)

    @property
    def failure_count(self) -> int:
        """The number of failed rows."""
        return self.attempted_count - self.success_count

    @property
    def journaled_count(self) -> int:
        """The number of rows that were read from the journal instead of requested."""
        return sum(row.from_journal for row in self.rows)

    @property
    def success_rate(self) -> float:
        """The percentage of rows without an error; 0.0 if there are no rows."""
        return 100.0 * self.success_count / len(self.rows) if self.rows else 0.0

    def __repr__(self) -> str:
        from structx._engine import items

        return (
            f"ExtractionResult(model={items.name_of(self.model)}, rows={self.attempted_count}, "
            f"items={self.extracted_count}, failed={self.failure_count}, "
            f"tokens={self.usage.total_tokens})"
        )

    def _repr_html_(self) -> str:
        from structx._engine import html, items

        counts = {
            "items": self.extracted_count,
            "rows": self.attempted_count,
            "empty": self.empty_count,
            "failed": self.failure_count,
            "tokens": self.usage.total_tokens,
        }
        fields = items.fields_of(self.model)
        title = items.name_of(self.model)
        return html.of_result(title, counts, self.usage.cost, fields, self.rows)


def _at(documents: Sequence[_core.Prepared | None], number: int) -> Any:
    return documents[number] if number < len(documents) else None


def result_of(raw: _core.RawExtraction, source: Source) -> ExtractionResult[Any]:
    """Converts the raw result of the core."""
    rows, data = raw["rows"].take(source.labels, source.are_several)
    result = cast("ExtractionResult[Any]", object.__new__(ExtractionResult))
    result.data, result.rows = data, rows
    result.model, result.warnings = raw["model"], raw["warnings"]
    vars(result)[_PLANNING] = [StepUsage(**call) for call in raw["planning"]]
    return result
