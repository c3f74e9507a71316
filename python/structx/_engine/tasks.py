"""The operations of an Extractor: checks arguments, makes jobs of the core and converts results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Literal,
    NamedTuple,
    ParamSpec,
    TypeAlias,
    TypeVar,
)

from pydantic import BaseModel

from structx._engine import checks
from structx._engine.source import SOURCE, Source, given_of, number_of
from structx.exceptions import ExtractionError

if TYPE_CHECKING:
    from structx import _core, results, usage
    from structx._engine import (
        inputs,
        memory,
        response_models,
        run_context,
        sizes,
        sources,
        threads,
    )
    from structx._engine.run_context import RunContext
    from structx._engine.tables import write
    from structx.definitions import GeneratedModel
    from structx.estimates import Estimate
    from structx.explain import SchemaReport
    from structx.inputs import Data, PreparedInput
    from structx.results import ExtractionResult
    from structx.run_options import RunOptions
    from structx.streams import AsyncExtractionStream, ExtractionStream

P = ParamSpec("P")
R = TypeVar("R")

Task: TypeAlias = "tuple[_core.Job[Any], Callable[[Any], R]]"
"""A job, and the function that converts its raw result to that of the caller."""
Make: TypeAlias = "Callable[Concatenate[RunContext, P], Task[R]]"
"""Makes the task of an operation; raises an error if an argument is wrong."""


def load() -> None:
    """Imports the modules that operations need and `import structx` does not load.

    The constructor calls it, since the first operation may run while the interpreter exits, when
    nothing can be imported any more.
    """
    global inputs, memory, response_models, results, run_context, sizes, sources, threads, usage
    global write
    from structx import results, usage
    from structx._engine import (
        inputs,
        memory,
        response_models,
        run_context,
        sizes,
        sources,
        threads,
    )
    from structx._engine.tables import write


def begin(core: _core.Extractor, operation: str, options: RunOptions | None) -> RunContext:
    """Makes the context of an operation; raises TypeError for an unknown option."""
    return run_context.RunContext(core, operation, options)


class OutputOptions(NamedTuple):
    """How data is read, and the form of the result."""

    return_df: bool | Literal["long"]
    expand_nested: bool
    file_options: Mapping[str, Any] | None
    evidence: bool = False
    """Whether a table has the evidence of its values."""


def run(context: RunContext, make: Make[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs a task and waits for its result; raises ExtractionError."""
    with context:
        job, finish = _made(context, make, *args, **kwargs)
        return _finished(finish, job.wait())


