"""The life of an extractor: opened from its settings in each process, closed, pickled, copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from typing_extensions import Self

from structx._engine import api_key, checks, settings, tasks
from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    import os

    from structx import _core
    from structx._engine.run_context import RunContext
    from structx.config import ConfigLike
    from structx.exchanges import HttpExchange
    from structx.limits import Limits
    from structx.prices import Prices
    from structx.run_options import RunOptions
    from structx.stats import ModelStats

_State: TypeAlias = (
    "tuple[dict[str, Any], api_key.PickledKey | None, dict[str, api_key.PickledKey], bool]"
)
"""The settings without the secrets, the key, the secret headers, and whether a pickle holds them"""


class BaseExtractor:
    """An Extractor without its operations."""

    _settings: dict[str, Any]
    _pickle_api_key: bool

    def __init__(
        self,
        *,
        model: str | Sequence[str] | None = None,
        api_key: str | None = None,
        api_base: str | None = None,
        base_url: str | None = None,
        api_version: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        headers: Mapping[str, str] | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        output_mode: Literal["strict", "schema", "tool", "json", "prompt"] | None = None,
        config: ConfigLike | None = None,
        planning_model: str | Sequence[str] | None = None,
        max_threads: int = 10,
        validator_threads: int = 4,
        batch_size: int = 100,
        max_retries: int = 3,
        min_wait: float = 1,
        max_wait: float = 10,
        fail_fast: bool = True,
        timeout: float = 600,
        connect_timeout: float = 10,
        first_byte_timeout: float | None = None,
        limits: Limits | None = None,
        cache: str | os.PathLike[str] | None = None,
        cache_size: int = 1 << 30,
        prices: Prices | None = None,
        pickle_api_key: bool = False,
        on_request: Callable[[HttpExchange], object] | None = None,
        options: Mapping[str, Any] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        **provider_options: Any,
    ) -> None:
        """Sends and loads nothing before the first extraction.

        Args:
            model: `provider/model`, such as `openai/gpt-4o`, or `local/qwen2.5-coder-0.5b` or
                `local/path/to.gguf` for a model in this process. Default: the environment
                variable STRUCTX_MODEL, else the best embedded model on this machine, whatever keys
                are set. In a list, the models after the first are fallbacks for a provider that
                fails permanently; each has `max_retries`, and `api_key` and `api_base` belong to
                the first.
            api_key: the key. Default: the provider's variable, such as OPENAI_API_KEY.
            api_base: the base URL, such as `https://host/v1`, or the whole endpoint, such as
                `https://host/v1/chat/completions`. Default: the provider's variable, such as
                OPENAI_BASE_URL, else its public address.
            base_url: another name of `api_base`.
            api_version: version of Azure's API. Default: AZURE_API_VERSION, else its v1 API.
            organization: the organization that OpenAI, or a server like it, bills. Default: for
                OpenAI the environment variable OPENAI_ORG_ID.
            project: its project. Default: for OpenAI the environment variable OPENAI_PROJECT_ID.
            headers: HTTP headers of every request, such as `{"X-Team": "a"}`; they replace those
                that structx sends, such as the one with the key. Like `api_key` and `api_base`,
                they belong to the first model's provider.
            ca_file: a file of certificates in PEM: the authorities that are trusted in place of the
                system's, or the server's own certificate if it signed itself (without CA:TRUE).
                Default: the environment variables REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, or
                SSL_CERT_FILE and SSL_CERT_DIR. Proxies are those of HTTPS_PROXY, HTTP_PROXY,
                ALL_PROXY (also `socks5://` and `socks5h://`) and NO_PROXY.
            output_mode: how the schema of replies reaches the model: `strict`, enforced by the
                provider; `schema`, sent but not enforced; `tool`, as the arguments of a tool;
                `json`, in the prompt, with the provider's JSON mode; `prompt`, in the prompt only.
                Default: the first of these that the provider supports for the model and the
                schema. All but `strict` add a warning to the result; replies are always validated.
            config: options of each step; an ExtractionConfig, a dict of its arguments, or the path
                of a YAML file. Default: `ExtractionConfig()`, which reads the environment.
            planning_model: plans extractions without a model of the caller. Default: `model`.
            max_threads: requests of one call in flight at the same time; at least 1.
            validator_threads: threads on which the validators of one call run at the same time; at
                least 1. They take turns at the GIL: waiting overlaps, computing does not.
            batch_size: at least 1; ignored, since there are no batches.
            max_retries: attempts for a row after the first, for each model; at least 0.
            min_wait: seconds before the first retry; at least 0.
            max_wait: most seconds before a retry, unless the provider asks for more; at least
                `min_wait`.
            fail_fast: whether a model gets no more requests of a call after three answers in a
                row, without a success between them, that its key or credit is refused or its name
                unknown; the other rows then fail with that error, without a request. See
                `RunOptions` for a single call.
            timeout: seconds for one request, from the connection to the end of the reply.
            connect_timeout: seconds of it until the connection is established.
            first_byte_timeout: seconds of it until the reply begins. Default: no separate limit,
                since many providers send nothing before the reply is complete.
            limits: rate limits of all calls of this extractor, and of others with the same
                object. Default: `Limits()`, not shared.
            cache: a file that stores replies; created if it does not exist. A request whose reply
                is in it is not sent again, by any extractor with this file. Default: none.
            cache_size: bytes of replies in the cache (least recently used go first); at least 1.
            prices: US dollars per million tokens, by `model`, such as `{"openai/gpt-4o": {"input":
                2.5, "output": 10, "cached": 1.25}}`; or `"genai-prices"`, for the prices in the
                installed release of this package, the lowest tier of each. `local/` models cost
                nothing; the cost of other models without a price is None.
            pickle_api_key: whether a pickle of the extractor may hold `api_key`. By default, it
                holds the name of an environment variable with the same value, and pickling
                without one is a ConfigurationError. A key from the provider's variable is never
                in a pickle: each process reads its own. Headers with a secret are like the key.
            on_request: is called with an HttpExchange after each request of a call, for debugging:
                request and response as they were sent, without the key. It runs on a thread of
                structx, one call at a time; if it raises, the exception is logged and it is called
                no more. Not for `local/` models, nor for replies from the cache or the journal.
            options: options of every request that structx passes on, such as `{"temperature": 0}`:
                sent unchanged to servers of OpenAI's chat format, translated for others. Nothing is
                sent by default. Options of a step in `config` take precedence over them, and they
                over those of a YAML file. For a `local/` model: `threads`, `context` and
                `max_tokens`.
            extra_body: members of the JSON body of every request, sent as they are to any provider.
            provider_options: `options` as keywords, such as `temperature=0`. A name that the
                provider is not known to take is an error; `options` takes any name.

        Raises:
            ConfigurationError: a setting is wrong or unknown, a key or a file is missing, a model
                does not support the `output_mode`, or the embedded model is not on this machine.
        """
        try:
            self._pickle_api_key = checks.boolean("pickle_api_key", pickle_api_key)
            self._settings = settings.checked(
                model=model,
                api_key=api_key,
                api_base=api_base,
                base_url=base_url,
                api_version=api_version,
                organization=organization,
                project=project,
                headers=headers,
                ca_file=ca_file,
                output_mode=output_mode,
                config=config,
                planning_model=planning_model,
                max_threads=max_threads,
                validator_threads=validator_threads,
                batch_size=batch_size,
                max_retries=max_retries,
                min_wait=min_wait,
                max_wait=max_wait,
                fail_fast=fail_fast,
                timeout=timeout,
                connect_timeout=connect_timeout,
                first_byte_timeout=first_byte_timeout,
                limits=limits,
                cache=cache,
                cache_size=cache_size,
                prices=prices,
                on_request=on_request,
                options=options,
                extra_body=extra_body,
                provider_options=provider_options,
            )
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        self._core = self._connect()

    def close(self) -> None:
        """Refuses further calls and closes the connections once all running calls have ended.

        Closing twice is no error. An extractor closes when it is garbage-collected.

        Examples:
            >>> closed = Extractor(model="openai/gpt-4o")
            >>> closed.close()
            >>> closed.extract(data="a text", query="extract the kind")
            Traceback (most recent call last):
            structx.exceptions.ExtractionError: the extractor is closed...
        """
        self._core.close()

    def stats(self) -> dict[str, ModelStats]:
        """Says what each model is doing now, and what it has done since the extractor was made.

        Returns:
            The state by the name of the model: those of extraction, then those of planning.

        Raises:
            ExtractionError: the extractor is closed.

        Examples:
            >>> stats = extractor.stats()["openai/gpt-4o"]
            >>> stats.in_flight, stats.waiting
            (0, 0)
        """
        from structx.stats import ModelStats  # not needed by operations

        return {raw["model"]: ModelStats(**raw) for raw in self._core.stats()}

    async def aclose(self) -> None:
        """`close` for asyncio; it does not wait either.

        Examples:
            >>> import asyncio
            >>> asyncio.run(Extractor(model="openai/gpt-4o").aclose())
        """
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
        known, with_key = self._settings, self._pickle_api_key
        key = api_key.pickled(known["api_key"], with_key=with_key)
        headers, secret = api_key.pickled_headers(known["headers"], with_key=with_key)
        return {**known, "api_key": None, "headers": headers}, key, secret, with_key

    def __setstate__(self, state: _State) -> None:
        known, key, secret, self._pickle_api_key = state
        headers = [
            (name, api_key.required(secret[name], f"header {name}") if name in secret else value)
            for name, value in known["headers"]
        ]
        self._settings = {**known, "api_key": api_key.restored(key), "headers": headers}
        self._core = self._connect()

    def __copy__(self) -> Self:
        return self._copied(self._settings)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._copied(deepcopy(self._settings, memo))

    def _copied(self, known: dict[str, Any]) -> Self:
        """Makes a copy in this process, which may keep the key."""
        copied = object.__new__(type(self))
        copied._settings, copied._pickle_api_key = known, self._pickle_api_key
        copied._core = copied._connect()
        return copied

    def _connect(self) -> _core.Extractor:
        from structx import _core  # not needed to import structx

        tasks.load()
        known = self._settings
        weights = settings.weights(*known["models"], *known["planning_models"])
        limits = known["limits"] and known["limits"].core
        on_request = settings.reporter(known["on_request"])
        made: dict[str, Any] = {**known, "limits": limits, "on_request": on_request}
        try:
            return _core.Extractor(**made, weights=weights)
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(str(error)) from error

    def _context(self, operation: str, options: RunOptions | None = None) -> RunContext:
        return tasks.begin(self._core, operation, options)
