//! The subset of `OpenAPI` 3.0 that Gemini accepts before version 2.0 (`responseSchema`).
//! ai.google.dev/api/caching#Schema

use serde_json::{Map, Value};

use super::gemini::{order, split_null};
use super::references::{self, Scope};
use super::rewriter::{CompiledSchema, Report, SchemaRewriter, merge};
use super::{dictionaries, tuples};
use crate::UnenforcedRule;

pub(super) fn strict(original: &Value) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
    let mut rewriter = SchemaRewriter::new(original);
    references::inline(&mut rewriter, Scope::All);
    tuples::widen(&mut rewriter, false);
    dictionaries::to_lists(&mut rewriter);
    rewriter.each(|part, _| split_null(part));
    rewriter.check_kinds(false);
    rewriter.close_objects();
    // The API has no such keyword, and writes named members only.
    rewriter.each(|part, _| drop(part.shift_remove("additionalProperties")));
    rewriter.keep_supported(supports);
    rewriter.each(nullable);
    rewriter.each(to_open_api);
    rewriter.finish()
}

fn supports(keyword: &str, value: &Value, _: &Map<String, Value>) -> bool {
    match keyword {
        "type" | "properties" | "required" | "items" | "anyOf" | "minItems" | "maxItems"
        | "minimum" | "maximum" | "minLength" | "maxLength" => true,
        "enum" => value.as_array().is_some_and(|values| values.iter().all(Value::is_string)),
        "format" => value == "date-time",
        "pattern" => value.as_str().is_some_and(|it| regex::Regex::new(it).is_ok()),
        _ => false,
    }
}

/// Writes types in upper case and marks lists of values with the format `enum`.
fn to_open_api(part: &mut Map<String, Value>, report: &mut Report) {
    let kind = part.get("type").and_then(Value::as_str).map(str::to_ascii_uppercase);
    match kind.as_deref() {
        Some("NULL") => report.unsupported(part, "type", "null alone"),
        Some("OBJECT") if no_members(part) => {
            report.unsupported(part, "properties", "an object without members");
        }
        _ => {}
    }
    if let Some(kind) = kind {
        part.insert("type".to_owned(), kind.into());
    }
    if part.contains_key("enum") {
        part.insert("format".to_owned(), "enum".into());
    }
    order(part);
}

fn no_members(part: &Map<String, Value>) -> bool {
    part.get("properties").and_then(Value::as_object).is_none_or(Map::is_empty)
}

/// Replaces a null in a union by `nullable`.
fn nullable(part: &mut Map<String, Value>, report: &mut Report) {
    let is_null = |kind: &Value| kind == "null" || kind["type"] == "null";
    let mut is_nullable = false;
    for keyword in ["type", "anyOf"] {
        let Some(Value::Array(kinds)) = part.get_mut(keyword) else { continue };
        let count = kinds.len();
        kinds.retain(|kind| !is_null(kind));
        is_nullable |= kinds.len() < count;
        match (keyword, kinds.as_slice()) {
            ("type", [only]) => {
                let only = only.clone();
                part.insert(keyword.to_owned(), only);
            }
            ("type", _) => report.unsupported(part, "type", "several types in one list"),
            (_, [Value::Object(only)]) => {
                let only = only.clone();
                part.shift_remove(keyword);
                merge(part, only);
            }
            _ => {}
        }
    }
    if is_nullable {
        part.insert("nullable".to_owned(), true.into());
    }
}
