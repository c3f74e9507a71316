//! Anthropic's structured outputs (`output_config.format`).
//! platform.claude.com/docs/en/build-with-claude/structured-outputs

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::references::{self, Scope};
use super::rewriter::{CompiledSchema, SchemaRewriter, merge};
use super::strict::{has_one_value, required_names};
use super::{dictionaries, tuples};
use crate::UnenforcedRule;
use crate::json_schema::accepts_null;

/// Limits on unions and optional properties: the same page, "Schema complexity limits".
const MAX_UNIONS: usize = 16;
const MAX_OPTIONAL: usize = 24;

/// The same page, "JSON Schema limitations".
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Patterns that may be refused: word boundaries, groups with options, and repetitions of 100 or more.
/// The limit is chosen by hand, not measured.
#[expect(clippy::unwrap_used, reason = "a constant")]
static DOUBTFUL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\\[bB]|\(\?|\d{3,}(,\d*)?\}").unwrap());

pub(super) fn strict(original: &Value) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
    let mut rewriter = SchemaRewriter::new(original);
    require(&mut rewriter);
    references::inline(&mut rewriter, Scope::Described);
    tuples::widen(&mut rewriter, false);
    dictionaries::to_lists(&mut rewriter);
    rewriter.check_kinds(false);
    rewriter.close_objects();
    rewriter.keep_supported(supports);
    let unions = rewriter.count(is_union);
    rewriter.report.limit("anyOf", "values of several types", unions, MAX_UNIONS);
    let optional = rewriter.count(optional);
    rewriter.report.limit("required", "optional properties", optional, MAX_OPTIONAL);
    rewriter.finish()
}

fn supports(keyword: &str, value: &Value, _: &Map<String, Value>) -> bool {
    match keyword {
        "type"
        | "properties"
        | "required"
        | "additionalProperties"
        | "items"
        | "anyOf"
        | "enum"
        | "$ref"
        | "$defs"
        | "definitions" => true,
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        "minItems" => value.as_u64().is_some_and(|count| count <= 1),
        "pattern" => value
            .as_str()
            .is_some_and(|pattern| Regex::new(pattern).is_ok() && !DOUBTFUL.is_match(pattern)),
        _ => false,
    }
}

/// Leaves each optional nullable property one way to be absent: it becomes required and nullable while
/// the limit on unions allows it, and otherwise stays optional and loses its null.
fn require(rewriter: &mut SchemaRewriter) {
    let root = rewriter.schema.clone();
    let mut excess = rewriter.count(is_union).saturating_sub(MAX_UNIONS);
    rewriter.each(|part, _| {
        let mut required = required_names(part);
        let Some(Value::Object(properties)) = part.get_mut("properties") else { return };
        for (name, property) in properties {
            if required.contains(name) {
                continue;
            }
            if excess > 0 && drop_null(property) {
                excess -= 1;
            } else if accepts_null(property, &root) || has_one_value(property, &root) {
                required.push(name.clone());
            }
        }
        part.insert("required".to_owned(), required.into());
    });
}

fn is_union(part: &Map<String, Value>) -> usize {
    let is_list = part.get("type").is_some_and(Value::is_array);
    usize::from(is_list || part.contains_key("anyOf"))
}

fn optional(part: &Map<String, Value>) -> usize {
    let properties = part.get("properties").and_then(Value::as_object).map_or(0, Map::len);
    properties.saturating_sub(required_names(part).len())
}

/// Removes null from a property whose default is null, if one type remains.
fn drop_null(property: &mut Value) -> bool {
    let Some(part) = property.as_object_mut() else { return false };
    if part.get("default") != Some(&Value::Null) {
        return false;
    }
    if let Some(Value::Array(branches)) = part.get("anyOf")
        && let [Value::Object(kind), null] | [null, Value::Object(kind)] = branches.as_slice()
        && null["type"] == "null"
    {
        let kind = kind.clone();
        part.shift_remove("anyOf");
        merge(part, kind);
        return true;
    }
    false
}
