"""The catalogue of types and the conversions of `structx.definitions`."""

from structx.definitions import (
    ContainerTypeCapability,
    ScalarTypeCapability,
    TypeCapabilities,
    TypeModifierCapabilities,
    get_type_capabilities,
    model_from_extraction_request,
    model_to_extraction_request,
)

__all__ = [
    "ContainerTypeCapability",
    "ScalarTypeCapability",
    "TypeCapabilities",
    "TypeModifierCapabilities",
    "get_type_capabilities",
    "model_from_extraction_request",
    "model_to_extraction_request",
]
