//! A reply's text as the JSON that was asked for, or what is wrong with it.
//!
//! Strict JSON that fits the schema is only read ([`clean`]). Else it is put along the outline of
//! the schema ([`align`]), after it was read for what it is meant to be ([`candidates`],
//! [`tolerant`]) where it is not JSON. Nothing is invented and nothing dropped: what can't be
//! placed is an error for the model, and what was mended is listed.

mod align;
mod candidates;
mod clean;
mod faults;
mod numbers;
mod quotes;
mod tolerant;
mod words;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use align::Aligned;
pub use numbers::CURRENCIES;
use structx_common::json;
use structx_schema::OutputSchema;
use structx_schema::dialect;
use structx_schema::outline::Outline;
use structx_schema::outline::OutlineCell;

/// What `serde_json` reads; a wrapper that was added, or JSON out of a string, may go beyond.
const MAX_DEPTH: usize = 127;
/// How much is shown of a value.
const MAX_SHOWN: usize = 60;

/// A reply as strict JSON along the caller's schema.
#[derive(Debug, PartialEq)]
pub struct Parsed<'a> {
    pub json: Cow<'a, str>,
    /// What had to be mended.
    pub repairs: Vec<Repair>,
}

/// What was mended in a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// JSON Pointer (RFC 6901) into the reply.
    pub pointer: String,
    /// In words for a person.
    pub what: String,
}

/// The reply as strict JSON along the caller's schema. What the provider's dialect has
/// rewritten is as in that schema again. Whether it is valid is not judged here.
///
/// # Errors
/// What to tell the model: there is no JSON, it has two readings, or a part has no place.
pub fn parse<'a>(text: &'a str, schema: &OutputSchema) -> Result<Parsed<'a>, String> {
    let outline = OutlineCell::of(schema);
    if let Some(cuts) = clean::read(text, outline) {
        let json = if cuts.is_empty() { text.into() } else { clean::cut(text, &cuts).into() };
        return Ok(Parsed { json, repairs: Vec::new() });
    }
    let (aligned, is_strict) = match json::parse(text.as_bytes()) {
        Ok(Value::String(inner)) => (found(&inner, outline, 1)?.encoded(), false),
        Ok(value) => (align::read(value, outline, 0), true),
        Err(error) if error.is_data() => return Err(format!("not valid JSON: {error}")),
        Err(_) => (found(text, outline, 0)?, false),
    };
    if !aligned.problems.is_empty() {
        return Err(aligned.problems.join("; "));
    }
    if depth(&aligned.value) > MAX_DEPTH {
        return Err(format!("its values are nested deeper than {MAX_DEPTH} levels"));
    }
    let has_nulls = schema.is_rewritten && text.contains("null");
    if is_strict && aligned.is_as_it_was() && !has_nulls {
        return Ok(Parsed { json: text.into(), repairs: aligned.repairs });
    }
    Ok(finish(aligned, schema))
}

fn found(text: &str, outline: &Outline, encoded: usize) -> Result<Aligned, String> {
    candidates::read(text, outline, encoded, &mut candidates::budget(text))
}

/// The complete items of a reply `{"items": [...]}` that was cut; the last one, where it is cut, is
/// left out.
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

/// Bounded, as what is read of a text is.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or_default()
}

/// The beginning of a text that may be long.
fn cut_short(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
