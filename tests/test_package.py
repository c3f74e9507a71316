"""The public names, the paths they are imported from, and what an import loads."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import structx

DOCUMENTED = {
    "structx.core.exceptions": [
        "ConfigurationError",
        "ExtractionError",
        "FileError",
        "ModelGenerationError",
        "StructXError",
        "ValidationError",
    ],
    "structx.core.config": ["ExtractionConfig"],
    "structx.core.input": ["PreparedInput"],
    "structx.core.models": [
        "ExtractionPlan",
        "ExtractionRequest",
        "ExtractionResult",
        "ModelField",
        "RowResult",
        "TypeCapabilities",
    ],
    "structx.utils.usage": ["ExtractionStep", "ExtractorUsage"],
    "structx.utils.file_reader": ["FileReader"],
}


@pytest.mark.parametrize("path", DOCUMENTED)
def test_import_paths_lead_to_the_public_names(path: str) -> None:
    module = import_module(path)
    assert set(DOCUMENTED[path]) <= set(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is getattr(structx, name)


@pytest.mark.parametrize("name", structx.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(structx, name) is not None
    assert name in dir(structx)


def test_everything_documented_is_public() -> None:
    functions = {
        "get_type_capabilities",
        "model_from_extraction_request",
        "model_to_extraction_request",
    }
    own = {
        "AsyncExtractionStream",
        "AttemptError",
        "BudgetError",
        "ContentFilterError",
        "CorruptFileError",
        "DeadlineError",
        "Document",
        "DocumentLimits",
        "Estimate",
        "ExtractionStream",
        "JournalError",
        "LimitExceededError",
        "Limits",
        "NoTextLayerError",
        "PasswordRequiredError",
        "Price",
        "Progress",
        "ProviderError",
        "RefusalError",
        "RunOptions",
        "SchemaLoss",
        "SchemaReport",
        "StepUsage",
        "UnsupportedFileError",
        "__version__",
        "measure",
        "measure_async",
        "read",
        "read_async",
    }
    assert functions.union({"Extractor"}, *DOCUMENTED.values()) == set(structx.__all__) - own


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(structx, "extract")
    with pytest.raises(AttributeError, match="module 'structx' has no attribute 'extract'"):
        _ = structx.extract  # pyright: ignore
    with pytest.raises(ImportError, match="cannot import name 'extract' from 'structx'"):
        exec("from structx import extract")


HEAVY = {
    "asyncio",
    "dotenv",
    "email",
    "importlib.metadata",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "structx.config",
    "structx.definitions",
    "subprocess",
    "zipfile",
}


# What an operation needs, and nothing before it.
LATER = {
    "genai_prices",
    "logging",
    "structx._core",
    "structx._engine.inputs",
    "structx._engine.progress_bar",
    "structx._engine.response_models",
    "structx._engine.run_context",
    "structx._engine.tables",
    "structx.limits",
    "structx.prices",
    "structx.progress",
    "structx.results",
    "structx.usage",
    "tqdm",
}


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("import structx", HEAVY | {"pydantic", "structx._core", "structx.extractor"}),
        ("import structx; structx.local_models", HEAVY | {"pydantic", "structx._core"}),
        ("from structx import ExtractionError, StepUsage", HEAVY | {"pydantic", "structx._core"}),
        ("from structx import RowResult", HEAVY),
        ("from structx import Extractor", HEAVY | LATER),
    ],
)
def test_an_import_loads_no_more_than_it_needs(program: str, absent: set[str]) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert not absent & set(loaded.stdout.split())
