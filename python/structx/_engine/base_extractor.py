"""An extractor's settings, and what each process makes of them: opened, closed and pickled."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeAlias

from typing_extensions import Self

from structx import _core
from structx._engine import api_key, checks, settings, tasks
from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    from structx._engine.run_context import RunContext
    from structx.run_options import RunOptions

_State: TypeAlias = "tuple[dict[str, Any], api_key.PickledKey | None, bool]"
"""The settings without the key, the key, and whether a pickle may hold it"""


class BaseExtractor:
    """An Extractor without its operations."""

    _settings: dict[str, Any]
    _pickle_api_key: bool

    def __init__(self, *, pickle_api_key: bool, **arguments: Any) -> None:
        """Raises ConfigurationError.

        Args:
            pickle_api_key: a pickle may hold an `api_key` given as an argument.
            arguments: those of `settings.checked`.
        """
        try:
            self._pickle_api_key = checks.boolean("pickle_api_key", pickle_api_key)
            self._settings = settings.checked(**arguments)
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

    def __getstate__(self) -> _State:
        key = api_key.pickled(self._settings["api_key"], with_key=self._pickle_api_key)
        return {**self._settings, "api_key": None}, key, self._pickle_api_key

    def __setstate__(self, state: _State) -> None:
        known, key, self._pickle_api_key = state
        self._settings = {**known, "api_key": api_key.restored(key)}
        self._core = self._connect()

    def __copy__(self) -> Self:
        return self._copied(self._settings)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._copied(deepcopy(self._settings, memo))

    def _copied(self, known: dict[str, Any]) -> Self:
        """A copy in this process, which may keep the key."""
        copied = object.__new__(type(self))
        copied._settings, copied._pickle_api_key = known, self._pickle_api_key
        copied._core = copied._connect()
        return copied

    def _connect(self) -> _core.Extractor:
        tasks.load()
        known = self._settings
        weights = settings.weights(*known["models"], *known["planning_models"])
        limits = known["limits"] and known["limits"].core
        try:
            return _core.Extractor(**{**known, "limits": limits}, weights=weights)
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(str(error)) from error

    def _context(self, operation: str, options: RunOptions | None = None) -> RunContext:
        return tasks.begin(self._core, operation, options)
