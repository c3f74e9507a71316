"""Exceptions."""

from __future__ import annotations

import pickle

import pytest

from structx import exceptions


@pytest.mark.parametrize(
    "error",
    [
        exceptions.FileError("the message", "a.pdf"),
        exceptions.ProviderError("the message", "openai", 429, "rate_limit", "r-1"),
    ],
)
def test_exceptions_pickle_with_their_facts(error: exceptions.StructXError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (type(error), "the message")
    assert vars(copy) == vars(error)
