"""The models of responses: a pydantic model, its JSON Schema and the validator of replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pydantic import VERSION, BaseModel, ConfigDict, create_model

from structx import _core


class ResponseModel:
    """A model with its schema and validator. See Source for why it is not a dataclass."""

    def __init__(
        self,
        model: type[BaseModel],
        schema: _core.ModelSchema,
        validate: Callable[[str], list[BaseModel]],
    ) -> None:
        self.model = model
        self.schema = schema
        self.validate = validate
        """From a reply `{"items": [...]}` as JSON to its items; raises pydantic.ValidationError."""
        self.instructions = ""
        """The plan's instructions for extracting items; empty for the caller's own model."""
        self.built: object = model.__pydantic_validator__
        """pydantic's validator of the model; rebuilding the model replaces it."""

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        # Libraries that pickle classes by value would include it; another process makes its own.
        return type(None), ()


_KEPT = "__structx_response_model__"


def of_model(model: type[BaseModel]) -> ResponseModel:
    """Prepares a model; the result is cached as an attribute of the model."""
    response_model: ResponseModel | None = vars(model).get(_KEPT)
    if response_model is not None and response_model.built is model.__pydantic_validator__:
        return response_model
    return _keep(_of_model(model))


def of_plan(plan: str) -> ResponseModel:
    """Prepares the model of a plan, given as JSON. The core calls it."""
    import json  # neither is needed for the caller's own models

    from structx.definitions import generated

    content = json.loads(plan)
    response_model = _of_model(generated.create_model(content["schema"]))
    response_model.instructions = content["instructions"]
    return _keep(response_model)


def _of_model(model: type[BaseModel]) -> ResponseModel:
    # Comes first, so that an error in the model names the model.
    schema = model.model_json_schema()
    reply: Any = create_model(
        "Reply",
        __config__=ConfigDict(extra="forbid"),
        items=(list[model], ...),  # pyright: ignore[reportInvalidTypeForm]
    )
    validate_json = reply.__pydantic_validator__.validate_json
    options = _options(model)

    def validate(json: str) -> list[BaseModel]:
        return validate_json(json, **options).items

    compiled = _core.ModelSchema(model.__name__, schema)
    return ResponseModel(model, compiled, validate)


def _options(model: type[BaseModel]) -> dict[str, bool]:
    """How replies are validated.

    The schema of a field with an AliasPath has the field's name, which is then to be read, too.

    Raises:
        TypeError: this release of pydantic can't do that.
    """
    if not _has_path(model.__pydantic_core_schema__):
        return {}
    if tuple(int(part) for part in VERSION.split(".")[:2]) < (2, 11):
        raise TypeError(f"{model.__name__}: a field with an AliasPath needs pydantic 2.11 or newer")
    return {"by_name": True, "by_alias": True}


def _has_path(schema: object) -> bool:
    """Whether a core schema has a field that is read from within another one alone."""
    if isinstance(schema, dict):
        parts = cast("dict[str, object]", schema)
        alias = parts.get("validation_alias")
        if isinstance(alias, list) and alias:
            choices = cast("list[list[object]]", alias if isinstance(alias[0], list) else [alias])
            if all(len(path) > 1 for path in choices):
                return True
        return any(_has_path(part) for part in parts.values())
    return isinstance(schema, (list, tuple)) and any(
        _has_path(part) for part in cast("list[object]", schema)
    )


def _keep(response_model: ResponseModel) -> ResponseModel:
    setattr(response_model.model, _KEPT, response_model)
    return response_model
