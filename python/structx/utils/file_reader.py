"""The file reader of `structx.file_reader`."""

from structx.file_reader import FileReader

__all__ = ["FileReader"]
