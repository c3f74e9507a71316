"""The public API as type checkers see it. Nothing here runs: `make lint` checks it."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field, RootModel, TypeAdapter
from typing_extensions import TypedDict, assert_type

import structx
from structx import (
    ContainerTypeCapability,
    Estimate,
    ExtractionConfig,
    ExtractionRequest,
    ExtractionResult,
    ExtractionStep,
    Extractor,
    ExtractorUsage,
    FileReader,
    Limits,
    PreparedInput,
    Price,
    Progress,
    RowResult,
    RunOptions,
    ScalarTypeCapability,
    StepConfig,
    StepUsage,
    TypeCapabilities,
    get_type_capabilities,
    model_from_extraction_request,
    model_to_extraction_request,
    review,
)
from structx.definitions import GeneratedModel
from structx.inputs import PdfRow
from structx.measurement import DocumentMeasurement, DocumentMeasurer, PageMeasurement


class Invoice(BaseModel):
    number: str


@dataclass
class Line:
    text: str


class Entry(TypedDict):
    text: str


class Pair(NamedTuple):
    text: str


class Colour(Enum):
    RED = "red"


def of_a_model(extractor: Extractor) -> None:
    result = extractor.extract(data="...", query="...", model=Invoice)
    assert_type(result, ExtractionResult[Invoice])
    assert_type(result.data, list[Invoice])
    assert_type(result.data[0].number, str)
    assert_type(result.model, type[Invoice])
    assert_type(result.rows, list[RowResult[Invoice]])
    assert_type(result.rows[0].items, list[Invoice])
    assert_type(result.rows[0].status, Literal["success", "empty", "failed"])
    assert_type(result.success_rate, float)
    assert_type(result.review("page.html", source=("a.pdf", b"...")), Path)
    corrections = review.read_corrections("corrections.jsonl")
    assert_type(review.apply(result, corrections), list[Invoice])
    table = extractor.extract(data="...", query="...", model=Invoice, return_df=True)
    assert_type(table, ExtractionResult[Invoice, Any])
    assert_type(table.rows, list[RowResult[Invoice]])
    long = extractor.extract(data="...", query="...", model=Invoice, return_df="long")
    assert_type(long, ExtractionResult[Invoice, Any])
    function = extractor.batch_function(query="...", model=Invoice)
    assert_type(function({"text": ["..."]}), dict[str, list[str]])


def of_a_model_or_none(extractor: Extractor, model: type[Invoice] | None, is_table: bool) -> None:
    result = extractor.extract(data="...", query="...", model=model)
    assert_type(result, ExtractionResult[Invoice])
    table = extractor.extract(data="...", query="...", return_df=is_table)
    assert_type(table, ExtractionResult[BaseModel, Any])


def of_other_kinds(extractor: Extractor) -> None:
    line = extractor.extract(data="...", query="...", model=Line)
    assert_type(line, ExtractionResult[Line])
    assert_type(line.data[0].text, str)
    entry = extractor.extract(data="...", query="...", model=Entry)
    assert_type(entry, ExtractionResult[Entry])
    assert_type(entry.rows[0].items, list[Entry])
    assert_type(extractor.extract(data="...", query="...", model=Pair), ExtractionResult[Pair])
    assert_type(extractor.extract(data="...", query="...", model=Colour), ExtractionResult[Colour])
    assert_type(extractor.extract(data="...", query="...", model=int), ExtractionResult[int])
    root = extractor.extract(data="...", query="...", model=RootModel[int])
    assert_type(root, ExtractionResult[RootModel[int]])
    adapter = extractor.extract(data="...", query="...", model=TypeAdapter(Line))
    assert_type(adapter, ExtractionResult[Line])
    mapping = extractor.extract(data="...", query="...", model=dict[str, int])
    assert_type(mapping, ExtractionResult[dict[str, int]])


def of_lists(extractor: Extractor, is_table: bool) -> None:
    lines = extractor.extract(data="...", query="...", model=list[Line])
    assert_type(lines, ExtractionResult[Line])
    lists = extractor.extract(data="...", query="...", model=list[list[int]])
    assert_type(lists, ExtractionResult[list[int]])
    adapter = extractor.extract(data="...", query="...", model=TypeAdapter(list[Line]))
    assert_type(adapter, ExtractionResult[Line])
    table = extractor.extract(data="...", query="...", model=list[Line], return_df=is_table)
    assert_type(table, ExtractionResult[Line, Any])


def of_json_schemas(extractor: Extractor) -> None:
    schema: dict[str, Any] = {"type": "object"}
    result = extractor.extract(data="...", query="...", model=schema)
    assert_type(result, ExtractionResult[dict[str, Any]])
    for path in ("x.json", Path("x.json")):
        file = extractor.extract(data="...", query="...", model=path, expand_nested=True)
        assert_type(file, ExtractionResult[dict[str, Any]])
    table = extractor.extract(data="...", query="...", model=schema, return_df=True)
    assert_type(table, ExtractionResult[dict[str, Any], Any])
    for row in extractor.extract_stream(data="...", query="...", model=schema):
        assert_type(row, RowResult[dict[str, Any]])


def of_what_checkers_have_no_type_for(extractor: Extractor) -> None:
    union = extractor.extract(data="...", query="...", model=Invoice | Line)
    assert_type(union, ExtractionResult[Any])
    literal = extractor.extract(data="...", query="...", model=Literal["a"])
    assert_type(literal, ExtractionResult[Any])
    positive = extractor.extract(data="...", query="...", model=Annotated[int, Field(gt=0)])
    assert_type(positive, ExtractionResult[Any])
    extractor.explain_schema(Invoice | Line)
    extractor.estimate(data="...", query="...", model=list[Line])


async def of_streams(extractor: Extractor) -> None:
    for row in extractor.extract_stream(data="...", query="..."):
        assert_type(row, RowResult[BaseModel])
    for line in extractor.extract_stream(data="...", query="...", model=list[Line]):
        assert_type(line.items[0].text, str)
    async for entry in extractor.extract_stream_async(data="...", query="...", model=Entry):
        assert_type(entry, RowResult[Entry])
    any_of = await extractor.extract_async(data="...", query="...", model=Invoice | Line)
    assert_type(any_of.rows, list[RowResult[Any]])


def of_a_query(extractor: Extractor) -> None:
    result = extractor.extract(data=[{"a": 1}], query="...")
    assert_type(result, ExtractionResult[BaseModel])
    assert_type(result.data, list[BaseModel])
    results = extractor.extract_queries(data=Path("x.csv"), queries=["..."])
    assert_type(results, dict[str, ExtractionResult[BaseModel, Any]])
    schema = extractor.get_schema(data="...", query="...")
    assert_type(schema, type[GeneratedModel])
    assert_type(schema.usage, ExtractorUsage)
    refined = extractor.refine_data_model(model=schema, refinement_instructions="...")
    assert_type(refined, type[GeneratedModel])


async def of_the_async_twins(extractor: Extractor) -> None:
    result = await extractor.extract_async(data="...", query="...", model=Invoice)
    assert_type(result, ExtractionResult[Invoice])
    assert_type(await extractor.extract_async(data="...", query="..."), ExtractionResult[BaseModel])
    first, second = await asyncio.gather(
        extractor.extract_async(data="...", query="...", model=Invoice),
        extractor.extract_async(data="...", query="...", model=Invoice, return_df=True),
    )
    assert_type(first.data, list[Invoice])
    assert_type(second, ExtractionResult[Invoice, Any])
    results = await extractor.extract_queries_async(data="...", queries=["..."])
    assert_type(results, dict[str, ExtractionResult[BaseModel, Any]])
    schema = await extractor.get_schema_async(data="...", query="...")
    assert_type(schema, type[GeneratedModel])
    refined = await extractor.refine_data_model_async(model=Invoice, refinement_instructions="...")
    assert_type(refined, type[GeneratedModel])
    async with extractor.prepare_input_async(data="...") as prepared:
        assert_type(prepared, PreparedInput)
        result = await extractor.extract_async(data=prepared, query="...", model=Invoice)
        assert_type(result.data, list[Invoice])


def of_prepared_input(extractor: Extractor) -> None:
    with extractor.prepare_input(data="...", file_options={"sep": ";"}) as prepared:
        assert_type(prepared, PreparedInput)
        result = extractor.extract(data=prepared, query="...", model=Invoice)
        assert_type(result.data, list[Invoice])
        assert_type(prepared.pdf_rows, dict[int, PdfRow])
        assert_type(prepared.row_payload(0, {"name": "Ann"}, ["name"]), str | PdfRow)
        assert_type(prepared.row_payload(0, prepared.dataframe.iloc[0], ["name"]), str | PdfRow)


def of_measurements() -> None:
    def read(image: object) -> str:
        return str(image)

    measurer = DocumentMeasurer(ocr_mode="auto", ocr_reader=read, ocr_workers=2, render_dpi=100)
    measurement = measurer.measure(Path("x.pdf"))
    assert_type(measurement, DocumentMeasurement)
    assert_type(measurement.pages, tuple[PageMeasurement, ...])
    assert_type(measurement.character_count, int)
    assert_type(measurement.pages[0].method, Literal["native", "ocr", "none"])
    assert_type(FileReader.get_file_type("x"), Literal["structured", "document", "unknown"])
    assert_type(FileReader.extract_text_sample("x.pdf", 80), str)


def of_usage(usage: ExtractorUsage) -> None:
    assert_type(usage.total_tokens, int)
    assert_type(usage.thinking_tokens, int | None)
    assert_type(usage.steps, dict[ExtractionStep, list[StepUsage]])
    assert_type(usage.get_step("extraction"), list[StepUsage])
    details = usage.get_step("extraction")[0].completion_tokens_details
    assert_type(details.reasoning_tokens, int | None)
    usage.merge(usage)
    usage.add_step_usage("extraction", StepUsage(1, 2, 3))
    assert_type(usage.model_dump_json(), str)
    assert_type(usage.cost, float | None)


def of_runs(extractor: Extractor) -> None:
    bounds: RunOptions = {
        "max_cost": 1,
        "deadline": 60.0,
        "journal": "run.db",
        "fail_fast": False,
        "validation_context": object(),
    }
    bounded = extractor.extract(data="...", query="...", model=Invoice, **bounds)
    assert_type(bounded, ExtractionResult[Invoice])
    assert_type(bounded.journaled_count, int)

    def show(progress: Progress) -> None:
        assert_type(progress.fraction, float)

    extractor.extract_queries(data="...", queries=["..."], max_tokens=1_000, progress=show)
    for row in extractor.extract_stream(data="...", query="...", journal=Path("x"), progress=None):
        assert_type(row.from_journal, bool)
    estimate = extractor.estimate(data="...", query="...", model=Invoice)
    assert_type(estimate, Estimate)
    assert_type(estimate.total_tokens, int)
    price: Price = {"input": 2.5, "output": 10}
    limits = Limits(max_concurrency=4)
    Extractor(limits=limits, prices={"openai/x": price, "openai/y": {"input": 1, "output": 2}})
    Extractor(prices="genai-prices", cache="replies.db", cache_size=1 << 20, first_byte_timeout=30)


def of_portable_schemas() -> None:
    definition = model_to_extraction_request(Invoice)
    assert_type(definition, ExtractionRequest)
    assert_type(get_type_capabilities(), TypeCapabilities)
    assert_type(get_type_capabilities().scalars, list[ScalarTypeCapability])
    assert_type(get_type_capabilities().containers, list[ContainerTypeCapability])
    assert_type(get_type_capabilities().modifiers.nullable, bool)
    made: type[BaseModel] = model_from_extraction_request(definition)
    Extractor().extract(data="...", query="...", model=made)


def of_settings() -> None:
    config = ExtractionConfig.from_yaml("x.yaml", planning={"temperature": 0})
    assert_type(config, ExtractionConfig)
    assert_type(config.extraction, StepConfig)
    assert_type(config.extraction.options(), dict[str, Any])
    assert_type(config.for_step("planning"), dict[str, Any])
    ExtractionConfig(planning=StepConfig(seed=7), _secrets_dir=Path("secrets"))
    assert_type(Extractor.from_litellm(model="openai/x", config=config, seed=7), Extractor)
    Extractor(config={"extraction": {"temperature": 0}}, api_base="...")
    Extractor(config=Path("x.yaml"))
    assert_type(structx.__version__, str)


def of_what_is_wrong(extractor: Extractor) -> None:
    ExtractionConfig(planing={})  # type: ignore[arg-type]
    ExtractionConfig({})  # type: ignore[call-arg]
    extractor.extract("...", "...")  # type: ignore[call-overload]
    extractor.extract(query="...", model=Invoice)  # type: ignore[call-overload]
    extractor.refine_data_model(model=Line, refinement_instructions="...")  # type: ignore[arg-type]
    extractor.extract(data="...", query="...", max_costs=1)  # type: ignore[call-overload]
    extractor.extract_stream(data="...", query="...", deadline="1")  # type: ignore[call-overload]
    Limits(4)  # type: ignore[call-arg]
    DocumentMeasurer(ocr_mode="sometimes")  # type: ignore[arg-type]
    ExtractorUsage().add_step_usage("extraction", {})  # type: ignore[arg-type]
    assert structx.extract  # type: ignore[attr-defined]
