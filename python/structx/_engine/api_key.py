"""The secrets of an extractor in a pickle: the names of their environment variables."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from structx.exceptions import ConfigurationError

# Names of headers that carry a secret.
_SECRET_HEADER = re.compile("auth|key|token|cookie|secret|passw|credential", re.IGNORECASE)

# A short key may equal the value of any variable: only variables named like secrets count.
_SECRET = re.compile("key|token|secret", re.IGNORECASE)


class PickledKey(NamedTuple):
    """An `api_key` argument in a pickle."""

    variable: str | None
    """The environment variable that holds the key; None if the pickle holds the key."""
    key: str | None


def pickled(key: str | None, *, with_key: bool) -> PickledKey | None:
    """The form of an `api_key` argument in a pickle; None if there was no argument.

    Without the argument, the core reads the provider's variable in each process, and there is
    nothing to pickle.

    Args:
        key: the argument.
        with_key: the caller allows the pickle to hold the key.

    Raises:
        ConfigurationError: no environment variable holds the key, and `with_key` is False.
    """
    if key is None:
        return None
    if with_key:
        return PickledKey(None, key)
    if variable := _variable(key):
        return PickledKey(variable, None)
    raise ConfigurationError(
        "an extractor does not pickle with an api_key that no environment variable holds: "
        "set the variable of the provider, or give pickle_api_key=True to have the key in the "
        "pickle"
    )


def pickled_headers(
    headers: list[tuple[str, str]], *, with_key: bool
) -> tuple[list[tuple[str, str]], dict[str, PickledKey]]:
    """The headers in a pickle, empty where they carry a secret, and these secrets by name.

    Raises:
        ConfigurationError: as `pickled` does.
    """
    secret: dict[str, PickledKey] = {}
    for name, value in headers:
        if value and _SECRET_HEADER.search(name):
            variable = None if with_key else _variable(value)
            if variable is None and not with_key:
                raise ConfigurationError(
                    f"an extractor does not pickle with the header {name}, which may be a secret "
                    "that no environment variable holds: give pickle_api_key=True to have it in "
                    "the pickle"
                )
            secret[name] = PickledKey(variable, None if variable else value)
    return [(name, "" if name in secret else value) for name, value in headers], secret


def _variable(secret: str) -> str | None:
    """The environment variable that holds a secret."""
    for variable, value in sorted(os.environ.items()):
        if value == secret and _SECRET.search(variable):
            return variable
    return None


def restored(pickled: PickledKey | None) -> str | None:
    """The `api_key` argument; raises ConfigurationError if its variable is not set here."""
    return None if pickled is None else required(pickled, "api_key")


def required(pickled: PickledKey, argument: str) -> str:
    """The value of a secret; raises ConfigurationError if its variable is not set here."""
    if pickled.variable is None:
        return pickled.key or ""
    key = os.environ.get(pickled.variable)
    if not key:
        raise ConfigurationError(
            f"{pickled.variable} is not set: the pickled extractor takes its {argument} from it"
        )
    return key
