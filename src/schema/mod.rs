//! Descriptions of the data wanted: portable definitions, JSON Schema, and what each provider
//! accepts of it.

pub(crate) mod constraints;
pub mod definition;
pub mod dialect;
pub mod json_schema;
mod names;
mod type_lexer;
mod type_parser;
pub mod types;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The JSON Schema of a reply, as the caller gave it and as one provider gets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputSchema {
    /// A name that providers accept: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// The caller's schema; every reply is validated against it.
    pub original: Value,
    /// What the provider is given.
    pub compiled: Value,
    /// Whether `compiled` asks for null where `original` lets a property be left out.
    pub adds_nulls: bool,
    /// Whether the provider enforces `compiled` while it answers.
    pub enforced: bool,
    /// What of `original` the provider will not enforce.
    pub losses: Vec<Loss>,
}

/// A rule of the schema that the provider does not enforce; validation still does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// JSON Pointer (RFC 6901) into the original schema.
    pub pointer: String,
    /// The keyword that was dropped or replaced.
    pub keyword: String,
}
