"""JSON Pointers (RFC 6901)."""

from __future__ import annotations


def escaped(name: str) -> str:
    """A name as a token of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def path(pointer: str) -> list[str]:
    """The names and indices of a pointer."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
