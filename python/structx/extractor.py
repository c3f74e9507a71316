"""The public Extractor: checks arguments, calls the core, and wraps what it gives."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, TypeVar, overload

from pydantic import BaseModel

from structx import _core, models, targets
from structx.exceptions import ConfigurationError, ExtractionError
from structx.inputs import Data, Encoded, source_of
from structx.results import ExtractionResult, result_of

T = TypeVar("T", bound=BaseModel)


class Extractor:
    """Extracts typed data from documents, as a plain query or a model describes it.

    One extractor serves any number of calls, threads and event loops.
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        api_key: str | None = None,
        api_base: str | None = None,
        base_url: str | None = None,
        planning_model: str | None = None,
        max_threads: int = 10,
        max_retries: int = 3,
        min_wait: float = 1,
        max_wait: float = 10,
        timeout: float = 600,
        **provider_options: Any,
    ) -> None:
        """Nothing is sent or loaded before the first extraction.

        Args:
            model: `provider/model`, such as `openai/gpt-4o`, or `local/qwen2.5-coder-0.5b` or
                `local/path/to.gguf` for a model in this process. Default: the environment
                variable STRUCTX_MODEL, else the embedded model, whatever keys exist.
            api_key: default: the provider's usual variable, such as OPENAI_API_KEY.
            api_base: the base URL. Default: the provider's variable, such as OPENAI_BASE_URL, else
                its public address.
            base_url: another name of `api_base`.
            planning_model: plans extractions that have no model of the caller's. Default: `model`.
            max_threads: rows of one call that are asked at the same time; at least 1.
            max_retries: attempts for a row after the first, whatever failed; at least 0.
            min_wait: seconds before the first retry; at least 0.
            max_wait: seconds before any retry, unless the provider asks for more; at least
                `min_wait`.
            timeout: seconds for one request, from the connection to the end of the reply.
            provider_options: sent with every request as they are, such as `temperature=0`. Nothing
                is sent by default. For a `local/` model: `threads`, `context` and `max_tokens`.

        Raises:
            ConfigurationError: a setting is wrong, a key is missing, or the embedded model is not
                on this machine.
        """
        if model is None:
            model = os.environ.get("STRUCTX_MODEL") or f"local/{models.DEFAULT}"
        self._settings: dict[str, Any] = {
            "model": _text("model", model),
            "planning_model": _text("planning_model", planning_model or model),
            "api_key": api_key,
            "api_base": api_base if base_url is None else base_url,
            "timeout": _seconds("timeout", timeout),
            "options": _options(provider_options),
            "max_threads": _integer("max_threads", max_threads, minimum=1),
            "max_retries": _integer("max_retries", max_retries, minimum=0),
            "min_wait": _seconds("min_wait", min_wait),
            "max_wait": _seconds("max_wait", max_wait),
        }
        self._core = self._connect()

    @classmethod
    def from_litellm(cls, *, model: str, **settings: Any) -> Extractor:
        """The constructor under the name that programs for the library `structx` use."""
        return cls(model=model, **settings)

    @overload
    def extract(self, *, data: Data, query: str, model: type[T]) -> ExtractionResult[T]: ...
    @overload
    def extract(
        self, *, data: Data, query: str, model: None = None
    ) -> ExtractionResult[BaseModel]: ...
    def extract(
        self, *, data: Data, query: str, model: type[BaseModel] | None = None
    ) -> ExtractionResult[Any]:
        """Extract what `query` asks for.

        Waits without holding the GIL; works inside a running event loop too.

        Args:
            data: a text, a path, or a list of dicts. A string is a path if it names an existing
                file, has a supported extension, is absolute, or starts with `./`, `../` or `~/`;
                otherwise it is the text itself. A document or text is one row; a list of dicts, a
                CSV file or a JSON array of objects has one row for each record.
            query: what to extract, in plain words.
            model: the pydantic model of one item. Default: a model made for the query by one
                planning request.

        Raises:
            ExtractionError: an argument is wrong, the source can't be read, or planning failed;
                `__cause__` is the reason. A row that fails is no error: see `result.rows`.
        """
        return result_of(self._core.extract(*_arguments(data, query, model)))

    @overload
    async def extract_async(
        self, *, data: Data, query: str, model: type[T]
    ) -> ExtractionResult[T]: ...
    @overload
    async def extract_async(
        self, *, data: Data, query: str, model: None = None
    ) -> ExtractionResult[BaseModel]: ...
    async def extract_async(
        self, *, data: Data, query: str, model: type[BaseModel] | None = None
    ) -> ExtractionResult[Any]:
        """`extract` for asyncio; cancelling the task aborts its requests."""
        return result_of(await self._core.extract_async(*_arguments(data, query, model)))

    def __repr__(self) -> str:
        return f"Extractor(model={self._settings['model']!r})"

    def __getstate__(self) -> Mapping[str, Any]:
        return self._settings

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._core = self._connect()

    def _connect(self) -> _core.Extractor:
        names = {self._settings["model"], self._settings["planning_model"]}
        weights = {name: models.locate(name) for name in names if name.startswith("local/")}
        try:
            return _core.Extractor(**self._settings, weights=weights)
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(str(error)) from error


def _arguments(
    data: Data, query: str, model: type[BaseModel] | None
) -> tuple[Encoded, str, targets.Target | None]:
    try:
        if not isinstance(query, str) or not query.strip():
            raise ValueError("query must be a text that says what to extract")
        query.encode()  # lone surrogates have no form in UTF-8
        if model is not None and not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise TypeError(f"model must be a class derived from pydantic.BaseModel, not {model!r}")
        return source_of(data).input, query, targets.of_model(model) if model else None
    except Exception as error:
        raise ExtractionError(str(error)) from error


# Settings of the library `structx` that would be sent to the provider if they were let through.
_UNSUPPORTED = frozenset({"api_version", "batch_size", "client", "config", "model_name"})


def _options(options: dict[str, Any]) -> str:
    if unsupported := sorted(_UNSUPPORTED & options.keys()):
        raise ConfigurationError(f"not supported: {', '.join(unsupported)}")
    try:
        return json.dumps(options, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"the options of the provider are no JSON: {error}") from error


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{name} must be a name such as 'openai/gpt-4o', not {value!r}")
    return value


def _integer(name: str, value: object, *, minimum: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise ConfigurationError(f"{name} must be an integer of at least {minimum}, not {value!r}")
    return value


def _seconds(name: str, value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ConfigurationError(f"{name} must be a number of seconds, not {value!r}")
    try:
        return float(value)
    except OverflowError as error:
        raise ConfigurationError(f"{name} is too large: {value!r}") from error
