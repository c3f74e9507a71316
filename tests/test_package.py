"""The public names and import paths, the modules that an import loads, the files of the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.metadata import files
from pathlib import Path

import pytest

import structx
from provider import ROOT

LICENCES = "THIRD-PARTY-LICENSES.txt"

DOCUMENTED = {
    "structx.core.exceptions": [
        "ConfigurationError",
        "ExtractionError",
        "FileError",
        "ModelGenerationError",
        "StructXError",
        "ValidationError",
    ],
    "structx.core.config": ["ExtractionConfig", "StepConfig"],
    "structx.core.input": ["PdfRow", "PreparedInput"],
    "structx.core.models": [
        "ExtractionPlan",
        "ExtractionRequest",
        "ExtractionResult",
        "ModelField",
        "RowResult",
        "TypeCapabilities",
    ],
    "structx.extraction.generator": ["ModelGenerator"],
    "structx.measurement": ["DocumentMeasurement", "DocumentMeasurer", "PageMeasurement"],
    "structx.schema": [
        "ContainerTypeCapability",
        "ScalarTypeCapability",
        "TypeCapabilities",
        "TypeModifierCapabilities",
        "get_type_capabilities",
        "model_from_extraction_request",
        "model_to_extraction_request",
    ],
    "structx.utils.usage": ["ExtractionStep", "ExtractorUsage"],
    "structx.utils.file_reader": ["FileReader"],
}
ELSEWHERE = {
    "DocumentMeasurement",
    "DocumentMeasurer",
    "ESTIMATOR_REVISION",
    "ModelGenerator",
    "PageMeasurement",
    "PdfRow",
}
"""Names that are no names of `structx` itself."""


@pytest.mark.parametrize("path", DOCUMENTED)
def test_import_paths_lead_to_the_public_names(path: str) -> None:
    module = import_module(path)
    assert set(DOCUMENTED[path]) <= set(module.__all__)
    for name in set(module.__all__) - ELSEWHERE:
        assert getattr(module, name) is getattr(structx, name)


@pytest.mark.parametrize("name", structx.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(structx, name) is not None
    assert name in dir(structx)


def test_everything_documented_is_public() -> None:
    own = {
        "AsyncExtractionStream",
        "AttemptError",
        "BatchFunction",
        "BudgetError",
        "ContentFilterError",
        "CorruptFileError",
        "DeadlineError",
        "Document",
        "DocumentLimits",
        "Estimate",
        "Evidence",
        "ExtractionStream",
        "Files",
        "HttpExchange",
        "JournalError",
        "LimitExceededError",
        "Limits",
        "ModelStats",
        "NoTextLayerError",
        "PasswordRequiredError",
        "Price",
        "Progress",
        "ProviderError",
        "RefusalError",
        "RowEvidence",
        "RunOptions",
        "SchemaLoss",
        "SchemaReport",
        "Span",
        "StepUsage",
        "Uncited",
        "UnsupportedFileError",
        "__version__",
        "arrow_schema",
        "files",
        "measure",
        "measure_async",
        "read",
        "read_async",
    }
    documented = {"Extractor"}.union(*DOCUMENTED.values()) - ELSEWHERE
    assert documented == set(structx.__all__) - own


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


# Needed by an operation, and not before.
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


def test_the_package_contains_the_licences_of_its_crates() -> None:
    [file] = [file for file in files("structx-rs") or () if file.name == LICENCES]
    text = file.read_text("utf-8")
    assert text == (ROOT / LICENCES).read_text(encoding="utf-8")
    listed = re.findall(r"^(\S+) (\d\S+): (.+)$", text.partition("-" * 80)[0], re.MULTILINE)
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', lock, re.MULTILINE))
    assert {(name, version) for name, version, _ in listed} < locked
    assert {"serde", "tokio", "pyo3"} < {name for name, _, _ in listed}


def test_a_second_package_of_the_same_name_is_told(tmp_path: Path) -> None:
    def imported() -> str:
        code = "import structx; print(structx.__file__)"
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert str(tmp_path) in run.stdout
        return run.stderr

    package = Path(structx.__file__).parent
    shutil.copytree(package, tmp_path / "structx", ignore=shutil.ignore_patterns("_core*"))
    (tmp_path / "structx_rs-1.0.dist-info").mkdir()
    assert imported() == ""
    (tmp_path / "structx-0.6.1.dist-info").mkdir()
    assert "pip uninstall structx structx-rs" in imported()
