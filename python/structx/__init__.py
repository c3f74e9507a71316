"""structx: any document and a question in plain words into typed, validated data."""

from __future__ import annotations

from structx._core import __version__
from structx.exceptions import (
    ConfigurationError,
    ExtractionError,
    FileError,
    ModelGenerationError,
    ProviderError,
    StructXError,
    ValidationError,
)
from structx.extractor import Extractor
from structx.results import ExtractionResult, RowResult
from structx.usage import ExtractionStep, ExtractorUsage, StepUsage

__all__ = [
    "ConfigurationError",
    "ExtractionError",
    "ExtractionResult",
    "ExtractionStep",
    "Extractor",
    "ExtractorUsage",
    "FileError",
    "ModelGenerationError",
    "ProviderError",
    "RowResult",
    "StepUsage",
    "StructXError",
    "ValidationError",
    "__version__",
]
