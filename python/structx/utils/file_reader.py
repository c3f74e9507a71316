"""The file reader of `structx.inputs`."""

from structx.inputs import FileReader

__all__ = ["FileReader"]
