"""Portable definitions of models: JSON that any process or program can turn into a model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from structx import _core


class ModelField(BaseModel):
    """One field of a model.

    Examples:
        >>> structx.ModelField(name="total", type="float", description="what is due").nullable
        True
    """

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
    """The portable definition of a model.

    Examples:
        >>> request = structx.ExtractionRequest(
        ...     model_name="Order",
        ...     model_description="An order.",
        ...     fields=[structx.ModelField(name="number", type="str", description="its number")],
        ... )
        >>> structx.model_from_extraction_request(request)(number="7").number
        '7'
    """

    model_config = ConfigDict(protected_namespaces=(), defer_build=True)

    model_name: str
    """The name of the class; characters other than letters and digits are replaced."""
    model_description: str
    """The meaning of one item; becomes the docstring of the class."""
    fields: list[ModelField]  # pyright: ignore[reportIncompatibleVariableOverride]


class ExtractionPlan(BaseModel):
    """A plan: what to extract, and from which columns.

    Examples:
        >>> plan = structx.ExtractionPlan(
        ...     instructions="",
        ...     target_columns=["message"],
        ...     schema=structx.model_to_extraction_request(Invoice),
        ... )
        >>> plan.extraction_schema.model_name
        'Invoice'
    """

    model_config = ConfigDict(populate_by_name=True, defer_build=True)

    instructions: str
    """Instructions for reading the data."""
    target_columns: list[str]
    """The columns of the source to send."""
    extraction_schema: ExtractionRequest = Field(alias="schema")
    """The model of one item; `schema` in JSON."""


class ScalarTypeCapability(BaseModel):
    """A type of single values.

    Examples:
        >>> [kind.label for kind in structx.get_type_capabilities().scalars if kind.id == "date"]
        ['Date']
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    id: str
    """The canonical name, such as `str` or `date`."""
    label: str
    """What to call it before people, such as `Text`."""
    constraints: list[str] = Field(default_factory=list[str])
    """The rules that `ModelField.validation` may have for it."""
    advanced: bool = False
    """Whether only few models need it, so that a form may hide it at first."""


class ContainerTypeCapability(BaseModel):
    """A type of several values, with a type parameter.

    Examples:
        >>> {kind.id: kind.ordered for kind in structx.get_type_capabilities().containers}["List"]
        True
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    id: str
    """The canonical name, such as `List`."""
    label: str
    """What to call it before people."""
    description: str
    """What it holds, in a few words for people."""
    allowed_item_kinds: list[str]
    """What it can hold: `scalar`, `object` (a nested model), `container`; of the latter only those
    that are hashable in Python (FrozenSet, Tuple) if it says `hashable_container`."""
    constraints: list[str] = Field(default_factory=list[str])
    """The rules that `ModelField.validation` may have for it."""
    ordered: bool
    """Whether its items keep their order."""
    unique: bool
    """Whether it holds each item, or each key, only once."""
    advanced: bool = False
    """Whether only few models need it, so that a form may hide it at first."""


class TypeModifierCapabilities(BaseModel):
    """What can be said of a field besides its type; all of it is supported.

    Examples:
        >>> structx.get_type_capabilities().modifiers.nullable
        True
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    required: bool = True
    """`ModelField.required`."""
    nullable: bool = True
    """`ModelField.nullable`, or `Optional[T]` as a part of a type."""
    default: bool = True
    """`ModelField.default`."""
    literal: bool = True
    """A list of the allowed values in place of a type: `Literal["a", "b"]`."""


class TypeCapabilities(BaseModel):
    """The types that a portable definition can contain, for programs that let people build one.

    Examples:
        >>> "date" in {kind.id for kind in structx.get_type_capabilities().scalars}
        True
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    schema_version: str = "1"
    scalars: list[ScalarTypeCapability]
    containers: list[ContainerTypeCapability]
    modifiers: TypeModifierCapabilities = Field(default_factory=TypeModifierCapabilities)


def get_type_capabilities() -> TypeCapabilities:
    """Returns the catalogue of the types that a definition can contain, by their canonical names.

    Examples:
        >>> [kind.id for kind in structx.get_type_capabilities().scalars][:2]
        ['str', 'int']
    """
    return TypeCapabilities.model_validate_json(_core.type_capabilities())
