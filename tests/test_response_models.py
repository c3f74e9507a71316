"""The data that structx caches in a model does not change the model."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from pydantic import BaseModel, create_model

from provider import FakeProvider
from structx import Extractor
from structx._engine.response_models import of_model


def test_a_used_class_is_pickled_by_value_as_before_its_use(subject: Extractor) -> None:
    """Pickles a class by value, as notebooks and clusters do."""

    class Word(BaseModel):
        word: str

    subject.extract(data="a text", query="q", model=Word)
    kept = {name: value for name, value in vars(Word).items() if name.startswith("__structx")}
    assert list(kept) == ["__structx_response_model__"]
    assert pickle.loads(pickle.dumps(kept)) == {"__structx_response_model__": None}
    assert of_model(Word) is of_model(Word)
    Word.__structx_response_model__ = None  # type: ignore[attr-defined]
    assert of_model(Word).model is Word


def test_a_model_that_is_rebuilt_is_read_again(provider: FakeProvider, subject: Extractor) -> None:
    class Word(BaseModel):
        word: int

    provider.script({"content": json.dumps({"items": [{"word": 1}]})})
    assert subject.extract(data="a text", query="q", model=Word).failure_count == 0
    Word.model_fields["word"].annotation = str
    Word.model_rebuild(force=True)
    provider.script({"content": json.dumps({"items": [{"word": "one"}]})})
    assert subject.extract(data="a text", query="q", model=Word).rows[0].error is None


def test_a_planned_field_may_be_called_usage(provider: FakeProvider, subject: Extractor) -> None:
    field = {"name": "usage", "description": "d", "type": "int"}
    plan: dict[str, Any] = {
        "model_name": "Bill",
        "model_description": "d",
        "fields": [field],
        "instructions": "",
    }
    provider.script({"content": json.dumps(plan)})
    bill = subject.get_schema(data="a text", query="q")
    assert bill.usage.total_tokens == 15
    assert bill(usage=3).usage == 3
    for derived in (create_model("Derived", __base__=bill), type("Own", (bill,), {})):
        assert derived.model_fields["usage"].annotation is not None
        with pytest.raises(AttributeError):
            _ = derived.usage
