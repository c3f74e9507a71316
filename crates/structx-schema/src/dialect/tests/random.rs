//! Random schemas, and random values of any schema.

use std::fmt;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::checker::is_a;

/// Patterns and texts that match them. This crate's regex engine does not support the second.
const PATTERNS: [(&str, &str); 4] = [
    ("^[A-Z]{2}$", "DE"),
    ("^[a-z]+@[a-z]+$", "a@b"),
    ("[0-9]", "x7y"),
    (r"^(A|B)-\d{1,200}$", "A-12"),
];
const FORMATS: [(&str, &str); 5] = [
    ("date", "2024-02-29"),
    ("date-time", "2024-02-29T12:00:00Z"),
    ("uri", "https://a.example"),
    ("uuid", "123e4567-e89b-12d3-a456-426614174000"),
    ("binary", "x"),
];

/// A schema whose debug form is JSON.
#[derive(Clone)]
pub struct Schema(pub Value);

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A schema as pydantic writes it: an object with definitions, some of them recursive.
pub fn schema() -> impl Strategy<Value = Schema> {
    (object(part()), object(leaf()), object(leaf())).prop_map(|(mut root, mut node, plain)| {
        node["properties"]["next"] = json!({"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]});
        node["properties"]["more"] = json!({"type": "array", "items": {"$ref": "#/$defs/Node"}});
        root["$defs"] = json!({"Node": node, "Plain": plain});
        Schema(root)
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    let pattern = prop::sample::select(&PATTERNS[..]);
    let format = prop::sample::select(&FORMATS[..]);
    prop_oneof![
        Just(json!({"type": "string"})),
        (0..3, 3..3000).prop_map(|(least, most)| {
            json!({"type": "string", "minLength": least, "maxLength": most})
        }),
        pattern.prop_map(|(pattern, _)| json!({"type": "string", "pattern": pattern})),
        format.prop_map(|(format, _)| json!({"type": "string", "format": format})),
        (-5..5, 5..9).prop_map(
            |(least, most)| json!({"type": "integer", "minimum": least, "maximum": most})
        ),
        (0..5).prop_map(|least| json!({"type": "number", "exclusiveMinimum": least})),
        (1..5).prop_map(|of| json!({"type": "integer", "multipleOf": of})),
        Just(json!({"type": "boolean", "description": "Yes or no"})),
        Just(json!({"type": ["integer", "null"], "default": null})),
        Just(json!({"enum": ["a", "b"], "type": "string"})),
        Just(json!({"enum": [1, 2], "type": "integer"})),
        Just(json!({"enum": ["a", 1, null]})),
        Just(json!({"const": "x", "type": "string"})),
        Just(json!({"const": true})),
        Just(json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true})),
    ]
}

fn part() -> impl Strategy<Value = Value> {
    let plain = json!({"$ref": "#/$defs/Plain", "description": "Described"});
    let node = json!({"$ref": "#/$defs/Node"});
    let inmost = prop_oneof![20 => leaf(), 2 => Just(plain), 1 => Just(node)];
    inmost.prop_recursive(3, 24, 4, |inner| {
        let list = (inner.clone(), 0..2).prop_map(|(items, least)| {
            json!({"type": "array", "items": items, "minItems": least, "maxItems": 4})
        });
        let tuple = prop::collection::vec(leaf(), 1..4).prop_map(|items| {
            let count = items.len();
            json!({"type": "array", "prefixItems": items, "minItems": count, "maxItems": count})
        });
        let dictionary = (inner.clone(), any::<bool>()).prop_map(|(values, named)| {
            let mut schema = json!({"type": "object", "additionalProperties": values});
            if named {
                schema["propertyNames"] = json!({"maxLength": 3});
                schema["minProperties"] = 1.into();
            }
            schema
        });
        let nullable = inner.clone().prop_map(
            |schema| json!({"anyOf": [schema, {"type": "null"}], "default": null, "title": "T"}),
        );
        let union = (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({"anyOf": [a, b]}));
        let tagged = (object(inner.clone()), object(inner.clone())).prop_map(|(mut a, mut b)| {
            for (branch, tag) in [(&mut a, "a"), (&mut b, "b")] {
                branch["properties"]["tag"] = json!({"const": tag, "type": "string"});
                branch["required"].as_array_mut().unwrap().push("tag".into());
            }
            json!({"oneOf": [a, b], "discriminator": {"propertyName": "tag"}})
        });
        prop_oneof![2 => object(inner), 1 => list, 1 => tuple, 1 => dictionary, 1 => nullable,
                    1 => union, 1 => tagged]
    })
}

fn object(property: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let members = prop::collection::vec(("[a-e]", property, any::<bool>()), 1..5);
    (members, prop::option::of(any::<bool>())).prop_map(|(members, open)| {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, schema, is_required) in members {
            // A property with one possible value is sent as required.
            required.retain(|other| *other != name);
            if is_required || schema.get("const").is_some() {
                required.push(name.clone());
            }
            properties.insert(name, schema);
        }
        let mut schema = json!({"type": "object", "properties": properties, "required": required});
        if let Some(open) = open {
            schema["additionalProperties"] = open.into();
        }
        schema
    })
}

/// The source of a value's choices; constant once it is used up.
pub struct Choices(pub Vec<u8>);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.pop().unwrap_or_default()) % count
    }
}

