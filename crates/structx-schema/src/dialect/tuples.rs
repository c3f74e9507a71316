//! Lists with a schema for each place, for decoders that know one schema for all items.

use serde_json::{Map, Value, json};

use super::rewriter::{Report, SchemaRewriter};
use super::words;

/// Makes of each tuple a list of as many items of its kinds in any order; `keeps_exact` ones, which
/// have as many items as schemas, stay.
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
            mix(part, report);
        }
    });
}

/// `items: false` is a limit on their number.
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

fn mix(part: &mut Map<String, Value>, report: &mut Report) {
    let told = words::tell(part, &["prefixItems".to_owned()]);
    let words = told.first().map(|(_, words)| words.as_str());
    report.lose(part, "prefixItems", &words::outcome(words));
    words::describe(part, told.iter().map(|(_, words)| words.clone()));
    let is_bounded = part.contains_key("maxItems");
    let Some(Value::Array(mut kinds)) = part.shift_remove("prefixItems") else { return };
    match part.shift_remove("items") {
        Some(rest @ Value::Object(_)) => kinds.push(rest),
        None | Some(_) if is_bounded => {}
        _ => return report.obstruct(part, "items", "a list of anything"),
    }
    let mut seen = Vec::new();
    kinds.retain(|kind| {
        let rules = bare(kind);
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

/// Without what only says where it comes from.
fn bare(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        members.retain(|keyword, _| !keyword.starts_with("x-"));
    }
    schema
}
