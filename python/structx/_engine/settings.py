"""Checks the settings of an Extractor."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from structx._engine import checks, keywords
from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    from structx.config import ConfigLike
    from structx.exchanges import HttpExchange, Reporter
    from structx.limits import Limits
    from structx.prices import Prices


def checked(
    *,
    model: str | Sequence[str] | None,
    api_key: str | None,
    api_base: str | None,
    base_url: str | None,
    api_version: str | None,
    organization: str | None,
    project: str | None,
    headers: Mapping[str, str] | None,
    ca_file: str | os.PathLike[str] | None,
    output_mode: str | None,
    config: ConfigLike | None,
    planning_model: str | Sequence[str] | None,
    max_threads: int,
    validator_threads: int,
    batch_size: int,
    max_retries: int,
    min_wait: float,
    max_wait: float,
    fail_fast: bool,
    timeout: float,
    connect_timeout: float,
    first_byte_timeout: float | None,
    limits: Limits | None,
    cache: str | os.PathLike[str] | None,
    cache_size: int,
    prices: Prices | None,
    on_request: Callable[[HttpExchange], object] | None,
    options: Mapping[str, Any] | None,
    extra_body: Mapping[str, Any] | None,
    provider_options: Mapping[str, Any],
) -> dict[str, Any]:
    """Checks the settings and returns the arguments of `_core.Extractor`.

    `weights` is missing, and `limits` and `on_request` are as the caller gave them. Raises
    ConfigurationError or ValueError.
    """
    import json  # none of these is needed to import structx

    from structx import config as configs
    from structx.prices import table_of

    if model is None:
        model = os.environ.get("STRUCTX_MODEL") or _default_model()
    if planning_model is None:
        planning_model = model
    checks.integer("batch_size", batch_size, minimum=1)
    models, planning_models = _models("model", model), _models("planning_model", planning_model)
    api_base = _optional_text("api_base", api_base if base_url is None else base_url)
    names = {*checked.__annotations__, "pickle_api_key"} - {"provider_options", "return"}
    has_base = api_base is not None
    keywords.check(provider_options, sorted(names), models + planning_models, has_base=has_base)
    given = keywords.merged(options, provider_options, extra_body)
    planning, extraction = configs.options(config, given)
    return {
        "models": models,
        "planning_models": planning_models,
        "api_key": _optional_text("api_key", api_key),
        "api_base": api_base,
        "api_version": _optional_text("api_version", api_version),
        "organization": _optional_text("organization", organization),
        "project": _optional_text("project", project),
        "headers": _headers(headers),
        "ca_file": None if ca_file is None else checks.path("ca_file", ca_file),
        "output_mode": _optional_text("output_mode", output_mode),
        "timeout": _timeout("timeout", timeout),
        "connect_timeout": _timeout("connect_timeout", connect_timeout),
        "first_byte_timeout": None
        if first_byte_timeout is None
        else _timeout("first_byte_timeout", first_byte_timeout),
        "planning_options": json.dumps(planning),
        "extraction_options": json.dumps(extraction),
        "max_threads": checks.integer("max_threads", max_threads, minimum=1),
        "validator_threads": checks.integer("validator_threads", validator_threads, minimum=1),
        "max_retries": checks.integer("max_retries", max_retries, minimum=0),
        "min_wait": _seconds("min_wait", min_wait),
        "max_wait": _seconds("max_wait", max_wait),
        "fail_fast": checks.boolean("fail_fast", fail_fast),
        "limits": _limits(limits),
        "cache": None if cache is None else checks.path("cache", cache),
        "cache_size": checks.integer("cache_size", cache_size, minimum=1, below=2**63),
        "prices": table_of(prices, models + planning_models),
        "on_request": _hook(on_request),
    }


def reporter(on_request: Callable[[HttpExchange], object] | None) -> Reporter | None:
    """What the core calls for the caller's function; None if there is none."""
    if on_request is None:
        return None
    from structx.exchanges import Reporter  # not needed by most extractors

    return Reporter(on_request)


def weights(*names: str) -> dict[str, Path]:
    """Locates the weights of the embedded models among `names`; raises ConfigurationError."""
    if not (local := {name for name in names if name.startswith("local/")}):
        return {}
    from structx import local_models  # not needed for other models

    return {name: local_models.locate(name) for name in local}


def _default_model() -> str:
    from structx import local_models

    return f"local/{local_models.default_model()}"


def _models(name: str, value: str | Sequence[str]) -> list[str]:
    """The names of a model and its fallbacks."""
    given: list[object] = [value] if isinstance(value, str) else _listed(value)
    names = [one for one in given if isinstance(one, str) and one.strip()]
    if not names or len(names) < len(given):
        raise ConfigurationError(
            f"{name} must be a name such as 'openai/gpt-4o', or a list of them, not {value!r}"
        )
    if len(set(names)) < len(names):
        raise ConfigurationError(f"{name} names a model twice: {value!r}")
    return names


def _listed(value: object) -> list[object]:
    return list(cast("Sequence[object]", value)) if isinstance(value, (list, tuple)) else []


def _optional_text(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a text, not {type(value).__name__}")
    return value


def _headers(value: object) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        kind = type(value).__name__
        raise ConfigurationError(f"headers must be a dict of names and texts, not {kind}")
    headers: list[tuple[str, str]] = []
    for name, text in cast("Mapping[object, object]", value).items():
        if not isinstance(name, str) or not isinstance(text, str):
            # The value may be a secret.
            raise ConfigurationError(f"headers: the name and the value of {name!r} must be texts")
        headers.append((name, text))
    return headers


def _hook(value: object) -> Any:
    from inspect import iscoroutinefunction  # not needed to import structx

    if value is not None and (not callable(value) or iscoroutinefunction(value)):
        raise ConfigurationError(
            "on_request must be a function that takes an HttpExchange, and no coroutine function"
        )
    return value


def _limits(value: object) -> Limits | None:
    from structx.limits import Limits  # not needed by most extractors

    if value is not None and not isinstance(value, Limits):
        raise ConfigurationError(f"limits must be a structx.Limits, not {type(value).__name__}")
    return value


def _timeout(name: str, value: object) -> float:
    seconds = _seconds(name, value)
    if not seconds >= 0.001:
        raise ConfigurationError(f"{name} must be at least a millisecond, not {value!r}")
    return seconds


def _seconds(name: str, value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ConfigurationError(f"{name} must be a number of seconds, not {value!r}")
    try:
        return float(value)
    except OverflowError as error:
        raise ConfigurationError(f"{name} is too large: {value!r}") from error
