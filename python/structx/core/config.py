"""The configuration of `structx.config`."""

from structx.config import ExtractionConfig, StepConfig

__all__ = ["ExtractionConfig", "StepConfig"]
