"""Portable definitions of models: JSON that any process or program can turn into a model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from structx import _core


class ModelField(BaseModel):
    """One field of a model."""

    model_config = ConfigDict(defer_build=True)

    name: str
    """Changed to one that a field can have, where it is none."""
    type: str
    """In words, such as `List[str]` or `string[]`: see `get_type_capabilities`. A nested object is
    `object`, a list of them `List[object]`."""
    description: str
    """What the field means, for people and language models."""
    validation: dict[str, Any] = Field(default_factory=dict)
    """Constraints, and what else pydantic's `Field` takes: `gt`, `ge`, `lt`, `le`, `multiple_of`,
    `min_length`, `max_length`, `pattern`, `strict`, `alias`, `title`, `examples`, `frozen`,
    `deprecated`, `exclude`, `repr`, `json_schema_extra`."""
    nested_fields: list[ModelField] | None = None
    """The fields of a nested object; None for other types."""
    required: bool = False
    """Whether a value must be given, be it null; such a field has no default."""
    nullable: bool = True
    """Whether the value may be null."""
    has_default: bool = False
    """Whether `default` counts; a field that is neither required nor nullable must have one."""
    default: Any = None
    """The default, as JSON has it."""


class ExtractionRequest(BaseModel):
    """A model, described field by field."""

    model_config = ConfigDict(protected_namespaces=(), defer_build=True)

    model_name: str
    """The name of the class; what is no letter or digit gives way."""
    model_description: str
    """What one item is; the docstring of the class."""
    fields: list[ModelField]  # pyright: ignore[reportIncompatibleVariableOverride]


class ExtractionPlan(BaseModel):
    """What is extracted, and from which columns."""

    model_config = ConfigDict(populate_by_name=True, defer_build=True)

    instructions: str
    """What to mind when reading the data."""
    target_columns: list[str]
    """The columns of the source that are sent."""
    extraction_schema: ExtractionRequest = Field(alias="schema")
    """The model of one item; `schema` in JSON."""


class TypeCapabilities(BaseModel):
    """The types that a portable definition can name."""

    model_config = ConfigDict(defer_build=True)

    schema_version: str = "1"
    scalars: list[str]
    """Types of single values, such as `str` and `date`."""
    containers: list[str]
    """Types that hold others, such as `List`."""
    modifiers: list[str]
    """What narrows or widens a value: `Optional[T]`, `Literal["a", "b"]`."""


def get_type_capabilities() -> TypeCapabilities:
    """The canonical names of the types that definitions are made of."""
    return TypeCapabilities.model_validate_json(_core.type_capabilities())
