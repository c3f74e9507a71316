"""structx: extracts typed, validated data from any document with a query in plain words.

Names are imported on first use, so that `import structx` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from structx import _other_package

_other_package.warn()

if TYPE_CHECKING:
    from structx._core import __version__
    from structx.arrow import arrow_schema
    from structx.batch_function import BatchFunction
    from structx.config import ExtractionConfig, StepConfig
    from structx.definitions import (
        ContainerTypeCapability,
        ExtractionPlan,
        ExtractionRequest,
        ModelField,
        ScalarTypeCapability,
        TypeCapabilities,
        TypeModifierCapabilities,
        get_type_capabilities,
        model_from_extraction_request,
        model_to_extraction_request,
    )
    from structx.documents import (
        Document,
        DocumentLimits,
        measure,
        measure_async,
        read,
        read_async,
    )
    from structx.estimates import Estimate
    from structx.evidence import Evidence, RowEvidence, Span, Uncited
    from structx.exceptions import (
        BudgetError,
        ConfigurationError,
        ContentFilterError,
        CorruptFileError,
        DeadlineError,
        ExtractionError,
        FileError,
        JournalError,
        LimitExceededError,
        ModelGenerationError,
        NoTextLayerError,
        PasswordRequiredError,
        ProviderError,
        RefusalError,
        StructXError,
        UnsupportedFileError,
        ValidationError,
    )
    from structx.exchanges import HttpExchange
    from structx.explain import SchemaLoss, SchemaReport
    from structx.extractor import Extractor
    from structx.file_reader import FileReader
    from structx.file_sets import Files, files
    from structx.inputs import PreparedInput
    from structx.limits import Limits
    from structx.prices import Price
    from structx.progress import Progress
    from structx.results import AttemptError, ExtractionResult, RowResult
    from structx.run_options import RunOptions
    from structx.stats import ModelStats
    from structx.streams import AsyncExtractionStream, ExtractionStream
    from structx.usage import ExtractionStep, ExtractorUsage, StepUsage
else:
    _NAMES = {
        "_core": ["__version__"],
        "arrow": ["arrow_schema"],
        "batch_function": ["BatchFunction"],
        "config": ["ExtractionConfig", "StepConfig"],
        "documents": [
            "Document",
            "DocumentLimits",
            "measure",
            "measure_async",
            "read",
            "read_async",
        ],
        "estimates": ["Estimate"],
        "evidence": ["Evidence", "RowEvidence", "Span", "Uncited"],
        "exceptions": [
            "BudgetError",
            "ConfigurationError",
            "ContentFilterError",
            "CorruptFileError",
            "DeadlineError",
            "ExtractionError",
            "FileError",
            "JournalError",
            "LimitExceededError",
            "ModelGenerationError",
            "NoTextLayerError",
            "PasswordRequiredError",
            "ProviderError",
            "RefusalError",
            "StructXError",
            "UnsupportedFileError",
            "ValidationError",
        ],
        "exchanges": ["HttpExchange"],
        "explain": ["SchemaLoss", "SchemaReport"],
        "extractor": ["Extractor"],
        "file_reader": ["FileReader"],
        "file_sets": ["Files", "files"],
        "inputs": ["PreparedInput"],
        "limits": ["Limits"],
        "local_models": [],
        "definitions": [
            "ContainerTypeCapability",
            "ExtractionPlan",
            "ExtractionRequest",
            "ModelField",
            "ScalarTypeCapability",
            "TypeCapabilities",
            "TypeModifierCapabilities",
            "get_type_capabilities",
            "model_from_extraction_request",
            "model_to_extraction_request",
        ],
        "measurement": [],
        "prices": ["Price"],
        "progress": ["Progress"],
        "review": [],
        "results": ["AttemptError", "ExtractionResult", "RowResult"],
        "run_options": ["RunOptions"],
        "stats": ["ModelStats"],
        "streams": ["AsyncExtractionStream", "ExtractionStream"],
        "usage": ["ExtractionStep", "ExtractorUsage", "StepUsage"],
    }

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _NAMES:
            return import_module(f"{__name__}.{name}")
        for module, names in _NAMES.items():
            if name in names:
                value = getattr(import_module(f"{__name__}.{module}"), name)
                return globals().setdefault(name, value)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "AsyncExtractionStream",
    "AttemptError",
    "BatchFunction",
    "BudgetError",
    "ConfigurationError",
    "ContainerTypeCapability",
    "ContentFilterError",
    "CorruptFileError",
    "DeadlineError",
    "Document",
    "DocumentLimits",
    "Estimate",
    "Evidence",
    "ExtractionConfig",
    "ExtractionError",
    "ExtractionPlan",
    "ExtractionRequest",
    "ExtractionResult",
    "ExtractionStep",
    "ExtractionStream",
    "Extractor",
    "ExtractorUsage",
    "FileError",
    "FileReader",
    "Files",
    "HttpExchange",
    "JournalError",
    "LimitExceededError",
    "Limits",
    "ModelField",
    "ModelGenerationError",
    "ModelStats",
    "NoTextLayerError",
    "PasswordRequiredError",
    "PreparedInput",
    "Price",
    "Progress",
    "ProviderError",
    "RefusalError",
    "RowEvidence",
    "RowResult",
    "RunOptions",
    "ScalarTypeCapability",
    "SchemaLoss",
    "SchemaReport",
    "Span",
    "StepConfig",
    "StepUsage",
    "StructXError",
    "TypeCapabilities",
    "TypeModifierCapabilities",
    "Uncited",
    "UnsupportedFileError",
    "ValidationError",
    "__version__",
    "arrow_schema",
    "files",
    "get_type_capabilities",
    "measure",
    "measure_async",
    "model_from_extraction_request",
    "model_to_extraction_request",
    "read",
    "read_async",
]
