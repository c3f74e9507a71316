//! Type expressions: `List[Optional[date]]` and the spellings of other languages, read into one
//! tree whose text form is canonical.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::type_parser;
use crate::error::Result;

/// The type of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeExpr {
    Scalar(Scalar),
    List(Box<TypeExpr>),
    Set(Box<TypeExpr>),
    FrozenSet(Box<TypeExpr>),
    /// A dictionary; its keys are strings.
    Dict(Box<TypeExpr>),
    Tuple(Vec<TypeExpr>),
    /// `Tuple[T, ...]`.
    TupleOf(Box<TypeExpr>),
    /// Never directly in another `Optional`.
    Optional(Box<TypeExpr>),
    /// One of these strings, integers or booleans.
    Literal(Vec<Value>),
    /// A model that the field's `nested_fields` define.
    Model(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    Str,
    Int,
    Float,
    Bool,
    Date,
    DateTime,
    Time,
    Decimal,
    Uuid,
    Any,
}

impl Scalar {
    pub const ALL: [Self; 10] = [
        Self::Str,
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Date,
        Self::DateTime,
        Self::Time,
        Self::Decimal,
        Self::Uuid,
        Self::Any,
    ];

    /// The canonical name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Time => "time",
            Self::Decimal => "Decimal",
            Self::Uuid => "UUID",
            Self::Any => "Any",
        }
    }
}

/// A type, and the rules that a spelling such as `PositiveInt` or `constr(max_length=3)` implies.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub expr: TypeExpr,
    pub constraints: Map<String, Value>,
}

impl TypeExpr {
    /// Reads a type in any spelling known.
    ///
    /// # Errors
    /// [`Error::Schema`](crate::Error::Schema): unknown names, unions that are no `Optional`,
    /// anything that is no type.
    pub fn parse(text: &str) -> Result<Parsed> {
        type_parser::parse(text, false)
    }

    /// [`TypeExpr::parse`], where an unknown name is that of a nested model.
    ///
    /// # Errors
    /// As [`TypeExpr::parse`].
    pub fn parse_nested(text: &str) -> Result<Parsed> {
        type_parser::parse(text, true)
    }

    #[must_use]
    pub fn optional(self) -> Self {
        match self {
            Self::Optional(_) => self,
            other => Self::Optional(Box::new(other)),
        }
    }

    /// The type without an outer `Optional`, and whether there was one.
    #[must_use]
    pub fn required(self) -> (Self, bool) {
        match self {
            Self::Optional(inner) => (*inner, true),
            other => (other, false),
        }
    }

    /// The name of the nested model, if there is one in the type.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Model(name) => Some(name),
            Self::Scalar(_) | Self::Literal(_) => None,
            Self::Tuple(items) => items.iter().find_map(Self::model),
            Self::List(inner)
            | Self::Set(inner)
            | Self::FrozenSet(inner)
            | Self::Dict(inner)
            | Self::TupleOf(inner)
            | Self::Optional(inner) => inner.model(),
        }
    }

    /// The type with the model called `name` where it has a model, or where it says nothing: an
    /// untyped object or list item. `None` if it has no place for a model.
    #[must_use]
    pub fn with_model(self, name: &str) -> Option<Self> {
        let inside = |inner: Box<Self>| inner.with_model(name).map(Box::new);
        match self {
            Self::Model(_) | Self::Scalar(Scalar::Any) => Some(Self::Model(name.to_owned())),
            Self::Dict(inner) if *inner == Self::Scalar(Scalar::Any) => {
                Some(Self::Model(name.to_owned()))
            }
            Self::List(inner) => inside(inner).map(Self::List),
            Self::Dict(inner) => inside(inner).map(Self::Dict),
            Self::Optional(inner) => inside(inner).map(Self::Optional),
            _ => None,
        }
    }

    /// The tree as nested JSON lists, such as `["List", ["Optional", "date"]]`, for builders of
    /// types that should not need a parser.
    #[must_use]
    pub fn tree(&self) -> Value {
        match self {
            Self::Scalar(scalar) => scalar.name().into(),
            Self::List(inner) => json!(["List", inner.tree()]),
            Self::Set(inner) => json!(["Set", inner.tree()]),
            Self::FrozenSet(inner) => json!(["FrozenSet", inner.tree()]),
            Self::Dict(inner) => json!(["Dict", inner.tree()]),
            Self::TupleOf(inner) => json!(["Tuple", inner.tree(), "..."]),
            Self::Optional(inner) => json!(["Optional", inner.tree()]),
            Self::Model(name) => json!(["Model", name]),
            Self::Tuple(items) => headed("Tuple", items.iter().map(Self::tree)),
            Self::Literal(values) => headed("Literal", values.iter().cloned()),
        }
    }
}

fn headed(head: &str, items: impl Iterator<Item = Value>) -> Value {
    std::iter::once(Value::from(head)).chain(items).collect()
}

impl Serialize for TypeExpr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tree().serialize(serializer)
    }
}

/// The canonical spelling.
impl fmt::Display for TypeExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar.name()),
            Self::List(inner) => write!(f, "List[{inner}]"),
            Self::Set(inner) => write!(f, "Set[{inner}]"),
            Self::FrozenSet(inner) => write!(f, "FrozenSet[{inner}]"),
            Self::Dict(inner) => write!(f, "Dict[str, {inner}]"),
            Self::TupleOf(inner) => write!(f, "Tuple[{inner}, ...]"),
            Self::Optional(inner) => write!(f, "Optional[{inner}]"),
            Self::Model(name) => f.write_str(name),
            Self::Tuple(items) => write_list(f, "Tuple", items.iter().map(ToString::to_string)),
            Self::Literal(values) => write_list(f, "Literal", values.iter().map(python_literal)),
        }
    }
}

fn python_literal(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    head: &str,
    items: impl Iterator<Item = String>,
) -> fmt::Result {
    write!(f, "{head}[{}]", items.collect::<Vec<_>>().join(", "))
}
