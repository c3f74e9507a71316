//! Descriptions of the data wanted: portable definitions, JSON Schema, and what each provider
//! accepts of it.

pub mod constraints;
pub mod definition;
pub mod dialect;
pub mod error;
pub mod json_schema;
mod names;
pub mod outline;
mod type_lexer;
mod type_parser;
pub mod types;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use outline::OutlineCell;

pub use error::{Result, SchemaError};

/// The JSON Schema of a reply, as the caller gave it and as one provider gets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputSchema {
    /// A name that providers accept: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// The caller's schema; every reply is validated against it.
    pub original: Value,
    /// What the provider is given.
    pub compiled: Value,
    /// Whether a reply of `compiled` has to be mapped back to `original`: [`dialect::restore`].
    pub is_rewritten: bool,
    /// How the provider is asked for it.
    pub method: Method,
    /// What of `original` the provider will not enforce.
    pub losses: Vec<Loss>,
    /// `original` as replies are read along it, made when the first one is.
    #[serde(skip)]
    pub outline: OutlineCell,
}

/// How a provider is asked for a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Sent as the reply's schema: the provider's decoder can write nothing else.
    Strict,
    /// Sent as the reply's schema, which the model follows as well as it can.
    Schema,
    /// Sent as the parameters of a tool, which the model calls as well as it can.
    Tool,
    /// Told in the prompt; the provider sees to it that the reply is JSON.
    Json,
    /// Told in the prompt.
    Prompt,
}

impl Method {
    /// As users name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Schema => "schema",
            Self::Tool => "tool",
            Self::Json => "json",
            Self::Prompt => "prompt",
        }
    }

    /// Whether the schema is told in the prompt.
    #[must_use]
    pub const fn is_told(self) -> bool {
        matches!(self, Self::Json | Self::Prompt)
    }
}

impl OutputSchema {
    /// Whether a reply that does not fit `compiled` can't be written at all.
    #[must_use]
    pub const fn is_enforced(&self) -> bool {
        matches!(self.method, Method::Strict)
    }
}

/// A rule of the schema that the provider does not enforce; validation still does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// JSON Pointer (RFC 6901) into the original schema.
    pub pointer: String,
    /// The keyword; empty for the whole schema.
    pub keyword: String,
    /// What became of it, in words for a person.
    pub outcome: String,
}

impl Loss {
    #[must_use]
    pub fn new(pointer: &str, keyword: &str, outcome: &str) -> Self {
        let (pointer, keyword) = (pointer.to_owned(), keyword.to_owned());
        Self { pointer, keyword, outcome: outcome.to_owned() }
    }
}
