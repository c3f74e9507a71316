//! What each family of providers accepts of JSON Schema, and what it leaves to validation.

mod anthropic;
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
mod words;

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

/// Whose rules for JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Strict mode, as `OpenAI` defines it and Azure, Groq and many others speak it too.
    OpenAi,
    Anthropic,
    /// Gemini from 2.0 on: `responseJsonSchema`.
    Gemini,
    /// Older Gemini: `responseSchema`, and `parameters` of tools.
    GeminiOpenApi,
    Ollama,
    /// Any schema as it is.
    Plain,
}

/// Compiles `schema` for the first of `modes` by which the provider can be asked for it.
///
/// # Errors
/// [`SchemaError`]: there is none.
pub fn compile(
    dialect: Dialect,
    modes: &[OutputMode],
    name: &str,
    schema: &Value,
) -> Result<OutputSchema> {
    let mut obstacles = Vec::new();
    for &mode in modes {
        match express(dialect, mode, schema) {
            Ok(CompiledSchema { schema: compiled, is_rewritten, unenforced: mut own }) => {
                let mut unenforced = Vec::new();
                if mode != OutputMode::Strict {
                    unenforced.push(UnenforcedRule::new("", "", whole(mode)));
                }
                unenforced.append(&mut obstacles);
                unenforced.append(&mut own);
                return Ok(OutputSchema {
                    name: accepted_name(name),
                    original: schema.clone(),
                    compiled,
                    is_rewritten,
                    mode,
                    unenforced,
                    outline: OutlineCell::default(),
                });
            }
            Err(mut found) => obstacles.append(&mut found),
        }
    }
    let reasons: Vec<String> = obstacles.iter().map(reason).collect();
    Err(SchemaError(format!("{name}: the provider can't be asked for it: {}", reasons.join("; "))))
}

fn express(
    dialect: Dialect,
    mode: OutputMode,
    schema: &Value,
) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
    match (dialect, mode) {
        // This API takes no other form.
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

/// The schema without what is only for structx.
fn plain(schema: &Value) -> CompiledSchema {
    let mut schema = schema.clone();
    walk_mut(&mut schema, &mut |part, _| {
        if let Some(members) = part.as_object_mut() {
            members.retain(|keyword, _| !keyword.starts_with("x-"));
        }
    });
    CompiledSchema { schema, is_rewritten: false, unenforced: Vec::new() }
}

/// What becomes of all rules by a mode that does not enforce them.
const fn whole(mode: OutputMode) -> &'static str {
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

/// The most characters that providers accept in the name of a schema.
const MAX_NAME: usize = 64;

/// `name` in the characters that providers accept: letters, digits, `_` and `-`.
fn accepted_name(name: &str) -> String {
    let accepted = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().map(accepted).take(MAX_NAME).collect();
    if name.is_empty() { "reply".to_owned() } else { name }
}
