"""The API key of an extractor in a pickle: the name of its environment variable, not the key."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from structx.exceptions import ConfigurationError

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
    for variable, value in sorted(os.environ.items()):
        if value == key and _SECRET.search(variable):
            return PickledKey(variable, None)
    raise ConfigurationError(
        "an extractor does not pickle with an api_key that no environment variable holds: "
        "set the variable of the provider, or give pickle_api_key=True to have the key in the "
        "pickle"
    )


def restored(pickled: PickledKey | None) -> str | None:
    """The `api_key` argument; raises ConfigurationError if its variable is not set here."""
    if pickled is None or pickled.variable is None:
        return pickled and pickled.key
    key = os.environ.get(pickled.variable)
    if not key:
        raise ConfigurationError(
            f"{pickled.variable} is not set: the pickled extractor takes its api_key from it"
        )
    return key
