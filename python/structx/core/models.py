"""The results of `structx.results` and the portable definitions of `structx.definitions`."""

from structx.definitions import (
    ExtractionPlan,
    ExtractionRequest,
    ModelField,
    TypeCapabilities,
)
from structx.results import ExtractionResult, RowResult

__all__ = [
    "ExtractionPlan",
    "ExtractionRequest",
    "ExtractionResult",
    "ModelField",
    "RowResult",
    "TypeCapabilities",
]
