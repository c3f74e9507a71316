"""The results of `structx.results` and the portable definitions of `structx.definitions`."""

from structx.definitions.from_model import TypeCapabilities
from structx.definitions.generated import ExtractionPlan, ExtractionRequest, ModelField
from structx.results import ExtractionResult, RowResult

__all__ = [
    "ExtractionPlan",
    "ExtractionRequest",
    "ExtractionResult",
    "ModelField",
    "RowResult",
    "TypeCapabilities",
]
