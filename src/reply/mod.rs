//! A reply's text as the JSON that was asked for, or what is wrong with it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::schema::OutputSchema;
use crate::schema::dialect;

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

/// The complete items of a reply `{"items": [...]}` that was cut.
#[must_use]
pub fn complete_items(text: &str, _schema: &OutputSchema) -> Parsed<'static> {
    let mut items = Vec::new();
    let mut rest = text.split_once('[').map_or("", |(_, rest)| rest);
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(item @ (Value::Object(_) | Value::Array(_)))) => items.push(item),
            _ => break,
        }
        rest = rest[values.byte_offset()..].trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    let json = serde_json::json!({ "items": items }).to_string();
    Parsed { json: Cow::Owned(json), repairs: Vec::new() }
}

/// The reply as strict JSON along the caller's schema: nulls that stand only for "left out" in the
/// provider's dialect are left out again; nothing else is touched.
///
/// # Errors
/// What to tell the model: the text is not one JSON value.
pub fn parse<'a>(text: &'a str, schema: &OutputSchema) -> Result<Parsed<'a>, String> {
    let wrong = |error: serde_json::Error| format!("not valid JSON: {error}");
    if !schema.is_rewritten {
        serde_json::from_str::<IgnoredAny>(text).map_err(wrong)?;
        return Ok(Parsed { json: Cow::Borrowed(text), repairs: Vec::new() });
    }
    let mut value: Value = serde_json::from_str(text).map_err(wrong)?;
    dialect::restore(&mut value, &schema.original);
    Ok(Parsed { json: Cow::Owned(value.to_string()), repairs: Vec::new() })
}
