"""The configuration of `structx.config`."""

from structx.config import ExtractionConfig

__all__ = ["ExtractionConfig"]
