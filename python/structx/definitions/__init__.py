"""Portable definitions of models, and conversions between them and pydantic models."""

from structx.definitions.definition import (
    ContainerTypeCapability,
    ExtractionPlan,
    ExtractionRequest,
    ModelField,
    ScalarTypeCapability,
    TypeCapabilities,
    TypeModifierCapabilities,
    get_type_capabilities,
)
from structx.definitions.from_model import model_to_extraction_request
from structx.definitions.generated import GeneratedModel, model_from_extraction_request

__all__ = [
    "ContainerTypeCapability",
    "ExtractionPlan",
    "ExtractionRequest",
    "GeneratedModel",
    "ModelField",
    "ScalarTypeCapability",
    "TypeCapabilities",
    "TypeModifierCapabilities",
    "get_type_capabilities",
    "model_from_extraction_request",
    "model_to_extraction_request",
]
