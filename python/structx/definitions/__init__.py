"""Portable definitions of models, and conversions between them and pydantic models."""

from structx.definitions.from_model import (
    TypeCapabilities,
    get_type_capabilities,
    model_from_extraction_request,
    model_to_extraction_request,
)
from structx.definitions.generated import (
    ExtractionPlan,
    ExtractionRequest,
    GeneratedModel,
    ModelField,
)

__all__ = [
    "ExtractionPlan",
    "ExtractionRequest",
    "GeneratedModel",
    "ModelField",
    "TypeCapabilities",
    "get_type_capabilities",
    "model_from_extraction_request",
    "model_to_extraction_request",
]
