"""The models of responses: what a caller gives as `model`, as the core uses it, prepared once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from structx import _core
from structx._engine import item_types, items

if TYPE_CHECKING:
    from structx._engine.item_types import ItemType


class ResponseModel:
    """A model with its schema and validator. See Source for why it is not a dataclass."""

    def __init__(
        self,
        model: Any,
        schema: _core.ModelSchema,
        validate: Callable[..., list[Any]] | _core.ItemSchema,
    ) -> None:
        self.model = model
        """The type of the items; a dict for a JSON Schema."""
        self.schema = schema
        self.validate = validate
        """From a reply `{"items": [...]}` as JSON to its items; raises pydantic.ValidationError.
        Against a JSON Schema, the core validates itself."""
        self.instructions = ""
        """The plan's instructions for extracting items; empty for the caller's own model."""
        self.built: object = _built(model)

    def in_context(self, context: object) -> ResponseModel:
        """The same model, whose validators get this context."""
        if context is None or isinstance(self.validate, _core.ItemSchema):
            return self
        return ResponseModel(self.model, self.schema, partial(self.validate, context=context))

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        # Libraries that pickle classes by value would include it; another process makes its own.
        return type(None), ()


_KEPT = "__structx_response_model__"
_MOST_KEPT = 128
"""Models other than pydantic's that are kept; chosen by hand, not measured."""


def of_model(model: object) -> ResponseModel:
    """Prepares a model, once: pydantic models keep the result, of others the last ones used do.

    Raises TypeError for what is no model, and ValueError for a JSON Schema that can't be used.
    """
    if isinstance(model, item_types.ModelClass):
        return _of_class(model)
    if isinstance(model, Mapping):
        return _of_json_schema(_text_of(cast("Mapping[str, Any]", model)), "Item")
    if isinstance(model, (str, os.PathLike)):
        path = _path_of(cast("str | os.PathLike[str]", model))
        return _of_json_schema(path.read_text(encoding="utf-8-sig"), path.stem)
    item = item_types.item_of(model)
    if isinstance(item, item_types.ModelClass):
        return _of_class(item)
    return _of_type(_Key(item, is_item=item is not model))


def of_plan(plan: str) -> ResponseModel:
    """Prepares the model of a plan, given as JSON. The core calls it."""
    from structx.definitions import generated  # not needed for the caller's own models

    content = json.loads(plan)
    response_model = _of_item(item_types.of_class(generated.create_model(content["schema"])))
    response_model.instructions = content["instructions"]
    return _keep(response_model)


def _of_class(model: type[BaseModel]) -> ResponseModel:
    kept: ResponseModel | None = vars(model).get(_KEPT)
    if kept is not None and kept.built is _built(model):
        return kept
    return _keep(_of_item(item_types.of_class(model)))


def _keep(response_model: ResponseModel) -> ResponseModel:
    setattr(response_model.model, _KEPT, response_model)
    return response_model


def _built(model: object) -> object:
    """pydantic's validator of a class, which is another one once the class is rebuilt."""
    return getattr(model, "__pydantic_validator__", None)


class _Key:
    """A type as the key of a cache. Unions are equal in any order, but read in theirs."""

    def __init__(self, model: object, *, is_item: bool) -> None:
        self.model = model
        self.is_item = is_item
        """Whether it is X of a `list[X]`: if X is a list too, then so is each item."""
        self._words = repr(model)
        self._built = _built(model)

    def __hash__(self) -> int:
        return hash(self._words)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Key)
            and (self._words, self.is_item) == (other._words, other.is_item)
            and self._built is other._built
            and (self.model is other.model or self.model == other.model)
        )


@lru_cache(maxsize=_MOST_KEPT)
def _of_type(key: _Key) -> ResponseModel:
    return _of_item(item_types.of_type(key.model, key.is_item))


def _of_item(item: ItemType) -> ResponseModel:
    schema = _core.ModelSchema(items.name_of(item.model), item.schema)
    return ResponseModel(item.model, schema, item.validate)


@lru_cache(maxsize=_MOST_KEPT)
def _of_json_schema(text: str, name: str) -> ResponseModel:
    schema = _core.ItemSchema(text, name)
    return ResponseModel(json.loads(schema.item), schema.model, schema)


def _text_of(schema: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(schema), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{item_types.TAKEN}; the dict is no JSON: {error}") from error


def _path_of(model: str | os.PathLike[str]) -> Path:
    path = Path(model).expanduser()
    if isinstance(model, str) and path.suffix.lower() != ".json":
        raise TypeError(f"{item_types.TAKEN}; a string that does not end in .json is no path")
    if not path.is_file():
        raise FileNotFoundError(f"model: there is no file {os.fspath(model)!r}")
    return path
