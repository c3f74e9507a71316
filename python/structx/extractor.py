"""The public Extractor: its settings, and each operation in two forms."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Literal, overload

from pydantic import BaseModel
from typing_extensions import TypeVar, Unpack

from structx._engine import tasks
from structx._engine.base_extractor import BaseExtractor
from structx.inputs import Data

if TYPE_CHECKING:
    import os

    from structx.config import ConfigLike
    from structx.definitions import GeneratedModel
    from structx.estimates import Estimate
    from structx.explain import SchemaReport
    from structx.inputs import PreparedInput
    from structx.limits import Limits
    from structx.prices import Prices
    from structx.results import ExtractionResult
    from structx.run_options import RunOptions
    from structx.streams import AsyncExtractionStream, ExtractionStream

T = TypeVar("T", bound=BaseModel, default=BaseModel)


class Extractor(BaseExtractor):
    """Extracts typed data from documents, as a plain query or a model describes it.

    One extractor serves any number of calls, threads and event loops. Each method has a twin that
    ends in `_async`, with the same arguments, for asyncio; cancelling one aborts its requests. The
    others wait without holding the GIL, work inside a running event loop too, and answer Ctrl-C.
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
        """Nothing is sent or loaded before the first extraction.

        Args:
            model: `provider/model`, such as `openai/gpt-4o`, or `local/qwen2.5-coder-0.5b` or
                `local/path/to.gguf` for a model in this process. Default: the environment
                variable STRUCTX_MODEL, else the embedded model, whatever keys exist. Of several,
                the first is asked, and the next where the provider of the one before fails for
                good: each with `max_retries`, the key and address being those of the first.
            api_key: default: the provider's usual variable, such as OPENAI_API_KEY.
            api_base: the base URL. Default: the provider's variable, such as OPENAI_BASE_URL, else
                its public address.
            base_url: another name of `api_base`.
            api_version: of Azure's API. Default: AZURE_API_VERSION, else its v1 API without one.
            output_mode: how models are asked for the form of a reply: `strict`, by a schema that
                the provider holds them to; `schema`, by one that they follow as well as they can;
                `tool`, as the arguments of a tool; `json`, told in the prompt, with the provider's
                JSON mode; `prompt`, told in the prompt alone. Default: the first of these that a
                model's provider has and that can say the schema. All but `strict` are a warning of
                the result; replies are validated in any case.
            config: options of each step; an ExtractionConfig, a dict of its arguments, or the path
                of a YAML file. Default: `ExtractionConfig()`, which reads the environment.
            planning_model: plans extractions that have no model of the caller's. Default: `model`.
            max_threads: requests of one call that are under way at the same time; at least 1.
            validator_threads: threads on which the validators of one call run at the same time; at
                least 1. They take turns at the GIL: waiting overlaps, computing does not.
            batch_size: taken for the sake of programs that give it; at least 1. Rows are asked as
                soon as there is room, so that there are no batches.
            max_retries: attempts for a row after the first, whatever failed, with each model that
                is asked; at least 0.
            min_wait: seconds before the first retry; at least 0.
            max_wait: seconds before any retry, unless the provider asks for more; at least
                `min_wait`.
            timeout: seconds for one request, from the connection to the end of the reply.
            connect_timeout: seconds of it until the connection is made.
            first_byte_timeout: seconds of it until the reply begins. Default: no other limit, as
                many providers send nothing before the whole reply is there.
            limits: how fast providers are asked, by all calls of this extractor together, and of
                others that are given the same. Default: `Limits()`, its own.
            cache: a file that keeps replies, made where it does not exist: a request that was
                answered before is not sent again, by any extractor with this file. Default: none.
            cache_size: bytes of replies that it keeps, those that were used last; at least 1.
            prices: US dollars for a million tokens, by `model`, such as `{"openai/gpt-4o":
                {"input": 2.5, "output": 10, "cached": 1.25}}`; or `"genai-prices"`, for those that
                the installed release of this package knows, the lowest tier of each. `local/`
                models cost nothing; the cost of others that are not named is None.
            pickle_api_key: whether a pickle of the extractor may hold `api_key`. By default, it
                holds the name of an environment variable with the same value, and pickling
                without one is a ConfigurationError. A key from the provider's variable is never
                in a pickle: each process reads its own.
            provider_options: sent with every request, such as `temperature=0`: to servers of
                OpenAI's chat as they are, to others in their own spelling. Nothing is sent by
                default. The steps of a `config` come before them, and they before those of a YAML
                file. For a `local/` model: `threads`, `context` and `max_tokens`.

        Raises:
            ConfigurationError: a setting is wrong, a key is missing, a model can't be asked in the
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
        """The constructor under the name that programs for the library `structx` use.

        Args:
            model: `provider/model`, as in the constructor.
            settings: all other arguments of the constructor.

        Raises:
            ConfigurationError: as the constructor.
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
        """Extract what `query` asks for.

        Args:
            data: a text, a path, a list of dicts, a pandas or polars DataFrame, a pyarrow Table, or
                a PreparedInput. A string is a path if it names an existing file, has a supported
                extension, is absolute, or starts with `./`, `../` or `~/`; otherwise it is the
                text itself. A document or text is one row; a table has one row for each record.
            query: what to extract, in plain words.
            model: the pydantic model of one item. Default: a model made for the query by one
                planning request.
            return_df: give `result.data` as a copy of the source with a column for each field and
                `extraction_status`, instead of a list of items. Of the library of the caller's own
                table; for other data of pandas, which must be installed.
            expand_nested: with `return_df`, give the parts of nested objects columns of their own.
            file_options: how a file of records is read, such as `{"sep": ";"}`; the options are
                those of `FileReader.read_file`. What a model is given of a PDF is its `mode`: the
                text, with images of pages that have none (`auto`, the default), the text alone
                (`text`), with images of all pages (`vision`), or the file itself (`file`), which
                only models that are known to read PDFs are sent.
            options: journal, budget, deadline and progress of the call; see `RunOptions`.

        Returns:
            The items, and for each row of the source how it ended, in its order.

        Raises:
            ExtractionError: an argument is wrong, the source can't be read, planning failed, or the
                extractor is closed; `__cause__` is the reason, if there is another. A row that
                fails is no error: see `result.rows`.
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
        """Extract as `extract` does, and give each row as it ends: `for row in ...`.

        Rows come in the order in which they end; `row.position` is the place in the source. Only
        some wait to be taken, and those taken are not kept: a million rows need not fit in memory.

        Args:
            data: as in `extract`.
            query: as in `extract`.
            model: as in `extract`.
            file_options: as in `extract`.
            options: as in `extract`.

        Returns:
            An iterator of RowResult, which has the model, the usage of planning and the warnings.
            Nothing is read before its first row is asked for; that raises what `extract` raises.
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
        """Extract what each query asks for, from data that is read once.

        All queries are asked at the same time, `max_threads` requests together.

        Args:
            data: as in `extract`.
            queries: what to extract, in plain words; at least one, and no two the same.
            return_df: as in `extract`, but True by default.
            expand_nested: as in `extract`.
            file_options: as in `extract`.
            options: as in `extract`, for all queries together.

        Returns:
            For each query, in their order, its own result with its own model and usage.

        Raises:
            ExtractionError: as `extract`; there are no queries, or two are the same. Where only
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
        """Plan the model that `extract` would make for `query`, without extracting.

        Args:
            data: as in `extract`; a part of it is shown to the planning model.
            query: what to extract, in plain words.
            file_options: as in `extract`.

        Returns:
            The model; its attribute `usage` has the tokens of the planning requests.

        Raises:
            ExtractionError: as `extract`.
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
        """Change a model as the instructions say, by one planning request.

        Args:
            model: the model to start from, which is left as it is.
            refinement_instructions: what to change, in plain words.
            model_name: the name of the new model. Default: `Refined` and the name of `model`.

        Returns:
            The new model; its attribute `usage` has the tokens of the planning requests.

        Raises:
            ExtractionError: an argument is wrong, `model` has parts that a definition can't hold
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
        """Say what `extract` with these arguments would take; nothing is sent.

        Args:
            data: as in `extract`.
            query: as in `extract`.
            model: as in `extract`. Without one, that of the plan is guessed as well.
            file_options: as in `extract`.

        Returns:
            Rows, requests, tokens, cost and time, as far as they can be known before.

        Raises:
            ExtractionError: as `extract`, but for what a provider may answer.
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
        """Say how the provider is asked for a model, and which of its rules it does not enforce.

        Nothing is sent. Of several models that are asked in turn, the report is about the first,
        and its `fallbacks` are about the others.

        Args:
            model: the pydantic model of one item.

        Raises:
            ExtractionError: it is no model, the provider can't be asked for it, or the extractor is
                closed; `__cause__` is the reason, if there is another.
        """
        return tasks.explain(self._context("explain_schema"), model)

    @contextmanager
    def prepare_input(
        self, *, data: Data, file_options: Mapping[str, Any] | None = None
    ) -> Generator[PreparedInput, None, None]:
        """Read data once, for any number of calls: `with extractor.prepare_input(...) as data:`.

        Args:
            data: as in `extract`.
            file_options: as in `extract`.

        Yields:
            What the methods take as `data`, until the end of the block.

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
