"""Rate limits that extractors may share."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from structx import _core
from structx._engine import checks
from structx.exceptions import ConfigurationError


class Limits:
    """Rate limits for the requests of one extractor or of several.

    All calls of the extractors that share an object share its limits. Two objects with the same
    settings are equal but count separately, and so do copies and unpickled objects, unless they
    name the same file.

    Examples:
        >>> limits = structx.Limits(max_concurrency=20, requests_per_minute=600)
        >>> one = Extractor(model="openai/gpt-4o", limits=limits)
        >>> two = Extractor(model="openai/gpt-4o-mini", limits=limits)  # both together keep them

        In each of several processes of one machine, 600 requests a minute together:

        >>> limits = structx.Limits(requests_per_minute=600, file="limits.shared")
    """

    __slots__ = ("_core", "_settings")

    def __init__(
        self,
        *,
        max_concurrency: int | None = None,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        file: str | os.PathLike[str] | None = None,
    ) -> None:
        """With None, only the limits that providers report in their replies apply.

        Args:
            max_concurrency: requests in flight at the same time; at least 1.
            requests_per_minute: requests per minute; more than 0.
            tokens_per_minute: tokens of prompts and replies per minute; more than 0.
            file: a small file, made if there is none, through which all processes of this machine
                that name it share `requests_per_minute` and `tokens_per_minute`. It must be on a
                local disk. `max_concurrency`, and limits that providers report, count in each
                process.

        Raises:
            ConfigurationError: a limit is wrong, or the file can't be used.
        """
        try:
            if max_concurrency is not None:
                checks.integer("max_concurrency", max_concurrency, minimum=1)
            self._settings = (
                max_concurrency,
                _rate("requests_per_minute", requests_per_minute),
                _rate("tokens_per_minute", tokens_per_minute),
                # Absolute, since a process that unpickles it may be in another folder.
                None if file is None else str(checks.path("file", file).absolute()),
            )
            if file is not None and self._settings[1:3] == (None, None):
                raise ValueError(
                    "file shares requests_per_minute and tokens_per_minute: give at least one"
                )
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        try:
            self._core = _core.Limits(*self._settings)
        except OSError as error:
            raise ConfigurationError(f"file: {self.file} can't be used: {error}") from error

    @property
    def max_concurrency(self) -> int | None:
        """Requests in flight at the same time."""
        return self._settings[0]

    @property
    def requests_per_minute(self) -> float | None:
        """Requests started within any minute."""
        return self._settings[1]

    @property
    def tokens_per_minute(self) -> float | None:
        """Tokens of prompts and replies within any minute."""
        return self._settings[2]

    def share(self, parts: int) -> Limits:
        """The limits of one of several workers that together keep these: `limits.share(8)`.

        Rates are divided, for workers on several machines; those of one machine share exactly
        through `file`, which is left out here. `max_concurrency` is rounded down, but at least 1:
        with more workers than that, there are as many requests in flight as workers.

        Args:
            parts: the number of workers; at least 1.

        Raises:
            ConfigurationError: the number is wrong.

        Examples:
            >>> structx.Limits(max_concurrency=20, requests_per_minute=600).share(4)
            Limits(max_concurrency=5, requests_per_minute=150.0)
        """
        try:
            checks.integer("parts", parts, minimum=1)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        most, requests, tokens, _ = self._settings
        return Limits(
            max_concurrency=None if most is None else max(1, most // parts),
            requests_per_minute=None if requests is None else requests / parts,
            tokens_per_minute=None if tokens is None else tokens / parts,
        )

    @property
    def file(self) -> str | None:
        """The absolute path of the file through which processes share the rates."""
        return self._settings[3]

    @property
    def core(self) -> _core.Limits:
        """The limits of the core."""
        return self._core

    def _named(self) -> dict[str, Any]:
        names = ("max_concurrency", "requests_per_minute", "tokens_per_minute", "file")
        given = zip(names, self._settings, strict=True)
        return {name: value for name, value in given if value is not None}

    def __eq__(self, other: object) -> bool:
        return self._settings == other._settings if isinstance(other, Limits) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._settings)

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{name}={value!r}' for name, value in self._named().items())})"

    def __reduce__(self) -> tuple[partial[Limits], tuple[()]]:
        return partial(Limits, **self._named()), ()


def _rate(name: str, value: float | None) -> float | None:
    return None if value is None else checks.number(name, value, positive=True)
