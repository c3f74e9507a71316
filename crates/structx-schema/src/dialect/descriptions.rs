//! Describes rules that a provider does not enforce, for the model to read.

use serde_json::{Map, Value};

/// The maximum number of listed values that a description repeats. Chosen by hand, not measured.
const MAX_VALUES: usize = 50;
/// The maximum length of a pattern that a description repeats. Chosen by hand, not measured.
const MAX_PATTERN: usize = 100;

/// Keyword and phrase of each rule in `lost` that a model can follow, upper limits last.
pub(super) fn phrases(part: &Map<String, Value>, lost: &[String]) -> Vec<(String, String)> {
    let words = |keyword: &String| Some((keyword.clone(), rule(keyword, part.get(keyword)?)?));
    let mut told: Vec<(String, String)> = lost.iter().filter_map(words).collect();
    told.sort_by_key(|(keyword, _)| keyword.starts_with("max") || keyword == "exclusiveMaximum");
    told
}

/// The reported outcome of a rule that the description states in `words`.
pub(super) fn outcome(words: Option<&str>) -> String {
    words.map_or_else(
        || "not enforced".to_owned(),
        |words| format!("not enforced; the description says: {words}"),
    )
}

/// Appends `words` to the description of a part.
pub(super) fn append(part: &mut Map<String, Value>, words: impl Iterator<Item = String>) {
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        return;
    }
    let words = words.join(", ");
    let told = match part.get("description").and_then(Value::as_str) {
        Some(description) if !description.is_empty() => format!("{description} ({words})"),
        _ => words,
    };
    part.insert("description".to_owned(), told.into());
}

fn rule(keyword: &str, value: &Value) -> Option<String> {
    Some(match keyword {
        "minLength" => counted("at least", value, "character", "characters"),
        "maxLength" => counted("at most", value, "character", "characters"),
        "minItems" => counted("at least", value, "item", "items"),
        "maxItems" => counted("at most", value, "item", "items"),
        "minProperties" => counted("at least", value, "entry", "entries"),
        "maxProperties" => counted("at most", value, "entry", "entries"),
        "minimum" => format!("at least {value}"),
        "maximum" => format!("at most {value}"),
        "exclusiveMinimum" => format!("more than {value}"),
        "exclusiveMaximum" => format!("less than {value}"),
        "multipleOf" => format!("a multiple of {value}"),
        "format" => format!("in the format {}", value.as_str()?),
        "pattern" => pattern(value.as_str()?)?,
        "uniqueItems" if value == &Value::Bool(true) => "different items".to_owned(),
        "enum" => listed(value.as_array()?)?,
        "prefixItems" => in_order(value.as_array()?)?,
        _ => return None,
    })
}

fn counted(bound: &str, count: &Value, one: &str, many: &str) -> String {
    let noun = if count.as_u64() == Some(1) { one } else { many };
    format!("{bound} {count} {noun}")
}

/// `None` for look-around, which [`regex`] rejects and models do not follow.
fn pattern(pattern: &str) -> Option<String> {
    let is_plain = pattern.len() <= MAX_PATTERN && regex::Regex::new(pattern).is_ok();
    is_plain.then(|| format!("matches {pattern}"))
}

fn listed(values: &[Value]) -> Option<String> {
    let values: Vec<String> = values.iter().map(Value::to_string).collect();
    match values.as_slice() {
        [one] => Some(format!("always {one}")),
        many if many.len() <= MAX_VALUES => Some(format!("one of {}", many.join(", "))),
        _ => None,
    }
}

/// The types of a tuple's items.
fn in_order(items: &[Value]) -> Option<String> {
    let kind = |item: &Value| item.get("type").and_then(Value::as_str).map(str::to_owned);
    let kinds: Vec<String> = items.iter().map(kind).collect::<Option<_>>()?;
    Some(format!("in this order: {}", kinds.join(", ")))
}
