//! Rewrites tuples (`prefixItems`) for decoders that support one schema for all items.

use serde_json::{Map, Value, json};

use super::descriptions;
use super::rewriter::{Report, SchemaRewriter};

/// Turns each tuple into a list of the same length whose items may be of any of its types. With
/// `keeps_exact`, tuples with exactly one item for each schema stay.
pub(super) fn widen(rewriter: &mut SchemaRewriter, keeps_exact: bool) {
    rewriter.each(|part, report| {
        if !part.contains_key("prefixItems") {
            return;
        }
        close(part);
        if keeps_exact && is_exact(part) {
            part.shift_remove("minItems");
            part.shift_remove("maxItems");
        } else {
            merge_items(part, report);
        }
    });
}

/// Replaces `items: false` by `maxItems`.
fn close(part: &mut Map<String, Value>) {
    if part.get("items") == Some(&Value::Bool(false)) {
        part.shift_remove("items");
        let most = length(part);
        part.entry("maxItems").or_insert(most.into());
    }
}

fn length(part: &Map<String, Value>) -> usize {
    part.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len)
}

fn is_exact(part: &Map<String, Value>) -> bool {
    let is_length = |keyword: &str| part.get(keyword) == Some(&length(part).into());
    is_length("minItems") && is_length("maxItems")
}

fn merge_items(part: &mut Map<String, Value>, report: &mut Report) {
    let phrases = descriptions::phrases(part, &["prefixItems".to_owned()]);
    let words = phrases.first().map(|(_, words)| words.as_str());
    report.unenforced(part, "prefixItems", &descriptions::outcome(words));
    descriptions::append(part, phrases.iter().map(|(_, words)| words.clone()));
    let is_bounded = part.contains_key("maxItems");
    let Some(Value::Array(mut kinds)) = part.shift_remove("prefixItems") else { return };
    match part.shift_remove("items") {
        Some(rest @ Value::Object(_)) => kinds.push(rest),
        None | Some(_) if is_bounded => {}
        _ => return report.unsupported(part, "items", "a list of anything"),
    }
    let mut seen = Vec::new();
    kinds.retain(|kind| {
        let rules = without_markers(kind);
        let is_new = !seen.contains(&rules);
        seen.push(rules);
        is_new
    });
    let items = match <[Value; 1]>::try_from(kinds) {
        Ok([only]) => only,
        Err(kinds) => json!({"anyOf": kinds}),
    };
    part.insert("items".to_owned(), items);
}

/// `schema` without the keywords that only structx uses.
fn without_markers(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        members.retain(|keyword, _| !keyword.starts_with("x-"));
    }
    schema
}
