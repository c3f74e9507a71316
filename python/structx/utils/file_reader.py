"""The file reader of `structx`."""

from structx._engine.inputs import FileReader

__all__ = ["FileReader"]
