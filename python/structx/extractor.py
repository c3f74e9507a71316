"""The public Extractor: each operation as a blocking and an async method."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from pydantic import BaseModel
from typing_extensions import TypeVar, Unpack

from structx._engine import tasks
from structx._engine.help import async_form, with_options
from structx._engine.preparing_extractor import PreparingExtractor
from structx.run_options import RunOptions

if TYPE_CHECKING:
    from structx._engine.call_types import (
        ItemOf,
        JsonSchema,
        ListCall,
        ListOf,
        StreamCall,
        TableCall,
    )
    from structx.batch_function import BatchFunction
    from structx.inputs import Data
    from structx.results import ExtractionResult
    from structx.streams import AsyncExtractionStream, ExtractionStream

T = TypeVar("T", default=BaseModel)


class Extractor(PreparingExtractor):
    """Extracts typed data from documents, as a plain query or a model describes it.

    One extractor serves any number of calls, threads and event loops. Each method has an async form
    with the suffix `_async` and the same arguments; cancelling it aborts its requests. The blocking
    methods release the GIL, react to Ctrl-C, and can be called inside a running event loop.

    Examples:
        >>> extractor = Extractor(model="openai/gpt-4o", temperature=0)
        >>> extractor.extract(data=invoice, query=query, model=Invoice).data
        [Invoice(number='HPB-20417', total=Decimal('2685.60'))]
    """

    @classmethod
    def from_litellm(cls, *, model: str | Sequence[str], **settings: Any) -> Extractor:
        """The constructor under the name that the library `structx` has for it.

        Args:
            model: `provider/model`, as in the constructor.
            settings: other arguments of the constructor.

        Raises:
            ConfigurationError: as the constructor does.

        Examples:
            >>> Extractor.from_litellm(model="openai/gpt-4o", max_retries=2)
            Extractor(model='openai/gpt-4o')
        """
        return cls(model=model, **settings)

    @overload
    def extract(self, *, model: ListOf[T], **call: Unpack[ListCall]) -> ExtractionResult[T]: ...
    @overload
    def extract(
        self, *, model: ItemOf[T] = None, **call: Unpack[ListCall]
    ) -> ExtractionResult[T]: ...
    @overload
    def extract(
        self, *, model: JsonSchema, **call: Unpack[ListCall]
    ) -> ExtractionResult[dict[str, Any]]: ...
    @overload
    def extract(self, *, model: Hashable, **call: Unpack[ListCall]) -> ExtractionResult[Any]: ...
    @overload
    def extract(
        self, *, model: ListOf[T], **call: Unpack[TableCall]
    ) -> ExtractionResult[T, Any]: ...
    @overload
    def extract(
        self, *, model: ItemOf[T] = None, **call: Unpack[TableCall]
    ) -> ExtractionResult[T, Any]: ...
    @overload
    def extract(
        self, *, model: JsonSchema, **call: Unpack[TableCall]
    ) -> ExtractionResult[dict[str, Any], Any]: ...
    @overload
    def extract(
        self, *, model: Hashable, **call: Unpack[TableCall]
    ) -> ExtractionResult[Any, Any]: ...
    @with_options(RunOptions)
    def extract(
        self,
        *,
        data: Data,
        query: str,
        model: object = None,
        return_df: bool | Literal["long"] = False,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionResult[Any, Any]:
        """Extracts what `query` asks for.

        Args:
            data: a text, a path, a list of dicts, a pandas or polars DataFrame, a pyarrow Table,
                other tabular data with an Arrow stream (a RecordBatchReader, a relation of DuckDB,
                a polars LazyFrame), a Document, or a PreparedInput. A string is a path if it names
                an existing file, has a supported extension, is absolute, or starts with `./`, `../`
                or `~/`; otherwise it is the text itself. A document or text is one row; a table has
                one row per record. Or several sources: `structx.files("*.pdf")`, a list, a tuple or
                an iterator of these (of any, but not nested), also of `(name, bytes)`; a `.zip`
                or `.mbox` file; in async methods an async iterator. An iterator advances on a
                thread of structx, one step at a time. A source that can't be read is a failed row.
            query: what to extract, in plain words.
            model: the type of one item: a pydantic model, a dataclass, a TypedDict, a NamedTuple,
                an Enum, another type that pydantic validates (unions, `str`, `Literal`,
                `Annotated`), a TypeAdapter, or a JSON Schema as a dict or as the path of a `.json`
                file. `list[X]` means items of X as X does, since a row gives a list of items
                anyway; items that are lists are `list[list[X]]`. With a JSON Schema, items are
                validated by it, and are dicts (or what it describes): integers are `int`, other
                numbers are `float` where that is exactly the number in the reply, else
                `decimal.Decimal`; the schema of a list means items of its `items`. Default: a
                pydantic model that one planning request makes for the query.
            return_df: `result.data` is a copy of the source with a column for each field (or one,
                `value`, for items without fields) and `extraction_status`, instead of a list of
                items. With `"long"`, it has a line for each item and columns whose names and types
                depend on `model` alone: those of `structx.arrow_schema`; needs pyarrow. Both have
                the library of the caller's table; for other data that is pandas, which must be
                installed. Of several sources, the first form has a column `source`, and the columns
                of those that are tables; with `source_column`, those of that table.
            expand_nested: with `return_df`, the parts of nested objects have their own columns.
            file_options: options for tabular files, such as `{"sep": ";"}`; see
                `FileReader.read_file`. For a PDF, `mode` selects what the model receives: the
                text, and images of pages without text (`auto`, the default); the text only
                (`text`); the text and images of all pages (`vision`); or the file itself
                (`file`), only for models known to read PDFs. `source_column` names the column of a
                table, or key of dicts, whose values are sources: paths or texts.
            options: journal, budget, deadline, progress and context of validators of the call; see
                `RunOptions`.

        Returns:
            The items, and the outcome of each row in the order of the sources.

        Raises:
            ExtractionError: an argument is wrong, no source can be read, planning failed, an
                iterator of sources raised (`error.results` has the rows before it), the items do
                not fit into a table, or the extractor is closed; `__cause__` is another exception
                that caused it, if any. A failed row raises nothing: see `result.rows`.

        Examples:
            >>> result = extractor.extract(data=invoice, query=query, model=Invoice, deadline=60)
            >>> result.data[0].total
            Decimal('2685.60')
            >>> result.rows[0].evidence["/0/total"].text
            '2,685.60'

            A table, with a column for each field:

            >>> tickets = "scripts/example_input/tickets.csv"
            >>> table = extractor.extract(data=tickets, query="the problem", return_df=True)
            >>> "extraction_status" in table.data.columns
            True
        """
        output = tasks.OutputOptions(return_df, expand_nested, file_options)
        context = self._context("extract", options)
        return tasks.run(context, tasks.extraction, data, query, model, output=output)

    @overload
    async def extract_async(
        self, *, model: ListOf[T], **call: Unpack[ListCall]
    ) -> ExtractionResult[T]: ...
    @overload
    async def extract_async(
        self, *, model: ItemOf[T] = None, **call: Unpack[ListCall]
    ) -> ExtractionResult[T]: ...
    @overload
    async def extract_async(
        self, *, model: JsonSchema, **call: Unpack[ListCall]
    ) -> ExtractionResult[dict[str, Any]]: ...
    @overload
    async def extract_async(
        self, *, model: Hashable, **call: Unpack[ListCall]
    ) -> ExtractionResult[Any]: ...
    @overload
    async def extract_async(
        self, *, model: ListOf[T], **call: Unpack[TableCall]
    ) -> ExtractionResult[T, Any]: ...
    @overload
    async def extract_async(
        self, *, model: ItemOf[T] = None, **call: Unpack[TableCall]
    ) -> ExtractionResult[T, Any]: ...
    @overload
    async def extract_async(
        self, *, model: JsonSchema, **call: Unpack[TableCall]
    ) -> ExtractionResult[dict[str, Any], Any]: ...
    @overload
    async def extract_async(
        self, *, model: Hashable, **call: Unpack[TableCall]
    ) -> ExtractionResult[Any, Any]: ...
    @with_options(RunOptions)
    @async_form(extract)
    async def extract_async(
        self,
        *,
        data: Data,
        query: str,
        model: object = None,
        return_df: bool | Literal["long"] = False,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionResult[Any, Any]:
        """`extract` for asyncio.

        Examples:
            >>> import asyncio
            >>> call = extractor.extract_async(data=invoice, query=query, model=Invoice)
            >>> asyncio.run(call).data[0].number
            'HPB-20417'
        """
        output = tasks.OutputOptions(return_df, expand_nested, file_options)
        context = self._context("extract_async", options)
        return await tasks.run_async(context, tasks.extraction, data, query, model, output=output)

    @overload
    def extract_stream(
        self, *, model: ListOf[T], **call: Unpack[StreamCall]
    ) -> ExtractionStream[T]: ...
    @overload
    def extract_stream(
        self, *, model: ItemOf[T] = None, **call: Unpack[StreamCall]
    ) -> ExtractionStream[T]: ...
    @overload
    def extract_stream(
        self, *, model: JsonSchema, **call: Unpack[StreamCall]
    ) -> ExtractionStream[dict[str, Any]]: ...
    @overload
    def extract_stream(
        self, *, model: Hashable, **call: Unpack[StreamCall]
    ) -> ExtractionStream[Any]: ...
    @with_options(RunOptions)
    def extract_stream(
        self,
        *,
        data: Data,
        query: str,
        model: object = None,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionStream[Any]:
        """Extracts as `extract` does, and yields each row as it ends: `for row in ...`.

        Rows come in the order in which they end; `row.position` is the position among all of them.
        Only a few rows are buffered, and documents are read as requests need them, so that a
        million rows or ten thousand files need not fit into memory. A document is let go once its
        row is dropped.

        Args:
            data: as in `extract`.
            query: as in `extract`.
            model: as in `extract`.
            file_options: as in `extract`.
            options: as in `extract`.

        Returns:
            An iterator of RowResult, with the model, the usage of planning and the warnings as
            attributes. Reading starts with the first row, which raises the errors of `extract`. If
            an iterator of sources raises, so does the stream, after all rows before it.

        Examples:
            >>> orders = [{"order": "two crates"}, {"order": "three crates"}]
            >>> with extractor.extract_stream(data=orders, query="extract the number") as rows:
            ...     sorted(row.position for row in rows)
            [0, 1]
        """
        context = self._context("extract_stream", options)
        return tasks.stream(context, data, query, model, file_options)

    @overload
    def extract_stream_async(
        self, *, model: ListOf[T], **call: Unpack[StreamCall]
    ) -> AsyncExtractionStream[T]: ...
    @overload
    def extract_stream_async(
        self, *, model: ItemOf[T] = None, **call: Unpack[StreamCall]
    ) -> AsyncExtractionStream[T]: ...
    @overload
    def extract_stream_async(
        self, *, model: JsonSchema, **call: Unpack[StreamCall]
    ) -> AsyncExtractionStream[dict[str, Any]]: ...
    @overload
    def extract_stream_async(
        self, *, model: Hashable, **call: Unpack[StreamCall]
    ) -> AsyncExtractionStream[Any]: ...
    @with_options(RunOptions)
    @async_form(extract_stream)
    def extract_stream_async(
        self,
        *,
        data: Data,
        query: str,
        model: object = None,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> AsyncExtractionStream[Any]:
        """`extract_stream` for asyncio: `async for row in ...`.

        Examples:
            >>> import asyncio
            >>> async def positions(data):
            ...     stream = extractor.extract_stream_async(data=data, query="extract the number")
            ...     return [row.position async for row in stream]
            >>> asyncio.run(positions([{"order": "two crates"}]))
            [0]
        """
        context = self._context("extract_stream_async", options)
        return tasks.stream_async(context, data, query, model, file_options)

    @with_options(RunOptions)
    def extract_queries(
        self,
        *,
        data: Data,
        queries: Sequence[str],
        return_df: bool | Literal["long"] = True,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> dict[str, ExtractionResult[BaseModel, Any]]:
        """Extracts what each query asks for, from data that is read once.

        All queries run at the same time and share `max_threads`.

        Args:
            data: as in `extract`.
            queries: what to extract, in plain words; at least one, without duplicates.
            return_df: as in `extract`, but True by default.
            expand_nested: as in `extract`.
            file_options: as in `extract`.
            options: as in `extract`, for all queries together.

        Returns:
            The result of each query in their order, each with its own model and usage.

        Raises:
            ExtractionError: as `extract` does, or there are no queries, or duplicates. If only
                some queries fail, `error.results` has the results of the others.

        Examples:
            >>> queries = ["extract the seller", "extract each line"]
            >>> results = extractor.extract_queries(data=invoice, queries=queries, return_df=False)
            >>> list(results)
            ['extract the seller', 'extract each line']
        """
        output = tasks.OutputOptions(return_df, expand_nested, file_options)
        context = self._context("extract_queries", options)
        return tasks.run(context, tasks.extractions, data, queries, output=output)

    @with_options(RunOptions)
    @async_form(extract_queries)
    async def extract_queries_async(
        self,
        *,
        data: Data,
        queries: Sequence[str],
        return_df: bool | Literal["long"] = True,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> dict[str, ExtractionResult[BaseModel, Any]]:
        """`extract_queries` for asyncio.

        Examples:
            >>> import asyncio
            >>> call = extractor.extract_queries_async(data=invoice, queries=["extract the seller"])
            >>> list(asyncio.run(call))
            ['extract the seller']
        """
        output = tasks.OutputOptions(return_df, expand_nested, file_options)
        context = self._context("extract_queries_async", options)
        return await tasks.run_async(context, tasks.extractions, data, queries, output=output)

    @with_options(RunOptions)
    def batch_function(
        self,
        *,
        query: str,
        model: object = None,
        sample: Data | None = None,
        columns: Sequence[str] | None = None,
        keep: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> BatchFunction:
        """Makes a function of batches for engines such as Ray, Daft, Spark, Dask and DuckDB.

        See `structx.batch_function` for each engine. Needs pyarrow.

        Args:
            query: as in `extract`.
            model: as in `extract`.
            sample: data as in `extract`, of which the model is planned here, once; only without
                `model`.
            columns: the names of the columns that are extracted from. Default: all.
            keep: columns that go along to the result: names with their Arrow types, or a
                `pyarrow.Schema`. Default: none.
            options: as in `extract`, for each batch.

        Returns:
            A function of a batch that gives its long table. It pickles.

        Raises:
            ExtractionError: an argument is wrong, or planning failed.

        Examples:
            >>> import pyarrow as pa
            >>> extract = extractor.batch_function(query=query, model=Invoice, columns=["text"])
            >>> extract(pa.table({"text": ["number A1, total 5"]})).num_rows
            1
        """
        if model is None and sample is not None:
            model = self.get_schema(data=sample, query=query)
        from structx.batch_function import BatchFunction  # not needed by other tasks

        make = partial(
            BatchFunction, self, query, model, columns=columns, keep=keep, options=options
        )
        return tasks.made(self._context("batch_function", options), make)
