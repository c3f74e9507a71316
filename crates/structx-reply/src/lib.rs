//! Model replies as JSON that follows a schema, with every repair listed.
//!
//! `clean` recognises strict JSON that fits the schema. Otherwise `candidates` and `tolerant` find the
//! JSON in the text, and `align` fits the value to the outline of the schema. Nothing is invented or
//! dropped: an ambiguous part is an error for the model.
//!
#![doc = include_str!("../README.md")]

mod align;
mod candidates;
mod clean;
mod faults;
mod frames;
mod marks;
mod numbers;
mod quotes;
mod spellings;
mod tolerant;
mod words;
mod wrappers;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::Cell;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use align::Aligned;
use structx_common::json;
use structx_schema::OutputSchema;
use structx_schema::dialect;
use structx_schema::outline::Outline;
use structx_schema::outline::OutlineCell;

/// The maximum depth that `serde_json` parses. Adding a wrapper or extracting a string may exceed it.
const MAX_DEPTH: usize = 127;
/// The number of characters of a value that a message repeats. Chosen by hand, not measured.
const MAX_SHOWN: usize = 60;

/// A reply as strict JSON in the form of the caller's schema.
#[derive(Debug, PartialEq)]
pub struct Parsed<'a> {
    pub json: Cow<'a, str>,
    /// The repairs, in order.
    pub repairs: Vec<Repair>,
}

/// A repair of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// JSON Pointer (RFC 6901) into the reply.
    pub pointer: String,
    /// The repair, in words for a person.
    pub what: String,
}

/// Reads a reply as strict JSON in the form of the caller's schema; the rewriting of the provider's
/// dialect is undone. Validation is left to the caller.
///
/// ```
/// use serde_json::json;
/// use structx_schema::OutputMode;
/// use structx_schema::dialect::{Dialect, compile};
///
/// let item = json!({"type": "object", "properties": {"paid": {"type": "boolean"}}});
/// let schema = compile(Dialect::Plain, &[OutputMode::Json], "invoice", &item)?;
/// let parsed = structx_reply::parse("```json\n{'paid': True}\n```", &schema)?;
/// assert_eq!(parsed.json, r#"{"paid":true}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A message for the model: there is no JSON, it is ambiguous, or the schema has no place for a part.
pub fn parse<'a>(text: &'a str, schema: &OutputSchema) -> Result<Parsed<'a>, String> {
    let outline = OutlineCell::of(schema);
    if let Some(dropped) = clean::dropped_members(text, outline) {
        let json = if dropped.is_empty() {
            text.into()
        } else {
            clean::without_members(text, &dropped).into()
        };
        return Ok(Parsed { json, repairs: Vec::new() });
    }
    let (aligned, is_strict) = match json::parse(text.as_bytes()) {
        Ok(Value::String(inner)) => (extracted(&inner, outline, 1)?.taken_from_string(), false),
        Ok(value) => (align::align(value, outline, 0), true),
        Err(_) => (extracted(text, outline, 0)?, false),
    };
    if !aligned.problems.is_empty() {
        return Err(aligned.problems.join("; "));
    }
    if depth(&aligned.value) > MAX_DEPTH {
        return Err(format!("its values are nested deeper than {MAX_DEPTH} levels"));
    }
    let has_nulls = schema.is_rewritten && text.contains("null");
    if is_strict && aligned.is_unchanged() && !has_nulls {
        return Ok(Parsed { json: text.into(), repairs: aligned.repairs });
    }
    Ok(finish(aligned, schema))
}

fn extracted(text: &str, outline: &Outline, encoded: usize) -> Result<Aligned, String> {
    candidates::read(text, outline, encoded, &Cell::new(candidates::budget(text)))
}

/// The complete items of a reply `{"items": [...]}` that was cut. An incomplete last item is dropped.
#[must_use]
pub fn complete_items(text: &str, schema: &OutputSchema) -> Parsed<'static> {
    let mut aligned = candidates::complete(text, OutlineCell::of(schema));
    if depth(&aligned.value) > MAX_DEPTH {
        aligned = candidates::complete("", OutlineCell::of(schema));
    }
    finish(aligned, schema)
}

fn finish(aligned: Aligned, schema: &OutputSchema) -> Parsed<'static> {
    let Aligned { mut value, repairs, .. } = aligned;
    if schema.is_rewritten {
        dialect::restore(&mut value, &schema.original);
    }
    Parsed { json: value.to_string().into(), repairs }
}

/// The nesting depth of a value. The recursion is bounded by the parser's depth.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or_default()
}

/// The start of a text, marked with `...` if it is longer.
fn truncated(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
