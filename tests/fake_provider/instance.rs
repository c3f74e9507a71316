//! The simplest instance of a JSON Schema: every property present, nothing null where it may be
//! something. Gemini's own dialect is understood too: types in upper case.

use serde_json::{Map, Value, json};

/// References deeper than this end in empty lists and nulls.
const DEEPEST: usize = 12;

/// An instance of `root`, with `items` elements in every list where the schema allows that many.
pub fn instance(root: &Value, items: usize) -> Value {
    Builder { root, items }.build(root, 0)
}

struct Builder<'a> {
    root: &'a Value,
    items: usize,
}

impl Builder<'_> {
    fn build(&self, schema: &Value, depth: usize) -> Value {
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.iter().find(|value| !value.is_null()).cloned().unwrap_or_default();
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = reference.trim_start_matches('#');
            return match self.root.pointer(pointer) {
                Some(target) if depth <= DEEPEST => self.build(target, depth + 1),
                _ => Value::Null,
            };
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            if let Some(choices) = schema.get(keyword).and_then(Value::as_array) {
                let is_null = |choice: &&Value| choice.get("type") == Some(&json!("null"));
                return match choices.iter().find(|choice| !is_null(choice)) {
                    Some(choice) if depth <= DEEPEST => self.build(choice, depth + 1),
                    _ => Value::Null,
                };
            }
        }
        match type_of(schema).to_ascii_lowercase().as_str() {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => Value::String(string(schema)),
            "integer" => integer(schema),
            "number" => json!(number(schema, 1.5)),
            "boolean" => json!(true),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let mut members = Map::new();
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                members.insert(name.clone(), self.build(property, depth + 1));
            }
        } else if let Some(values) = schema.get("additionalProperties").filter(|it| it.is_object())
        {
            members.insert("key".to_owned(), self.build(values, depth + 1));
        }
        Value::Object(members)
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let limit = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
        if let Some(prefix) = schema.get("prefixItems").and_then(Value::as_array) {
            return prefix.iter().map(|item| self.build(item, depth + 1)).collect();
        }
        let fewest = usize::try_from(limit("minItems").unwrap_or(0)).unwrap_or(0);
        let most = limit("maxItems").map_or(usize::MAX, |most| most.try_into().unwrap_or(0));
        let wanted = if depth > DEEPEST { 0 } else { self.items };
        let item = schema.get("items").map(|items| self.build(items, depth + 1));
        vec![item.unwrap_or_default(); wanted.min(most).max(fewest)].into()
    }
}

fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "string",
    }
}

fn string(schema: &Value) -> String {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let text = match format {
        "date" => "2026-01-31",
        "date-time" => "2026-01-31T09:30:00Z",
        "time" => "09:30:00",
        "duration" => "P1D",
        "uuid" => "3f2b8c1e-6d4a-4f7b-9a55-0c9d1e2f3a4b",
        "email" => "person@example.org",
        "uri" => "https://example.org/",
        _ => "text",
    };
    let limit = |keyword: &str| {
        schema.get(keyword).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok())
    };
    let padded = format!("{text:x<width$}", width = limit("minLength").unwrap_or(0));
    padded.chars().take(limit("maxLength").unwrap_or(usize::MAX)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "tests set limits that any integer can hold")]
fn integer(schema: &Value) -> Value {
    json!(number(schema, 1.0).ceil() as i64)
}

/// A number within the limits, `usual` where they allow it.
fn number(schema: &Value, usual: f64) -> f64 {
    let limit = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let low = limit("minimum").or(limit("exclusiveMinimum").map(|low| low + 1.0));
    let high = limit("maximum").or(limit("exclusiveMaximum").map(|high| high - 1.0));
    let within = usual.max(low.unwrap_or(f64::MIN)).min(high.unwrap_or(f64::MAX));
    match limit("multipleOf") {
        Some(step) if step > 0.0 => (within / step).ceil() * step,
        _ => within,
    }
}
