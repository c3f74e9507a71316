"""Formats texts and figures for people."""


def cut(text: str, length: int) -> str:
    """The text, or its beginning with an ellipsis, in at most `length` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def dollars(cost: float) -> str:
    """Formats a cost, with more digits for small ones."""
    digits = 2 if cost >= 1 else 4 if cost >= 0.01 else 6
    return f"${cost:,.{digits}f}"
