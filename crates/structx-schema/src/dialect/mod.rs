//! Compiles a JSON Schema to the dialect of each provider, and lists what it does not enforce.

mod anthropic;
mod descriptions;
mod dictionaries;
mod gemini;
mod ollama;
mod open_api;
mod openai;
mod references;
mod restore;
mod rewriter;
pub mod strict;
mod tuples;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::json_schema::walk_mut;
use super::{OutputMode, OutputSchema, UnenforcedRule};
use crate::error::{Result, SchemaError};
use crate::outline::OutlineCell;
pub use dictionaries::from_list;
pub use restore::restore;
use rewriter::CompiledSchema;

/// A provider's subset of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `OpenAI`'s strict mode, which Azure, Groq and many others also implement.
    OpenAi,
    Anthropic,
    /// Gemini from 2.0 on: `responseJsonSchema`.
    Gemini,
    /// Older Gemini: `responseSchema`, and `parameters` of tools.
    GeminiOpenApi,
    Ollama,
    /// Any schema, unchanged.
    Plain,
}

/// Compiles `schema` for the first of `modes` that can express it in `dialect`.
///
/// ```
/// use serde_json::json;
/// use structx_schema::OutputMode;
/// use structx_schema::dialect::{Dialect, compile};
///
/// let schema = json!({"type": "object", "properties": {"scores": {"type": "object"}}});
/// let modes = [OutputMode::Strict, OutputMode::Schema];
/// let output = compile(Dialect::OpenAi, &modes, "report", &schema)?;
///
/// // Strict mode has no objects with arbitrary members.
/// assert_eq!(output.mode, OutputMode::Schema);
/// assert!(output.unenforced.iter().any(|rule| rule.pointer == "/properties/scores"));
/// # Ok::<(), structx_schema::SchemaError>(())
/// ```
///
/// # Errors
/// [`SchemaError`]: no mode can express it; the message lists why.
pub fn compile(
    dialect: Dialect,
    modes: &[OutputMode],
    name: &str,
    schema: &Value,
) -> Result<OutputSchema> {
    let mut unsupported = Vec::new();
    for &mode in modes {
        match compile_for(dialect, mode, schema) {
            Ok(CompiledSchema { schema: compiled, is_rewritten, unenforced: mut own }) => {
                let mut unenforced = Vec::new();
                if mode != OutputMode::Strict {
                    unenforced.push(UnenforcedRule::new("", "", mode_outcome(mode)));
                }
                unenforced.append(&mut unsupported);
                unenforced.append(&mut own);
                return Ok(OutputSchema {
                    name: accepted_name(name),
                    original: schema.clone(),
                    compiled: compiled.into(),
                    is_rewritten,
                    mode,
                    unenforced,
                    outline: OutlineCell::default(),
                });
            }
            Err(mut found) => unsupported.append(&mut found),
        }
    }
    let reasons: Vec<String> = unsupported.iter().map(reason).collect();
    Err(SchemaError(format!("{name}: the provider can't be asked for it: {}", reasons.join("; "))))
}

fn compile_for(
    dialect: Dialect,
    mode: OutputMode,
    schema: &Value,
) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
    match (dialect, mode) {
        // `responseSchema` accepts no other form.
        (Dialect::GeminiOpenApi, OutputMode::Strict | OutputMode::Schema | OutputMode::Tool) => {
            open_api::strict(schema)
        }
        (_, OutputMode::Schema | OutputMode::Tool | OutputMode::Json | OutputMode::Prompt)
        | (Dialect::Plain, OutputMode::Strict) => Ok(plain(schema)),
        (Dialect::OpenAi, OutputMode::Strict) => openai::strict(schema),
        (Dialect::Anthropic, OutputMode::Strict) => anthropic::strict(schema),
        (Dialect::Gemini, OutputMode::Strict) => gemini::strict(schema),
        (Dialect::Ollama, OutputMode::Strict) => ollama::strict(schema),
    }
}

/// The schema without the keywords that only structx uses.
fn plain(schema: &Value) -> CompiledSchema {
    let mut schema = schema.clone();
    dictionaries::names_as_text(&mut schema);
    walk_mut(&mut schema, &mut |part, _| {
        if let Some(members) = part.as_object_mut() {
            members.retain(|keyword, _| !keyword.starts_with("x-"));
        }
    });
    CompiledSchema { schema, is_rewritten: false, unenforced: Vec::new() }
}

/// The outcome of all rules in a mode that does not enforce them.
const fn mode_outcome(mode: OutputMode) -> &'static str {
    match mode {
        OutputMode::Strict => "",
        OutputMode::Schema => {
            "not enforced: the model is given the schema and follows it as it can"
        }
        OutputMode::Tool => "not enforced: the model calls a tool with the schema as it can",
        OutputMode::Json => "not enforced but for being JSON: the prompt tells the schema",
        OutputMode::Prompt => "not enforced: the prompt tells the schema",
    }
}

fn reason(obstacle: &UnenforcedRule) -> String {
    let UnenforcedRule { pointer, outcome, .. } = obstacle;
    if pointer.is_empty() { outcome.clone() } else { format!("{pointer}: {outcome}") }
}

/// The maximum length of a schema's name: `response_format.json_schema.name` of `OpenAI`'s API.
const MAX_NAME: usize = 64;

/// `name` with each character that a provider may refuse replaced by `_`.
fn accepted_name(name: &str) -> String {
    let accepted = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().map(accepted).take(MAX_NAME).collect();
    if name.is_empty() { "reply".to_owned() } else { name }
}
