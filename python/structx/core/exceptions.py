"""The exceptions of `structx.exceptions`."""

from structx.exceptions import (
    ConfigurationError,
    ExtractionError,
    FileError,
    ModelGenerationError,
    ProviderError,
    StructXError,
    ValidationError,
)

__all__ = [
    "ConfigurationError",
    "ExtractionError",
    "FileError",
    "ModelGenerationError",
    "ProviderError",
    "StructXError",
    "ValidationError",
]
