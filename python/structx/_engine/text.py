"""Shortens texts for people."""


def cut(text: str, length: int) -> str:
    """The text, or its beginning with an ellipsis, in at most `length` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
