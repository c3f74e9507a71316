"""HTTP exchanges with providers, as `on_request` sees them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structx import _core


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """A request and what came of it, as both were sent. Secrets are replaced by `***`.

    The bodies hold the document and the model's reply, which the representation leaves out.

    Examples:
        >>> seen = []
        >>> shown = Extractor(model="openai/gpt-4o", on_request=seen.append)
        >>> _ = shown.extract(data="a text", query="extract the kind", model=str)
        >>> seen[0].status, seen[0].request_headers["authorization"]
        (200, '***')
    """

    url: str
    request_headers: dict[str, str]
    """By names in lower case."""
    request_body: str = field(repr=False)
    """JSON."""
    status: int | None
    """The HTTP status; None if there was no response."""
    response_headers: dict[str, str] = field(repr=False)
    """By names in lower case; of several with one name the last. Empty without a response."""
    response_body: str = field(repr=False)
    """As the server sent it; empty without a response."""
    error: str | None
    """Why there is no usable reply; None if there is one. It may still fail validation."""
    seconds: float
    """From sending until the end of the response, or the failure."""


class Reporter:
    """Hands exchanges of the core to the user's function."""

    def __init__(self, hook: Callable[[HttpExchange], object]) -> None:
        self._hook: Callable[[HttpExchange], object] | None = hook

    def __call__(self, raw: _core.RawExchange) -> None:
        """Calls the function, unless it has failed before."""
        if self._hook is None:
            return
        try:
            self._hook(HttpExchange(**raw))
        except Exception:
            self._hook = None
            logging.getLogger("structx").exception("on_request raised; it is not called again")
