//! The error of this crate.

/// Says which definition, type expression or JSON Schema can't be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

pub type Result<T, E = SchemaError> = std::result::Result<T, E>;
