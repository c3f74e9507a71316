"""The prepared input of `structx.inputs`."""

from structx.inputs import PreparedInput

__all__ = ["PreparedInput"]
