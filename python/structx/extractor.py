"""The public Extractor: its settings, and each operation in two forms."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Literal, overload

from pydantic import BaseModel
from typing_extensions import TypeVar

from structx import _core, _settings, tasks
from structx.exceptions import ConfigurationError
from structx.inputs import Data
from structx.results import ExtractionResult

if TYPE_CHECKING:
    from structx.config import ConfigLike
    from structx.explain import SchemaReport
    from structx.inputs import PreparedInput
    from structx.schema import GeneratedModel
    from structx.streams import AsyncExtractionStream, ExtractionStream

T = TypeVar("T", bound=BaseModel, default=BaseModel)


class Extractor:
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
        batch_size: int = 100,
        max_retries: int = 3,
        min_wait: float = 1,
        max_wait: float = 10,
        timeout: float = 600,
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
            batch_size: taken for the sake of programs that give it; at least 1. Rows are asked as
                soon as there is room, so that there are no batches.
            max_retries: attempts for a row after the first, whatever failed, with each model that
                is asked; at least 0.
            min_wait: seconds before the first retry; at least 0.
            max_wait: seconds before any retry, unless the provider asks for more; at least
                `min_wait`.
            timeout: seconds for one request, from the connection to the end of the reply.
            provider_options: sent with every request, such as `temperature=0`: to servers of
                OpenAI's chat as they are, to others in their own spelling. Nothing is sent by
                default. The steps of a `config` come before them, and they before those of a YAML
                file. For a `local/` model: `threads`, `context` and `max_tokens`.

        Raises:
            ConfigurationError: a setting is wrong, a key is missing, a model can't be asked in the
                `output_mode`, or the embedded model is not on this machine.
        """
        self._settings = _settings.checked(
            model=model,
            api_key=api_key,
            api_base=api_base,
            base_url=base_url,
            api_version=api_version,
            output_mode=output_mode,
            config=config,
            planning_model=planning_model,
            max_threads=max_threads,
            batch_size=batch_size,
            max_retries=max_retries,
            min_wait=min_wait,
            max_wait=max_wait,
            timeout=timeout,
            provider_options=provider_options,
        )
        self._core = self._connect()

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

        Returns:
            The items, and for each row of the source how it ended, in its order.

        Raises:
            ExtractionError: an argument is wrong, the source can't be read, planning failed, or the
                extractor is closed; `__cause__` is the reason, if there is another. A row that
                fails is no error: see `result.rows`.
        """
        form = tasks.Form(return_df, expand_nested, file_options)
        return tasks.run(self._core, tasks.extraction, data, query, model, form)

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
    ) -> ExtractionResult[Any, Any]:
        """`extract` for asyncio."""
        form = tasks.Form(return_df, expand_nested, file_options)
        return await tasks.run_async(self._core, tasks.extraction, data, query, model, form)

    def extract_stream(
        self,
        *,
        data: Data,
        query: str,
        model: type[T] | None = None,
        file_options: Mapping[str, Any] | None = None,
    ) -> ExtractionStream[T]:
        """Extract as `extract` does, and give each row as it ends: `for row in ...`.

        Rows come in the order in which they end; `row.position` is the place in the source. Only
        some wait to be taken, and those taken are not kept: a million rows need not fit in memory.

        Args:
            data: as in `extract`.
            query: as in `extract`.
            model: as in `extract`.
            file_options: as in `extract`.

        Returns:
            An iterator of RowResult, which has the model, the usage of planning and the warnings.
            Nothing is read before its first row is asked for; that raises what `extract` raises.
        """
        return tasks.stream(self._core, data, query, model, file_options)

    def extract_stream_async(
        self,
        *,
        data: Data,
        query: str,
        model: type[T] | None = None,
        file_options: Mapping[str, Any] | None = None,
    ) -> AsyncExtractionStream[T]:
        """`extract_stream` for asyncio: `async for row in ...`."""
        return tasks.stream_async(self._core, data, query, model, file_options)

    def extract_queries(
        self,
        *,
        data: Data,
        queries: Sequence[str],
        return_df: bool = True,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
    ) -> dict[str, ExtractionResult[BaseModel, Any]]:
        """Extract what each query asks for, from data that is read once.

        All queries are asked at the same time, `max_threads` requests together.

        Args:
            data: as in `extract`.
            queries: what to extract, in plain words; at least one, and no two the same.
            return_df: as in `extract`, but True by default.
            expand_nested: as in `extract`.
            file_options: as in `extract`.

        Returns:
            For each query, in their order, its own result with its own model and usage.

        Raises:
            ExtractionError: as `extract`; there are no queries, or two are the same. Where only
                some queries fail, `error.results` has the results of the others.
        """
        form = tasks.Form(return_df, expand_nested, file_options)
        return tasks.run(self._core, tasks.extractions, data, queries, form)

    async def extract_queries_async(
        self,
        *,
        data: Data,
        queries: Sequence[str],
        return_df: bool = True,
        expand_nested: bool = False,
        file_options: Mapping[str, Any] | None = None,
    ) -> dict[str, ExtractionResult[BaseModel, Any]]:
        """`extract_queries` for asyncio."""
        form = tasks.Form(return_df, expand_nested, file_options)
        return await tasks.run_async(self._core, tasks.extractions, data, queries, form)

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
        return tasks.run(self._core, tasks.planning, data, query, file_options)

    async def get_schema_async(
        self, *, data: Data, query: str, file_options: Mapping[str, Any] | None = None
    ) -> type[GeneratedModel]:
        """`get_schema` for asyncio."""
        return await tasks.run_async(self._core, tasks.planning, data, query, file_options)

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
        return tasks.run(self._core, tasks.refinement, model, refinement_instructions, model_name)

    async def refine_data_model_async(
        self,
        *,
        model: type[BaseModel],
        refinement_instructions: str,
        model_name: str | None = None,
    ) -> type[GeneratedModel]:
        """`refine_data_model` for asyncio."""
        return await tasks.run_async(
            self._core, tasks.refinement, model, refinement_instructions, model_name
        )

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
        return tasks.explain(self._core, model)

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
        with tasks.run(self._core, tasks.preparation, data, file_options) as prepared:
            yield prepared

    @asynccontextmanager
    async def prepare_input_async(
        self, *, data: Data, file_options: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[PreparedInput, None]:
        """`prepare_input` for asyncio: `async with`."""
        task = tasks.run_async(self._core, tasks.preparation, data, file_options)
        with await task as prepared:
            yield prepared

    def close(self) -> None:
        """Close the connections and refuse further calls; calls under way end first.

        Closing again does nothing. An extractor that is collected closes itself.
        """
        self._core.close()

    async def aclose(self) -> None:
        """`close` for asyncio; it doesn't wait either."""
        self.close()

    def __enter__(self) -> Extractor:
        self._core.check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Extractor:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        models = self._settings["models"]
        return f"Extractor(model={models[0] if len(models) == 1 else models!r})"

    def __getstate__(self) -> Mapping[str, Any]:
        return self._settings

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._core = self._connect()

    def _connect(self) -> _core.Extractor:
        names = self._settings["models"] + self._settings["planning_models"]
        weights = _settings.weights(*names)
        try:
            return _core.Extractor(**self._settings, weights=weights)
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(str(error)) from error
