"""The prepared input of `structx`."""

from structx._engine.inputs import PreparedInput

__all__ = ["PreparedInput"]
