"""Keywords of an Extractor that are no arguments of it: options of the provider, or mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from structx.exceptions import ConfigurationError

_CLIENT = (
    "structx has its own HTTP clients: give model='provider/name' and, for your own server, "
    "api_base; see also headers, ca_file and timeout"
)
_RETRIES = "give max_retries=..."
_ADDRESS = "give api_base=..."
_HEADERS = "give headers={...}"
_KEY = "give api_key=..."

# Arguments of other clients, and of structx elsewhere; without an error they would be sent to the
# provider.
_ELSEWHERE = {
    **dict.fromkeys(("client", "http_client", "async_client", "session", "transport"), _CLIENT),
    "model_name": "give model='provider/name'",
    **dict.fromkeys(
        ("journal", "max_cost", "deadline", "progress"),
        "it belongs to a single call: give it to extract or another method",
    ),
    **dict.fromkeys(
        (
            "max_concurrency",
            "requests_per_minute",
            "tokens_per_minute",
            "rpm",
            "tpm",
            "rate_limiter",
        ),
        "give limits=Limits(...)",
    ),
    **dict.fromkeys(
        ("verify", "ssl_verify", "ssl_context", "verify_ssl", "ca_bundle", "ca_cert"),
        "certificates are always verified: give ca_file=... for an authority of yours",
    ),
    "cert": "certificates of clients are not supported",
    **dict.fromkeys(
        ("proxy", "proxies", "http_proxy", "https_proxy"),
        "set the environment variable HTTPS_PROXY, HTTP_PROXY or ALL_PROXY",
    ),
    **dict.fromkeys(("default_headers", "extra_headers", "http_headers"), _HEADERS),
    **dict.fromkeys(
        ("default_query", "extra_query"), "put it into api_base: https://host/v1?name=value"
    ),
    **dict.fromkeys(("request_timeout", "read_timeout", "timeout_seconds"), "give timeout=..."),
    **dict.fromkeys(
        ("retries", "retry", "num_retries", "max_retry", "max_attempts", "retry_attempts", "tries"),
        _RETRIES,
    ),
    "fallbacks": "give them after the model, in a list: model=['openai/a', 'openai/b']",
    **dict.fromkeys(
        ("workers", "max_workers", "num_workers", "concurrency", "parallelism", "n_jobs"),
        "give max_threads=...",
    ),
    **dict.fromkeys(("endpoint", "azure_endpoint", "api_url", "url", "openai_api_base"), _ADDRESS),
    **dict.fromkeys(
        ("azure_deployment", "deployment", "deployment_name", "engine", "deployment_id"),
        "give model='azure/<deployment>'",
    ),
    **dict.fromkeys(("openai_api_key", "anthropic_api_key", "google_api_key"), _KEY),
    **dict.fromkeys(
        ("auth_token", "azure_ad_token"), _HEADERS + ", or set the provider's variable"
    ),
    **dict.fromkeys(("org", "organisation", "organization_id"), "give organization=..."),
    "project_id": "give project=...",
    "custom_llm_provider": "give model='provider/name'",
    **dict.fromkeys(
        ("response_model", "output_type", "result_type"), "give model=... to extract and the like"
    ),
    **dict.fromkeys(("callbacks", "hooks", "event_hooks"), "give on_request=..."),
}

# The options of the embedded models (crates/structx-embedded/src/lib.rs).
_LOCAL = ("threads", "context", "max_tokens")

# How alike a misspelled name must be, by difflib's measure: `tempreature` is 0.91 like
# `temperature`. Chosen by hand, not measured.
_ALIKE = 0.75


def check(
    given: Mapping[str, Any], arguments: Iterable[str], models: list[str], *, has_base: bool
) -> None:
    """Checks the names of options that were given as keywords.

    Args:
        given: the keywords.
        arguments: the names of the Extractor's own arguments.
        models: one of their providers must be known to take each option.
        has_base: whether there is an `api_base`.

    Raises:
        ConfigurationError: a name belongs to another client, is misspelled, or is not known.
    """
    for name in given:
        if name in _ELSEWHERE:
            raise ConfigurationError(f"{name} is not supported: {_ELSEWHERE[name]}")
    if not given:
        return
    known = _known(models, has_base=has_base)
    for name in given:
        if name not in known:
            raise ConfigurationError(_unknown(name, [*arguments, *sorted(known)]))


def merged(
    options: Mapping[str, Any] | None,
    given: Mapping[str, Any],
    extra_body: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """All options in one; raises ConfigurationError for one that is given twice."""
    for argument, value in (("options", options), ("extra_body", extra_body)):
        if value is not None and not isinstance(value, Mapping):
            kind = type(value).__name__
            raise ConfigurationError(f"{argument} must be a dict of options, not {kind}")
    both = dict(options or {})
    if twice := both.keys() & given.keys():
        raise ConfigurationError(f"{min(twice)} is given twice, as a keyword and in options")
    both.update(given)
    if extra_body:
        both["extra_body"] = dict(extra_body)
    return both


def _known(models: list[str], *, has_base: bool) -> set[str]:
    from structx import _core  # not needed to import structx

    known: set[str] = set()
    for model in models:
        is_local = model.startswith("local/")
        known.update(_LOCAL if is_local else _core.known_options(model, has_base))
    return known


def _unknown(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), known, n=1, cutoff=_ALIKE)
    guess = f"did you mean {near[0]}?" if near else "nor is it a known option of the provider."
    return (
        f"there is no argument {name}: {guess} An option that is to be sent as it is goes into "
        f"options={{{name!r}: ...}}"
    )
