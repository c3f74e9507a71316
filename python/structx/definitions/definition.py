"""Portable definitions of models: JSON that any process or program can turn into a model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from structx import _core


class ModelField(BaseModel):
    """One field of a model."""

    model_config = ConfigDict(defer_build=True)

    name: str
    """The name; changed to a valid name of a field if it is not one."""
    type: str
    """The type, such as `List[str]` or `string[]`; see `get_type_capabilities`. A nested object is
    `object`, a list of them `List[object]`."""
    description: str
    """The meaning of the field, for people and language models."""
    validation: dict[str, Any] = Field(default_factory=dict)
    """Constraints and other arguments of pydantic's `Field`: `gt`, `ge`, `lt`, `le`,
    `multiple_of`, `min_length`, `max_length`, `pattern`, `strict`, `alias`, `title`, `examples`,
    `frozen`, `deprecated`, `exclude`, `repr`, `json_schema_extra`."""
    nested_fields: list[ModelField] | None = None
    """The fields of a nested object; None for other types."""
    required: bool = False
    """Whether a value, possibly null, must be present; such a field has no default."""
    nullable: bool = True
    """Whether the value may be null."""
    has_default: bool = False
    """Whether the field has a default; a field that is neither required nor nullable must."""
    default: Any = None
    """The default, as a JSON value."""


class ExtractionRequest(BaseModel):
    """The portable definition of a model."""

    model_config = ConfigDict(protected_namespaces=(), defer_build=True)

    model_name: str
    """The name of the class; characters other than letters and digits are replaced."""
    model_description: str
    """The meaning of one item; becomes the docstring of the class."""
    fields: list[ModelField]  # pyright: ignore[reportIncompatibleVariableOverride]


class ExtractionPlan(BaseModel):
    """A plan: what to extract, and from which columns."""

    model_config = ConfigDict(populate_by_name=True, defer_build=True)

    instructions: str
    """Instructions for reading the data."""
    target_columns: list[str]
    """The columns of the source to send."""
    extraction_schema: ExtractionRequest = Field(alias="schema")
    """The model of one item; `schema` in JSON."""


class TypeCapabilities(BaseModel):
    """The types that a portable definition can contain."""

    model_config = ConfigDict(defer_build=True)

    schema_version: str = "1"
    scalars: list[str]
    """Types of single values, such as `str` and `date`."""
    containers: list[str]
    """Types with a type parameter, such as `List`."""
    modifiers: list[str]
    """Forms that narrow or widen a type: `Optional[T]`, `Literal["a", "b"]`."""


def get_type_capabilities() -> TypeCapabilities:
    """Returns the canonical names of the types that a definition can contain."""
    return TypeCapabilities.model_validate_json(_core.type_capabilities())
