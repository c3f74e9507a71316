"""The methods of an Extractor around an extraction: models, estimates, data that is read once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from structx._engine import tasks
from structx._engine.base_extractor import BaseExtractor
from structx._engine.help import async_form

if TYPE_CHECKING:
    from structx.definitions import GeneratedModel
    from structx.estimates import Estimate
    from structx.explain import SchemaReport
    from structx.inputs import Data, PreparedInput


class PreparingExtractor(BaseExtractor):
    """An Extractor without its extractions."""

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

        Examples:
            >>> Planned = extractor.get_schema(data=invoice, query="extract the seller")
            >>> Planned.usage.total_tokens
            15
            >>> result = extractor.extract(data=invoice, query="extract the seller", model=Planned)
        """
        context = self._context("get_schema")
        return tasks.run(context, tasks.planning, data, query, file_options)

    @async_form(get_schema)
    async def get_schema_async(
        self, *, data: Data, query: str, file_options: Mapping[str, Any] | None = None
    ) -> type[GeneratedModel]:
        """`get_schema` for asyncio.

        Examples:
            >>> import asyncio
            >>> call = extractor.get_schema_async(data=invoice, query="extract the seller")
            >>> list(asyncio.run(call).model_fields)
            ['seller']
        """
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
            model: the pydantic model to start from, which is not changed.
            refinement_instructions: what to change, in plain words.
            model_name: the name of the new model. Default: `Refined` and the name of `model`.

        Returns:
            The new model; its attribute `usage` has the tokens of the planning requests.

        Raises:
            ExtractionError: an argument is wrong, `model` has parts that a definition can't express
                (see `model_to_extraction_request`), or planning failed.

        Examples:
            >>> Refined = extractor.refine_data_model(
            ...     model=Invoice, refinement_instructions="add the currency"
            ... )
            >>> Refined.__name__
            'RefinedInvoice'
        """
        context = self._context("refine_data_model")
        return tasks.run(context, tasks.refinement, model, refinement_instructions, model_name)

    @async_form(refine_data_model)
    async def refine_data_model_async(
        self,
        *,
        model: type[BaseModel],
        refinement_instructions: str,
        model_name: str | None = None,
    ) -> type[GeneratedModel]:
        """`refine_data_model` for asyncio.

        Examples:
            >>> import asyncio
            >>> call = extractor.refine_data_model_async(
            ...     model=Invoice, refinement_instructions="add the currency", model_name="Bill"
            ... )
            >>> asyncio.run(call).__name__
            'Bill'
        """
        context = self._context("refine_data_model_async")
        return await tasks.run_async(
            context, tasks.refinement, model, refinement_instructions, model_name
        )

    def estimate(
        self,
        *,
        data: Data,
        query: str,
        model: object = None,
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

        Examples:
            >>> estimate = extractor.estimate(data=invoice, query=query, model=Invoice)
            >>> estimate.rows, estimate.requests
            (1, 1)
        """
        context = self._context("estimate")
        return tasks.run(context, tasks.estimation, data, query, model, file_options)

    @async_form(estimate)
    async def estimate_async(
        self,
        *,
        data: Data,
        query: str,
        model: object = None,
        file_options: Mapping[str, Any] | None = None,
    ) -> Estimate:
        """`estimate` for asyncio.

        Examples:
            >>> import asyncio
            >>> asyncio.run(extractor.estimate_async(data=invoice, query=query)).requests
            2
        """
        context = self._context("estimate_async")
        return await tasks.run_async(context, tasks.estimation, data, query, model, file_options)

    def explain_schema(self, model: object) -> SchemaReport:
        """Reports how the provider is sent a model's schema, and which rules it does not enforce.

        Sends nothing. The report is about the first language model, and its `fallbacks` are about
        the others.

        Args:
            model: as in `extract`.

        Raises:
            ExtractionError: it is no model, the provider does not support it, or the extractor is
                closed; `__cause__` is another exception that caused it, if any.

        Examples:
            >>> report = extractor.explain_schema(Invoice)
            >>> report.method, report.is_enforced
            ('strict', True)
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
            ExtractionError: the source can't be read. One of several is a failed row of the calls.

        Examples:
            >>> with extractor.prepare_input(data=invoice) as prepared:
            ...     first = extractor.extract(data=prepared, query="extract the seller")
            ...     second = extractor.extract(data=prepared, query="extract each line")
            >>> prepared.closed
            True
        """
        context = self._context("prepare_input")
        with tasks.run(context, tasks.preparation, data, file_options) as prepared:
            yield prepared

    @asynccontextmanager
    @async_form(prepare_input)
    async def prepare_input_async(
        self, *, data: Data, file_options: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[PreparedInput, None]:
        """`prepare_input` for asyncio: `async with`.

        Examples:
            >>> import asyncio
            >>> async def seller():
            ...     async with extractor.prepare_input_async(data=invoice) as prepared:
            ...         return await extractor.extract_async(data=prepared, query="the seller")
            >>> asyncio.run(seller()).success_count
            1
        """
        context = self._context("prepare_input_async")
        with await tasks.run_async(context, tasks.preparation, data, file_options) as prepared:
            yield prepared
