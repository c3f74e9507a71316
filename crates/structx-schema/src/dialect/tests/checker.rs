//! A validator for the schemas of the tests, in JSON Schema and in Gemini's `OpenAPI` form.

use std::collections::HashSet;

use serde_json::{Map, Value};

pub fn is_valid(value: &Value, schema: &Value, root: &Value) -> bool {
    let Value::Object(part) = schema else { return schema != &Value::Bool(false) };
    if value.is_null() && part.get("nullable") == Some(&Value::Bool(true)) {
        return true;
    }
    part.iter().all(|(keyword, rule)| match value {
        _ if !holds_for_any(keyword, rule, value, root) => false,
        Value::String(text) => holds_for_text(keyword, rule, text),
        Value::Number(number) => holds_for_number(keyword, rule, number.as_f64().unwrap()),
        Value::Array(items) => holds_for_list(keyword, rule, items, part, root),
        Value::Object(members) => holds_for_object(keyword, rule, members, part, root),
        _ => true,
    })
}

fn holds_for_any(keyword: &str, rule: &Value, value: &Value, root: &Value) -> bool {
    let fits = |branch: &&Value| is_valid(value, branch, root);
    let branches = || rule.as_array().unwrap().iter();
    match keyword {
        "$ref" => is_valid(value, root.pointer(&rule.as_str().unwrap()[1..]).unwrap(), root),
        "type" => match rule {
            Value::Array(kinds) => kinds.iter().any(|kind| is_a(value, kind)),
            kind => is_a(value, kind),
        },
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "anyOf" => branches().any(|branch| fits(&branch)),
        "oneOf" => branches().filter(fits).count() == 1,
        "allOf" => branches().all(|branch| fits(&branch)),
        _ => true,
    }
}

pub fn is_a(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap().to_ascii_lowercase().as_str() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    }
}

fn holds_for_text(keyword: &str, rule: &Value, text: &str) -> bool {
    let length = text.chars().count() as u64;
    let matches = |pattern: &str| regex::Regex::new(pattern).unwrap().is_match(text);
    match (keyword, rule.as_str()) {
        ("minLength", _) => length >= rule.as_u64().unwrap(),
        ("maxLength", _) => length <= rule.as_u64().unwrap(),
        ("pattern", Some(pattern)) => matches(pattern),
        ("format", Some("date")) => matches(r"^\d{4}-\d\d-\d\d$"),
        ("format", Some("date-time")) => matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"),
        ("format", Some("uri")) => matches("^https://"),
        _ => true,
    }
}

fn holds_for_number(keyword: &str, rule: &Value, number: f64) -> bool {
    let limit = rule.as_f64().unwrap_or_default();
    match keyword {
        "minimum" => number >= limit,
        "maximum" => number <= limit,
        "exclusiveMinimum" => number > limit,
        "exclusiveMaximum" => number < limit,
        "multipleOf" => (number / limit).fract() == 0.0,
        _ => true,
    }
}

fn holds_for_list(
    keyword: &str,
    rule: &Value,
    items: &[Value],
    part: &Map<String, Value>,
    root: &Value,
) -> bool {
    let first = part.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
    match keyword {
        "minItems" => items.len() as u64 >= rule.as_u64().unwrap(),
        "maxItems" => items.len() as u64 <= rule.as_u64().unwrap(),
        "uniqueItems" => {
            let different: HashSet<String> = items.iter().map(Value::to_string).collect();
            different.len() == items.len()
        }
        "prefixItems" => {
            let schemas = rule.as_array().unwrap();
            // Without their number beside it, as some decoders have it: exactly these.
            let is_exact = part.contains_key("minItems") || items.len() == first;
            is_exact && items.iter().zip(schemas).all(|(item, schema)| is_valid(item, schema, root))
        }
        "items" => items.iter().skip(first).all(|item| is_valid(item, rule, root)),
        _ => true,
    }
}

fn holds_for_object(
    keyword: &str,
    rule: &Value,
    members: &Map<String, Value>,
    part: &Map<String, Value>,
    root: &Value,
) -> bool {
    let named = part.get("properties").and_then(Value::as_object);
    let is_named = |name: &String| named.is_some_and(|named| named.contains_key(name));
    match keyword {
        "properties" => named.unwrap().iter().all(|(name, schema)| {
            members.get(name).is_none_or(|member| is_valid(member, schema, root))
        }),
        "required" => {
            rule.as_array().unwrap().iter().all(|it| members.contains_key(it.as_str().unwrap()))
        }
        "additionalProperties" => {
            members.iter().all(|(name, member)| is_named(name) || is_valid(member, rule, root))
        }
        "propertyNames" => {
            members.keys().all(|name| is_valid(&Value::String(name.clone()), rule, root))
        }
        "minProperties" => members.len() as u64 >= rule.as_u64().unwrap(),
        "maxProperties" => members.len() as u64 <= rule.as_u64().unwrap(),
        _ => true,
    }
}
