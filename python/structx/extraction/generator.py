"""Models of definitions, under their name in the library `structx`."""

from collections.abc import Mapping
from typing import Any

from structx.definitions import ExtractionRequest, GeneratedModel, model_from_extraction_request

__all__ = ["ModelGenerator"]


class ModelGenerator:
    """Makes pydantic models of definitions."""

    @staticmethod
    def from_extraction_request(
        request: ExtractionRequest | Mapping[str, Any],
    ) -> type[GeneratedModel]:
        """See `structx.model_from_extraction_request`."""
        return model_from_extraction_request(request)
