"""The prepared input of `structx.inputs`."""

from structx.inputs import PdfRow, PreparedInput

__all__ = ["PdfRow", "PreparedInput"]
