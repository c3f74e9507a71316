"""The usage of `structx.usage`."""

from structx.usage import ExtractionStep, ExtractorUsage, StepUsage

__all__ = ["ExtractionStep", "ExtractorUsage", "StepUsage"]