async def run_async(context: RunContext, make: Make[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`run` on the running event loop; long work in Python is done in a thread.

    Options are keywords, as they are never large.
    """
    with context:
        if any(map(sizes.is_large, args)):
            made = partial(_made, context, make, *args, **kwargs)
            job, finish = await threads.in_thread(made)
        else:
            job, finish = _made(context, make, *args, **kwargs)
        raw = await job.start()
        output = kwargs.get("output")
        gives_table = isinstance(output, OutputOptions) and output.return_df
        if gives_table or sizes.rows_in(raw) > sizes.MANY_ROWS:
            return await threads.in_thread(partial(_finished, finish, raw))
        return finish(raw)


def _finished(finish: Callable[[Any], R], raw: Any) -> R:
    """The result of an operation; gives back the memory of a large one."""
    result = finish(raw)
    memory.give_back(sizes.rows_in(raw))
    return result


def stream(context: RunContext, *args: Any) -> ExtractionStream[Any]:
    """Makes a stream of rows; the arguments are those of `streaming`."""
    from structx.streams import ExtractionStream  # not needed by other tasks

    return ExtractionStream(context, partial(_made, context, streaming, *args))


def stream_async(context: RunContext, *args: Any) -> AsyncExtractionStream[Any]:
    """`stream` for asyncio."""
    from structx.streams import AsyncExtractionStream  # not needed by other tasks

    return AsyncExtractionStream(context, partial(_made_async, context, streaming, *args))


async def _made_async(
    context: RunContext,
    make: Callable[Concatenate[RunContext, P], R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    made = partial(_made, context, make, *args, **kwargs)
    return await threads.in_thread(made) if any(map(sizes.is_large, args)) else made()


def _made(
    context: RunContext,
    make: Callable[Concatenate[RunContext, P], R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    try:
        context.check()
        return make(context, *args, **kwargs)
    except ExtractionError:
        raise
    except Exception as error:
        raise ExtractionError(str(error)) from error


def extraction(
    context: RunContext,
    data: Data,
    query: str,
    model: object,
    output: OutputOptions,
) -> Task[ExtractionResult[Any, Any]]:
    """Extracts for one query."""
    query = checks.words("query", query)
    response_model = _response_model(model, context)
    output = output._replace(evidence=bool(context.evidence))
    # Documents are kept for marks and the review page, tables for a copy of them.
    context.keeps_sources = context.evidence is not False or output.return_df is True
    source = _source(context, data, output)
    job = context.core.extract(source.input, query, response_model, context)
    source.release()
    return job, partial(_result, context, source, output, query)


def extractions(
    context: RunContext, data: Data, queries: Sequence[str], output: OutputOptions
) -> Task[dict[str, ExtractionResult[Any, Any]]]:
    """Extracts for several queries on the same data."""
    if isinstance(queries, str) or not isinstance(queries, Sequence) or not queries:
        raise TypeError("queries must be a list of texts that say what to extract")
    checked = [checks.words(f"queries[{n}]", query) for n, query in enumerate(queries)]
    if len(set(checked)) < len(checked):
        raise ValueError("queries contains the same query twice, and results are keyed by query")
    output = output._replace(evidence=bool(context.evidence))
    source = _source(context, data, output)
    finish = partial(_results, context, source, output, checked)
    job = context.core.extract_queries(source.input, checked, context)
    source.release()
    return job, finish


def planning(
    context: RunContext, data: Data, query: str, file_options: Mapping[str, Any] | None
) -> Task[type[GeneratedModel]]:
    """Plans a model for a query."""
    query = checks.words("query", query)
    source = _read(context, data, file_options)
    return context.core.plan(source.input, query, context), _planned


def refinement(
    context: RunContext, model: type[BaseModel], instructions: str, model_name: str | None
) -> Task[type[GeneratedModel]]:
    """Changes a model as the instructions say."""
    from structx.definitions.from_model import (
        model_to_extraction_request,  # not needed by other tasks
    )

    instructions = checks.words("refinement_instructions", instructions)
    name = None if model_name is None else checks.words("model_name", model_name)
    definition = model_to_extraction_request(_model_class(model))
    job = context.core.refine(definition.model_dump_json(), instructions, name, context)
    return job, _planned


def preparation(
    context: RunContext, data: Data, file_options: Mapping[str, Any] | None
) -> Task[PreparedInput]:
    """Reads data once for several operations."""
    source = _read(context, data, file_options)
    return context.core.prepare(source.input), partial(inputs.PreparedInput, source=source)


def streaming(
    context: RunContext,
    data: Data,
    query: str,
    model: object,
    file_options: Mapping[str, Any] | None,
) -> tuple[_core.RowStream, Source]:
    """Extracts for one query, row by row."""
    query = checks.words("query", query)
    response_model = _response_model(model, context)
    source = _read(context, data, file_options)
    stream = context.core.stream(source.input, query, response_model, context)
    source.release()
    return stream, source


def _response_model(model: object, context: RunContext) -> response_models.ResponseModel | None:
    if model is None:
        return None
    return response_models.of_model(model).in_context(context.validation_context)


def _model_class(model: object) -> type[BaseModel]:
    if not isinstance(model, type(BaseModel)):
        kind = model.__name__ if isinstance(model, type) else f"a {type(model).__name__}"
        raise TypeError(
            "the model to refine must be a class derived from pydantic.BaseModel, since definitions"
            f" describe no other kind, not {kind}"
        )
    return model


def _read(context: RunContext, data: Data, file_options: Mapping[str, Any] | None) -> Source:
    """Converts the data of a call, and tells its name to the log."""
    source = sources.sources_of(data, file_options, context.loop)
    context.read(source.name)
    return source


def _source(context: RunContext, data: Data, output: OutputOptions) -> Source:
    if isinstance(output.return_df, str):
        _check_long(output)
    source = _read(context, data, output.file_options)
    if output.return_df and source.table is None:
        write.need_pandas()
    return source


def _check_long(output: OutputOptions) -> None:
    """Before any request: what a long table needs."""
    from structx._engine.tables.arrow import need_pyarrow  # not needed by other tasks

    if output.return_df != "long":
        raise ValueError(f'return_df must be True, False or "long", not {output.return_df!r}')
    if output.expand_nested:
        raise ValueError('expand_nested is of no use with return_df="long": objects are structs')
    need_pyarrow()


def _result(
    context: RunContext,
    source: Source,
    output: OutputOptions,
    query: str,
    raw: _core.RawExtraction,
) -> ExtractionResult[Any, Any]:
    result: ExtractionResult[Any, Any] = results.result_of(raw, source)
    context.count(result.rows)
    read = raw["sources"]
    # A table is large, and its rows have their texts.
    documents = [one if one and one.is_document else None for one in read]
    if any(documents):
        vars(result)[SOURCE] = (documents, source.input[1])
    if failure := raw["failure"]:
        raise ExtractionError(str(failure), {query: result}) from failure.__cause__
    if output.return_df:
        try:
            result.data = _table(result, source, read, output)
        except ExtractionError as error:
            raise ExtractionError(str(error), {query: result}) from error.__cause__
    return result


def _table(
    result: ExtractionResult[Any, Any],
    source: Source,
    read: list[_core.Prepared | None],
    output: OutputOptions,
) -> Any:
    from structx._engine import result_table  # not needed by other tasks
    from structx.inputs import RowsOfSources

    if output.return_df == "long":
        return result_table.long_table_of(result, source, output.evidence)
    prepared: Any = read[0] if read else None
    if source.are_several and source.table is None:
        prepared = RowsOfSources([(row, read[number_of(row)]) for row in result.rows])
    elif source.are_several:
        positions = [given_of(row) for row in result.rows]
        source = Source(source.input, write.rows_of(source.table, positions))
    return result_table.table_of(result, source, prepared, output.expand_nested, output.evidence)


def _results(
    context: RunContext,
    source: Source,
    output: OutputOptions,
    queries: list[str],
    tried: list[_core.RawExtraction | Exception],
) -> dict[str, ExtractionResult[Any, Any]]:
    done: dict[str, ExtractionResult[Any, Any]] = {}
    errors: dict[str, ExtractionError] = {}
    for query, raw in zip(queries, tried, strict=True):
        try:
            if isinstance(raw, Exception):
                raise raw
            done[query] = _result(context, source, output, query, raw)
        except ExtractionError as error:
            errors[query] = error
            done.update(error.results)
    if errors:
        query, error = next(iter(errors.items()))
        message = f"{len(errors)} of {len(queries)} queries failed; {query!r}: {error}"
        planning = [call for failed in errors.values() for call in failed.planning]
        raise ExtractionError(message, done, planning) from error
    return done


def estimation(
    context: RunContext,
    data: Data,
    query: str,
    model: object,
    file_options: Mapping[str, Any] | None,
) -> Task[Estimate]:
    """Estimates the requests, tokens and cost of an extraction."""
    from structx.estimates import estimate_of  # not needed by other tasks

    query = checks.words("query", query)
    response_model = _response_model(model, context)
    source = _read(context, data, file_options)
    return context.core.estimate(source.input, query, response_model), estimate_of


def explain(context: RunContext, model: object) -> SchemaReport:
    """Reports how each provider is sent the schema of a model; raises ExtractionError."""
    return _made(context, _explanation, model)


def made(context: RunContext, make: Callable[[], R]) -> R:
    """What `make` gives, after the options were checked; raises ExtractionError."""
    return _made(context, lambda _: make())


def _explanation(context: RunContext, model: object) -> SchemaReport:
    from structx.explain import report_of  # not needed by other tasks

    return report_of(*context.core.explain(response_models.of_model(model)))


def _planned(raw: _core.RawPlan) -> type[GeneratedModel]:
    model: type[GeneratedModel] = raw["model"]
    model.__structx_usage__ = usage.of_planning(raw["planning"])
    return model
