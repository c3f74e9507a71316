//! Portable definitions, JSON Schema, and a compiler to the dialect of each provider.
//!
#![doc = include_str!("../README.md")]

pub mod capabilities;
pub mod constraints;
pub mod definition;
pub mod dialect;
pub mod drafts;
pub mod error;
pub mod folded;
pub mod json_schema;
mod names;
pub mod outline;
mod serialized;
mod type_lexer;
mod type_parser;
pub mod types;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use outline::OutlineCell;

pub use error::{Result, SchemaError};
pub use serialized::SerializedSchema;

/// The JSON Schema of a reply: as the caller gave it, and as one provider is given it.
///
/// [`dialect::compile`] makes one. Its serialised form is part of the keys of journals and caches, so
/// a serialised name does not change with the name of its field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputSchema {
    /// A name that all providers accept: at most 64 letters, digits, `_` and `-`.
    pub name: String,
    /// The caller's schema, against which every reply is validated.
    pub original: Value,
    /// The schema that the provider is given.
    pub compiled: SerializedSchema,
    /// Whether a reply to `compiled` must be mapped back to `original` by [`dialect::restore`].
    pub is_rewritten: bool,
    /// How the provider is given the schema.
    #[serde(rename = "method")]
    pub mode: OutputMode,
    /// The rules of `original` that the provider does not enforce.
    #[serde(rename = "losses")]
    pub unenforced: Vec<UnenforcedRule>,
    /// The outline of `original`, compiled when the first reply is read.
    #[serde(skip)]
    pub outline: OutlineCell,
}

impl OutputSchema {
    /// Whether the provider can only write replies that match `compiled`.
    #[must_use]
    pub const fn is_enforced(&self) -> bool {
        matches!(self.mode, OutputMode::Strict)
    }
}

/// How a provider is given a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// As the schema of the reply, enforced by the provider's decoder.
    Strict,
    /// As the schema of the reply, which the model follows without enforcement.
    Schema,
    /// As the parameters of a tool that the model may call.
    Tool,
    /// In the prompt; the provider enforces that the reply is JSON.
    Json,
    /// In the prompt.
    Prompt,
}

impl OutputMode {
    /// All modes, the most reliable first.
    pub const ALL: [Self; 5] = [Self::Strict, Self::Schema, Self::Tool, Self::Json, Self::Prompt];

    /// The name of the mode in settings and reports.
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

    /// The mode of this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Whether the prompt must contain the schema.
    #[must_use]
    pub const fn is_told(self) -> bool {
        matches!(self, Self::Json | Self::Prompt)
    }
}

/// A rule of the schema that the provider does not enforce. Validation of the reply does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnenforcedRule {
    /// JSON Pointer (RFC 6901) into the original schema.
    pub pointer: String,
    /// The keyword; empty for the whole schema.
    pub keyword: String,
    /// The consequence, in a few words for a person.
    pub outcome: String,
}

impl UnenforcedRule {
    #[must_use]
    pub fn new(pointer: &str, keyword: &str, outcome: &str) -> Self {
        let (pointer, keyword) = (pointer.to_owned(), keyword.to_owned());
        Self { pointer, keyword, outcome: outcome.to_owned() }
    }
}
