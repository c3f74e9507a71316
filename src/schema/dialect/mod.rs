//! What each family of providers accepts of JSON Schema, and what it leaves to validation.

pub mod openai;
pub mod strict;

use serde_json::Value;

use super::{Method, OutputSchema};
use crate::error::{Error, Result};

/// Whose rules for JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    Anthropic,
    Gemini,
    /// The subset of OpenAPI that Gemini took before it took JSON Schema.
    GeminiOpenApi,
    Ollama,
    /// JSON Schema as it is.
    Plain,
}

/// Compiles `schema` for the first of `methods` by which the provider can be asked for it.
///
/// # Errors
/// [`Error::Schema`]: there is none.
pub fn compile(
    dialect: Dialect,
    methods: &[Method],
    name: &str,
    schema: &Value,
) -> Result<OutputSchema> {
    match dialect {
        Dialect::OpenAi => openai::compile(methods, name, schema),
        other => Err(Error::Schema(format!("no compiler for {other:?}"))),
    }
}

/// The most characters that providers accept in the name of a schema.
const MAX_NAME: usize = 64;

/// `name` in the characters that providers accept: letters, digits, `_` and `-`.
fn accepted_name(name: &str) -> String {
    let accepted = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().map(accepted).take(MAX_NAME).collect();
    if name.is_empty() { "reply".to_owned() } else { name }
}
