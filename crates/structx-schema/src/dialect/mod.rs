//! What each family of providers accepts of JSON Schema, and what it leaves to validation.

mod anthropic;
mod dictionaries;
mod draft;
mod gemini;
mod ollama;
mod open_api;
mod openai;
mod references;
mod restore;
pub mod strict;
mod tuples;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::json_schema::walk_mut;
use super::{Loss, Method, OutputSchema};
use crate::error::{Result, SchemaError};
use crate::outline::OutlineCell;
pub use dictionaries::from_list;
use draft::Sent;
pub use restore::restore;

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

/// Compiles `schema` for the first of `methods` by which the provider can be asked for it.
///
/// # Errors
/// [`SchemaError`]: there is none.
pub fn compile(
    dialect: Dialect,
    methods: &[Method],
    name: &str,
    schema: &Value,
) -> Result<OutputSchema> {
    let mut obstacles = Vec::new();
    for &method in methods {
        match express(dialect, method, schema) {
            Ok(Sent { schema: compiled, is_rewritten, losses: mut own }) => {
                let mut losses = Vec::new();
                if method != Method::Strict {
                    losses.push(Loss::new("", "", whole(method)));
                }
                losses.append(&mut obstacles);
                losses.append(&mut own);
                return Ok(OutputSchema {
                    name: accepted_name(name),
                    original: schema.clone(),
                    compiled,
                    is_rewritten,
                    method,
                    losses,
                    outline: OutlineCell::default(),
                });
            }
            Err(mut found) => obstacles.append(&mut found),
        }
    }
    let reasons: Vec<String> = obstacles.iter().map(reason).collect();
    Err(SchemaError(format!("{name}: the provider can't be asked for it: {}", reasons.join("; "))))
}

fn express(dialect: Dialect, method: Method, schema: &Value) -> Result<Sent, Vec<Loss>> {
    match (dialect, method) {
        // This API takes no other form.
        (Dialect::GeminiOpenApi, Method::Strict | Method::Schema | Method::Tool) => {
            open_api::strict(schema)
        }
        (_, Method::Schema | Method::Tool | Method::Json | Method::Prompt)
        | (Dialect::Plain, Method::Strict) => Ok(plain(schema)),
        (Dialect::OpenAi, Method::Strict) => openai::strict(schema),
        (Dialect::Anthropic, Method::Strict) => anthropic::strict(schema),
        (Dialect::Gemini, Method::Strict) => gemini::strict(schema),
        (Dialect::Ollama, Method::Strict) => ollama::strict(schema),
    }
}

/// The schema without what is only for structx.
fn plain(schema: &Value) -> Sent {
    let mut schema = schema.clone();
    walk_mut(&mut schema, &mut |part, _| {
        if let Some(members) = part.as_object_mut() {
            members.retain(|keyword, _| !keyword.starts_with("x-"));
        }
    });
    Sent { schema, is_rewritten: false, losses: Vec::new() }
}

/// What becomes of all rules by a method that does not enforce them.
const fn whole(method: Method) -> &'static str {
    match method {
        Method::Strict => "",
        Method::Schema => "not enforced: the model is given the schema and follows it as it can",
        Method::Tool => "not enforced: the model calls a tool with the schema as it can",
        Method::Json => "not enforced but for being JSON: the prompt tells the schema",
        Method::Prompt => "not enforced: the prompt tells the schema",
    }
}

fn reason(obstacle: &Loss) -> String {
    let Loss { pointer, outcome, .. } = obstacle;
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
