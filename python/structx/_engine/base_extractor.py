"""An extractor's settings, and what each process makes of them: opened, closed and pickled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from structx import _core
from structx._engine import settings as _settings
from structx._engine import tasks
from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    from structx._engine.run_context import RunContext, RunOptions


class BaseExtractor:
    """What there is of an Extractor beside its operations."""

    def __init__(self, **arguments: Any) -> None:
        """Raises ConfigurationError; the arguments are those of `_settings.checked`."""
        try:
            self._settings = _settings.checked(**arguments)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        self._core = self._connect()

    def close(self) -> None:
        """Close the connections and refuse further calls; calls under way end first.

        Closing again does nothing. An extractor that is collected closes itself.
        """
        self._core.close()

    async def aclose(self) -> None:
        """`close` for asyncio; it doesn't wait either."""
        self.close()

    def __enter__(self) -> Self:
        self._core.check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        models = self._settings["models"]
        return f"Extractor(model={models[0] if len(models) == 1 else models!r})"

    def __getstate__(self) -> Mapping[str, Any]:
        return self._settings

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._core = self._connect()

    def _connect(self) -> _core.Extractor:
        tasks.load()
        settings = self._settings
        weights = _settings.weights(*settings["models"], *settings["planning_models"])
        limits = settings["limits"] and settings["limits"].core
        try:
            return _core.Extractor(**{**settings, "limits": limits}, weights=weights)
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(str(error)) from error

    def _context(self, operation: str, options: RunOptions | None = None) -> RunContext:
        return tasks.begin(self._core, operation, options)