/// Nearly always a value of the schema; small once `depth` is used up.
pub fn value(schema: &Value, root: &Value, depth: usize, choices: &mut Choices) -> Value {
    let within = depth.saturating_sub(1);
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        return value(root.pointer(&path[1..]).unwrap(), root, within, choices);
    }
    if schema.get("nullable").is_some() && (depth == 0 || choices.below(3) == 0) {
        return Value::Null;
    }
    if let Some(branches) =
        ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(*keyword)?.as_array())
    {
        let null = branches.iter().find(|branch| branch.get("type") == Some(&json!("null")));
        let any = &branches[choices.below(branches.len())];
        return value(null.filter(|_| depth == 0).unwrap_or(any), root, within, choices);
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values[choices.below(values.len())].clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[choices.below(kinds.len())].clone(),
        kind => kind.clone(),
    };
    let is = |example: Value| is_a(&example, &kind);
    if is(json!({})) {
        object_value(schema, root, depth, choices)
    } else if is(json!([])) {
        list_value(schema, root, depth, choices)
    } else if is(json!("")) {
        text_value(schema, choices).into()
    } else if is(json!(1)) {
        number_value(schema, choices).into()
    } else if is(json!(true)) {
        (choices.below(2) == 1).into()
    } else {
        Value::Null
    }
}

fn limit(schema: &Value, keyword: &str) -> Option<usize> {
    usize::try_from(schema.get(keyword)?.as_u64()?).ok()
}

fn object_value(schema: &Value, root: &Value, depth: usize, choices: &mut Choices) -> Value {
    let mut object = Map::new();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if required.contains(&json!(name)) || depth > 0 && choices.below(2) == 1 {
            object.insert(name.clone(), value(property, root, depth.saturating_sub(1), choices));
        }
    }
    if let Some(values @ Value::Object(_)) = schema.get("additionalProperties") {
        let most = if depth == 0 { 1 } else { 3 };
        let least = limit(schema, "minProperties").unwrap_or(0);
        for name in ["k", "lm", "nop"].iter().take(least.max(choices.below(most))) {
            object.insert((*name).into(), value(values, root, depth.saturating_sub(1), choices));
        }
    }
    object.into()
}

fn list_value(schema: &Value, root: &Value, depth: usize, choices: &mut Choices) -> Value {
    let within = depth.saturating_sub(1);
    if let Some(schemas) = schema.get("prefixItems").and_then(Value::as_array) {
        return schemas.iter().map(|schema| value(schema, root, within, choices)).collect();
    }
    let least = limit(schema, "minItems").unwrap_or(0);
    let most = limit(schema, "maxItems").unwrap_or(3);
    let count = if depth == 0 { least } else { least + choices.below(most - least + 1) };
    (0..count).map(|_| value(&schema["items"], root, within, choices)).collect()
}

fn text_value(schema: &Value, choices: &mut Choices) -> String {
    for (keyword, examples) in [("pattern", &PATTERNS[..]), ("format", &FORMATS[..])] {
        let rule = schema.get(keyword).and_then(Value::as_str);
        if let Some((_, example)) = examples.iter().find(|(of, _)| Some(*of) == rule) {
            return (*example).to_owned();
        }
    }
    let least = limit(schema, "minLength").unwrap_or(0);
    let most = limit(schema, "maxLength").unwrap_or(5).min(5);
    "ä".repeat(least + choices.below(most - least + 1))
}

fn number_value(schema: &Value, choices: &mut Choices) -> i64 {
    let rule = |keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    let step = rule("multipleOf").unwrap_or(1);
    let least = rule("minimum").or(rule("exclusiveMinimum").map(|least| least + 1)).unwrap_or(0);
    let most = rule("maximum").unwrap_or(least + 9);
    let count = usize::try_from(most - least + 1).unwrap();
    (least + i64::try_from(choices.below(count)).unwrap()) * step
}
