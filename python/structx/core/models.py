"""Results, and the portable definitions of `structx.schema` and `structx.portable`."""

from structx.portable import TypeCapabilities
from structx.results import ExtractionResult, RowResult
from structx.schema import ExtractionPlan, ExtractionRequest, ModelField

__all__ = [
    "ExtractionPlan",
    "ExtractionRequest",
    "ExtractionResult",
    "ModelField",
    "RowResult",
    "TypeCapabilities",
]
