"""The public Extractor: each operation as a blocking and an async method."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Literal, overload

from pydantic import BaseModel
from typing_extensions import TypeVar, Unpack

from structx._engine import tasks
from structx._engine.base_extractor import BaseExtractor

if TYPE_CHECKING:
    import os

    from structx.config import ConfigLike
    from structx.definitions import GeneratedModel
    from structx.estimates import Estimate
    from structx.explain import SchemaReport
    from structx.inputs import Data, PreparedInput
    from structx.limits import Limits
    from structx.prices import Prices
    from structx.results import ExtractionResult
    from structx.run_options import RunOptions
    from structx.streams import AsyncExtractionStream, ExtractionStream

T = TypeVar("T", bound=BaseModel, default=BaseModel)


class Extractor(BaseExtractor):
    """Extracts typed data from documents, as a plain query or a model describes it.

    One extractor serves any number of calls, threads and event loops. Each method has an async form
    with the suffix `_async` and the same arguments; cancelling it aborts its requests. The blocking
    methods release the GIL, react to Ctrl-C, and can be called inside a running event loop.
    """

    def __init__(
        self,
        *,
        model: str | Sequence[str] | None = None,
        api_key: str | None = None,
        api_base: str | None = None,
        base_url: str | None = None,
        api_version: str | None = None,
        output_mode: Literal["strict", "schema", "tool", "json", "prompt"] | None = None,
        config: ConfigLike | None = None,
        planning_model: str | Sequence[str] | None = None,
        max_threads: int = 10,
        validator_threads: int = 4,
        batch_size: int = 100,
        max_retries: int = 3,
        min_wait: float = 1,
        max_wait: float = 10,
        fail_fast: bool = True,
        timeout: float = 600,
        connect_timeout: float = 10,
        first_byte_timeout: float | None = None,
        limits: Limits | None = None,
        cache: str | os.PathLike[str] | None = None,
        cache_size: int = 1 << 30,
        prices: Prices | None = None,
        pickle_api_key: bool = False,
        **provider_options: Any,
    ) -> None:
        """Sends and loads nothing before the first extraction.

        Args:
            model: `provider/model`, such as `openai/gpt-4o`, or `local/qwen2.5-coder-0.5b` or
                `local/path/to.gguf` for a model in this process. Default: the environment
                variable STRUCTX_MODEL, else the embedded model, whatever keys are set. In a list,
                the models after the first are fallbacks for a provider that fails permanently;
                each has `max_retries`, and `api_key` and `api_base` belong to the first.
            api_key: the key. Default: the provider's variable, such as OPENAI_API_KEY.
            api_base: the base URL. Default: the provider's variable, such as OPENAI_BASE_URL, else
                its public address.
            base_url: another name of `api_base`.
            api_version: version of Azure's API. Default: AZURE_API_VERSION, else its v1 API.
            output_mode: how the schema of replies reaches the model: `strict`, enforced by the
                provider; `schema`, sent but not enforced; `tool`, as the arguments of a tool;
                `json`, in the prompt, with the provider's JSON mode; `prompt`, in the prompt only.
                Default: the first of these that the provider supports for the model and the
                schema. All but `strict` add a warning to the result; replies are always validated.
            config: options of each step; an ExtractionConfig, a dict of its arguments, or the path
                of a YAML file. Default: `ExtractionConfig()`, which reads the environment.
            planning_model: plans extractions without a model of the caller. Default: `model`.
            max_threads: requests of one call in flight at the same time; at least 1.
            validator_threads: threads on which the validators of one call run at the same time; at
                least 1. They take turns at the GIL: waiting overlaps, computing does not.
            batch_size: at least 1; ignored, since there are no batches.
            max_retries: attempts for a row after the first, for each model; at least 0.
            min_wait: seconds before the first retry; at least 0.
            max_wait: most seconds before a retry, unless the provider asks for more; at least
                `min_wait`.
            fail_fast: whether a model gets no more requests of a call after three answers in a
                row, without a success between them, that its key or credit is refused or its name
                unknown; the other rows then fail with that error, without a request. See
                `RunOptions` for a single call.
            timeout: seconds for one request, from the connection to the end of the reply.
            connect_timeout: seconds of it until the connection is established.
            first_byte_timeout: seconds of it until the reply begins. Default: no separate limit,
                since many providers send nothing before the reply is complete.
            limits: rate limits of all calls of this extractor, and of others with the same
                object. Default: `Limits()`, not shared.
            cache: a file that stores replies; created if it does not exist. A request whose reply
                is in it is not sent again, by any extractor with this file. Default: none.
            cache_size: bytes of replies in the cache (least recently used go first); at least 1.
            prices: US dollars per million tokens, by `model`, such as `{"openai/gpt-4o": {"input":
                2.5, "output": 10, "cached": 1.25}}`; or `"genai-prices"`, for the prices in the
                installed release of this package, the lowest tier of each. `local/` models cost
                nothing; the cost of other models without a price is None.
            pickle_api_key: whether a pickle of the extractor may hold `api_key`. By default, it
                holds the name of an environment variable with the same value, and pickling
                without one is a ConfigurationError. A key from the provider's variable is never
                in a pickle: each process reads its own.
            provider_options: options of every request, such as `temperature=0`: sent unchanged to
                servers of OpenAI's chat format, translated for others. Nothing is sent by default.
                Options of a step in `config` take precedence over them, and they over those of a
                YAML file. For a `local/` model: `threads`, `context` and `max_tokens`.

        Raises:
            ConfigurationError: a setting is wrong, a key is missing, a model does not support the
                `output_mode`, or the embedded model is not on this machine.
        """
        super().__init__(
            model=model,
            api_key=api_key,
            api_base=api_base,
            base_url=base_url,
            api_version=api_version,
            output_mode=output_mode,
            config=config,
            planning_model=planning_model,
            max_threads=max_threads,
            validator_threads=validator_threads,
            batch_size=batch_size,
            max_retries=max_retries,
            min_wait=min_wait,
            max_wait=max_wait,
            fail_fast=fail_fast,
            timeout=timeout,
            connect_timeout=connect_timeout,
            first_byte_timeout=first_byte_timeout,
            limits=limits,
            cache=cache,
            cache_size=cache_size,
            prices=prices,
            pickle_api_key=pickle_api_key,
            provider_options=provider_options,
        )

    @classmethod
    def from_litellm(cls, *, model: str | Sequence[str], **settings: Any) -> Extractor:
        """The constructor under the name that the library `structx` has for it.

        Args:
            model: `provider/model`, as in the constructor.
            settings: other arguments of the constructor.

        Raises:
            ConfigurationError: as the constructor does.
        """
        return cls(model=model, **settings)

    @overload
    def extract(
        self,
        *,
        data: Data,
        query: str,
        model: type[T] | None = None,
        return_df: Literal[False] = False,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionResult[T]: ...
    @overload
    def extract(
        self,
        *,
        data: Data,
        query: str,
        model: type[T] | None = None,
        return_df: bool,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionResult[T, Any]: ...
    def extract(
        self,
        *,
        data: Data,
        query: str,
        model: type[BaseModel] | None = None,
        return_df: bool = False,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionResult[Any, Any]:
        """Extracts what `query` asks for.

        Args:
            data: a text, a path, a list of dicts, a pandas or polars DataFrame, a pyarrow Table, or
                a PreparedInput. A string is a path if it names an existing file, has a supported
                extension, is absolute, or starts with `./`, `../` or `~/`; otherwise it is the
                text itself. A document or text is one row; a table has one row per record.
            query: what to extract, in plain words.
            model: the pydantic model of one item. Default: a model that one planning request
                makes for the query.
            return_df: `result.data` is a copy of the source with a column for each field and
                `extraction_status`, instead of a list of items. It has the library of the
                caller's table; for other data it is of pandas, which must be installed.
            expand_nested: with `return_df`, the parts of nested objects have their own columns.
            file_options: options for tabular files, such as `{"sep": ";"}`; see
                `FileReader.read_file`. For a PDF, `mode` selects what the model receives: the
                text, and images of pages without text (`auto`, the default); the text only
                (`text`); the text and images of all pages (`vision`); or the file itself
                (`file`), only for models known to read PDFs.
            options: journal, budget, deadline and progress of the call; see `RunOptions`.

        Returns:
            The items, and the outcome of each row in the order of the source.

        Raises:
            ExtractionError: an argument is wrong, the source can't be read, planning failed, the
                items do not fit into a table, or the extractor is closed; `__cause__` is another
                exception that caused it, if any. A failed row raises nothing: see `result.rows`.
        """
        output = tasks.OutputOptions(return_df, expand_nested, file_options)
        context = self._context("extract", options)
        return tasks.run(context, tasks.extraction, data, query, model, output)

    @overload
    async def extract_async(
        self,
        *,
        data: Data,
        query: str,
        model: type[T] | None = None,
        return_df: Literal[False] = False,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionResult[T]: ...
    @overload
    async def extract_async(
        self,
        *,
        data: Data,
        query: str,
        model: type[T] | None = None,
        return_df: bool,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionResult[T, Any]: ...
    async def extract_async(
        self,
        *,
        data: Data,
        query: str,
        model: type[BaseModel] | None = None,
        return_df: bool = False,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionResult[Any, Any]:
        """`extract` for asyncio."""
        output = tasks.OutputOptions(return_df, expand_nested, file_options)
        context = self._context("extract_async", options)
        return await tasks.run_async(context, tasks.extraction, data, query, model, output)

    def extract_stream(
        self,
        *,
        data: Data,
        query: str,
        model: type[T] | None = None,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> ExtractionStream[T]:
        """Extracts as `extract` does, and yields each row as it ends: `for row in ...`.

        Rows come in the order in which they end; `row.position` is the position in the source.
        Only a few rows are buffered, so that a million rows need not fit into memory.

        Args:
            data: as in `extract`.
            query: as in `extract`.
            model: as in `extract`.
            file_options: as in `extract`.
            options: as in `extract`.

        Returns:
            An iterator of RowResult, with the model, the usage of planning and the warnings as
            attributes. Reading starts with the first row, which raises the errors of `extract`.
        """
        context = self._context("extract_stream", options)
        return tasks.stream(context, data, query, model, file_options)

    def extract_stream_async(
        self,
        *,
        data: Data,
        query: str,
        model: type[T] | None = None,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> AsyncExtractionStream[T]:
        """`extract_stream` for asyncio: `async for row in ...`."""
        context = self._context("extract_stream_async", options)
        return tasks.stream_async(context, data, query, model, file_options)

    def extract_queries(
        self,
        *,
        data: Data,
        queries: Sequence[str],
        return_df: bool = True,
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
        """
        output = tasks.OutputOptions(return_df, expand_nested, file_options)
        context = self._context("extract_queries", options)
        return tasks.run(context, tasks.extractions, data, queries, output)

    async def extract_queries_async(
        self,
        *,
        data: Data,
        queries: Sequence[str],
        return_df: bool = True,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> dict[str, ExtractionResult[BaseModel, Any]]:
        """`extract_queries` for asyncio."""
        output = tasks.OutputOptions(return_df, expand_nested, file_options)
        context = self._context("extract_queries_async", options)
        return await tasks.run_async(context, tasks.extractions, data, queries, output)

    def get_schema(
        self, *, data: Data, query: str, file_options: Mapping[str, Any] | None = None
    ) -> type[GeneratedModel]:
        """Plans the model that `extract` would make for `query`, without extracting.

        Args:
            data: as in `extract`; the planning model receives a part of it.
            query: what to extract, in plain words.
            file_options: as in `extract`.

        Returns:
            The model; its attribute `usage` has the tokens of the planning requests.

        Raises:
            ExtractionError: as `extract` does.
        """
        context = self._context("get_schema")
        return tasks.run(context, tasks.planning, data, query, file_options)

    async def get_schema_async(
        self, *, data: Data, query: str, file_options: Mapping[str, Any] | None = None
    ) -> type[GeneratedModel]:
        """`get_schema` for asyncio."""
        context = self._context("get_schema_async")
        return await tasks.run_async(context, tasks.planning, data, query, file_options)

    def refine_data_model(
        self,
        *,
        model: type[BaseModel],
        refinement_instructions: str,
        model_name: str | None = None,
    ) -> type[GeneratedModel]:
        """Makes a changed copy of a model with one planning request.

        Args:
            model: the model to start from, which is not changed.
            refinement_instructions: what to change, in plain words.
            model_name: the name of the new model. Default: `Refined` and the name of `model`.

        Returns:
            The new model; its attribute `usage` has the tokens of the planning requests.

        Raises:
            ExtractionError: an argument is wrong, `model` has parts that a definition can't express
                (see `model_to_extraction_request`), or planning failed.
        """
        context = self._context("refine_data_model")
        return tasks.run(context, tasks.refinement, model, refinement_instructions, model_name)

    async def refine_data_model_async(
        self,
        *,
        model: type[BaseModel],
        refinement_instructions: str,
        model_name: str | None = None,
    ) -> type[GeneratedModel]:
        """`refine_data_model` for asyncio."""
        context = self._context("refine_data_model_async")
        return await tasks.run_async(
            context, tasks.refinement, model, refinement_instructions, model_name
        )

    def estimate(
        self,
        *,
        data: Data,
        query: str,
        model: type[BaseModel] | None = None,
        file_options: Mapping[str, Any] | None = None,
    ) -> Estimate:
        """Estimates what `extract` with these arguments would take; sends nothing.

        Args:
            data: as in `extract`.
            query: as in `extract`.
            model: as in `extract`. Without one, the estimate assumes a typical planned model.
            file_options: as in `extract`.

        Returns:
            Rows, requests, tokens, cost and time.

        Raises:
            ExtractionError: as `extract` does, except for errors of a provider.
        """
        context = self._context("estimate")
        return tasks.run(context, tasks.estimation, data, query, model, file_options)

    async def estimate_async(
        self,
        *,
        data: Data,
        query: str,
        model: type[BaseModel] | None = None,
        file_options: Mapping[str, Any] | None = None,
    ) -> Estimate:
        """`estimate` for asyncio."""
        context = self._context("estimate_async")
        return await tasks.run_async(context, tasks.estimation, data, query, model, file_options)

    def explain_schema(self, model: type[BaseModel]) -> SchemaReport:
        """Reports how the provider is sent a model's schema, and which rules it does not enforce.

        Sends nothing. The report is about the first language model, and its `fallbacks` are about
        the others.

        Args:
            model: the pydantic model of one item.

        Raises:
            ExtractionError: it is no model, the provider does not support it, or the extractor is
                closed; `__cause__` is another exception that caused it, if any.
        """
        return tasks.explain(self._context("explain_schema"), model)

    @contextmanager
    def prepare_input(
        self, *, data: Data, file_options: Mapping[str, Any] | None = None
    ) -> Generator[PreparedInput, None, None]:
        """Reads data once for any number of calls: `with extractor.prepare_input(...) as data:`.

        Args:
            data: as in `extract`.
            file_options: as in `extract`.

        Yields:
            The data, for the `data` argument of the methods, until the end of the block.

        Raises:
            ExtractionError: the source can't be read.
        """
        context = self._context("prepare_input")
        with tasks.run(context, tasks.preparation, data, file_options) as prepared:
            yield prepared

    @asynccontextmanager
    async def prepare_input_async(
        self, *, data: Data, file_options: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[PreparedInput, None]:
        """`prepare_input` for asyncio: `async with`."""
        context = self._context("prepare_input_async")
        with await tasks.run_async(context, tasks.preparation, data, file_options) as prepared:
            yield prepared
