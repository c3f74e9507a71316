//! The error of this layer.

/// A definition, a type expression or a JSON Schema that can't be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

pub type Result<T, E = SchemaError> = std::result::Result<T, E>;
