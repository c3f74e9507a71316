//! Strict mode, as `OpenAI` defines it and Azure, Groq and many others speak it too.
//!
//! Only keywords that strict mode documents are sent; a rule left out is a [`Loss`], and what
//! strict mode can't say at all makes the schema unenforced instead of different.

use serde_json::{Map, Value, json};

use super::accepted_name;
use super::strict::{self, is_annotation, is_free_form};
use crate::error::{Error, Result};
use crate::reply::OutlineCell;
use crate::schema::json_schema::{walk, walk_mut};
use crate::schema::{Loss, Method, OutputSchema};

const MAX_PROPERTIES: usize = 5_000;
const MAX_LEVELS: usize = 10;
const MAX_ENUM_VALUES: usize = 1_000;

/// What strict mode understands.
const KEYWORDS: [&str; 22] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "enum",
    "const",
    "$ref",
    "$defs",
    "definitions",
    "title",
    "description",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
];
const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Compiles `schema` for the first of `methods` by which it can be asked for.
///
/// # Errors
/// [`Error::Schema`]: there is none.
pub fn compile(methods: &[Method], name: &str, schema: &Value) -> Result<OutputSchema> {
    let losses = inexpressible(schema);
    let mut methods = methods.iter().copied();
    let method = methods.find(|method| losses.is_empty() || *method != Method::Strict);
    let method =
        method.ok_or_else(|| Error::Schema(format!("{name}: strict mode can't say it")))?;
    let mut output = OutputSchema {
        name: accepted_name(name),
        original: schema.clone(),
        compiled: schema.clone(),
        adds_nulls: false,
        method,
        losses,
        outline: OutlineCell::default(),
    };
    if method == Method::Strict {
        walk_mut(&mut output.compiled, &mut |part, pointer| {
            adapt(part, pointer, &mut output.losses);
        });
        let closed = strict::close(&output.compiled);
        output.compiled = closed.schema;
        output.adds_nulls = closed.adds_nulls;
    } else {
        walk_mut(&mut output.compiled, &mut |part, _| {
            if let Some(members) = part.as_object_mut() {
                members.retain(|keyword, _| !keyword.starts_with("x-"));
            }
        });
    }
    Ok(output)
}

/// What of `schema` strict mode has no words for.
fn inexpressible(schema: &Value) -> Vec<Loss> {
    let mut losses = Vec::new();
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if !is_object || schema.get("anyOf").is_some() {
        losses.push(loss("", "type"));
    }
    let (mut properties, mut values) = (0, 0);
    walk(schema, &mut |part, pointer| match part {
        Value::Object(members) => {
            properties += count(members, "properties");
            values += count(members, "enum");
            if let Some(keyword) = unspeakable(members) {
                losses.push(loss(pointer, keyword));
            }
        }
        // `true`: a value of any kind.
        _ => losses.push(loss(pointer, "type")),
    });
    if properties > MAX_PROPERTIES || levels(schema) > MAX_LEVELS {
        losses.push(loss("", "properties"));
    }
    if values > MAX_ENUM_VALUES {
        losses.push(loss("", "enum"));
    }
    losses
}

fn unspeakable(members: &Map<String, Value>) -> Option<&'static str> {
    if is_free_form(members) {
        return Some("additionalProperties");
    }
    let many =
        |keyword: &str| members.get(keyword).and_then(Value::as_array).map_or(0, Vec::len) > 1;
    if many("allOf") {
        return Some("allOf");
    }
    if members.contains_key("prefixItems") {
        return Some("prefixItems");
    }
    let typed = ["type", "anyOf", "oneOf", "allOf", "$ref", "enum", "const", "properties"];
    let is_list = members.get("type").is_some_and(|kind| kind == "array");
    if !typed.iter().any(|keyword| members.contains_key(*keyword)) {
        Some("type")
    } else if is_list && !members.contains_key("items") {
        Some("items")
    } else {
        None
    }
}

fn count(members: &Map<String, Value>, keyword: &str) -> usize {
    match members.get(keyword) {
        Some(Value::Object(named)) => named.len(),
        Some(Value::Array(listed)) => listed.len(),
        _ => 0,
    }
}

/// How deep objects stand in objects, as written: what `$ref`s lead to is counted on its own.
fn levels(schema: &Value) -> usize {
    let mut most = 0;
    walk(schema, &mut |_, pointer| {
        let local = pointer.strip_prefix("/$defs/").unwrap_or(pointer);
        most = most.max(local.matches("/properties/").count());
    });
    most
}

/// Puts one subschema into the words of strict mode.
fn adapt(schema: &mut Value, pointer: &str, losses: &mut Vec<Loss>) {
    let Some(members) = schema.as_object_mut() else { return };
    rename(members, "allOf", "anyOf");
    if rename(members, "oneOf", "anyOf") {
        losses.push(loss(pointer, "oneOf"));
    }
    members.retain(|keyword, value| {
        let kept = KEYWORDS.contains(&keyword.as_str()) && is_supported(keyword, value);
        if !kept && !is_annotation(keyword) && keyword != "discriminator" {
            losses.push(loss(pointer, keyword));
        }
        kept
    });
    if members.len() > 1
        && let Some(reference) = members.shift_remove("$ref")
    {
        // Strict mode allows nothing beside a reference.
        members.retain(|keyword, _| {
            let kept = is_annotation(keyword);
            if !kept {
                losses.push(loss(pointer, keyword));
            }
            kept
        });
        members.insert("anyOf".to_owned(), json!([{"$ref": reference}]));
    }
}

/// Renames a keyword, in its place, unless the new name is taken.
fn rename(members: &mut Map<String, Value>, from: &str, to: &str) -> bool {
    if !members.contains_key(from) || members.contains_key(to) {
        return false;
    }
    let renamed = |keyword: String| if keyword == from { to.to_owned() } else { keyword };
    *members = std::mem::take(members).into_iter().map(|(k, v)| (renamed(k), v)).collect();
    true
}

fn is_supported(keyword: &str, value: &Value) -> bool {
    match keyword {
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        // Look-around and back references are refused, by strict mode and by this crate alike.
        "pattern" => value.as_str().is_some_and(|pattern| regex::Regex::new(pattern).is_ok()),
        _ => true,
    }
}

fn loss(pointer: &str, keyword: &str) -> Loss {
    Loss { pointer: pointer.to_owned(), keyword: keyword.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::error::Result;
    use crate::schema::json_schema::{items_of, walk};
    use crate::schema::{Method, OutputSchema};

    fn compile(name: &str, schema: &Value) -> Result<OutputSchema> {
        super::compile(&[Method::Strict, Method::Schema], name, schema)
    }

    fn object(properties: &Value) -> Value {
        json!({"type": "object", "properties": properties})
    }

    fn losses(output: &OutputSchema) -> Vec<(&str, &str)> {
        output.losses.iter().map(|loss| (loss.pointer.as_str(), loss.keyword.as_str())).collect()
    }

    #[test]
    fn rules_outside_strict_mode_are_left_out_and_reported() {
        let cases = [
            (json!({"type": "string", "minLength": 1}), vec!["minLength"]),
            (json!({"type": "string", "pattern": "^a+$"}), vec![]),
            (json!({"type": "string", "pattern": "^(?!a)"}), vec!["pattern"]),
            (json!({"type": "string", "format": "date"}), vec![]),
            (json!({"type": "string", "format": "uri"}), vec!["format"]),
            (json!({"type": "integer", "minimum": 1, "multipleOf": 5}), vec![]),
            (json!({"type": "integer", "default": 1, "examples": [1], "x-copied": false}), vec![]),
            (
                json!({"type": "array", "items": {"type": "null"}, "uniqueItems": true}),
                vec!["uniqueItems"],
            ),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "integer"}], "discriminator": {}}),
                vec!["oneOf"],
            ),
            (json!({"allOf": [{"type": "string"}]}), vec![]),
            (
                json!({"type": "string", "not": {"const": "a"}, "if": {"const": "b"}}),
                vec!["not", "if"],
            ),
        ];
        for (property, keywords) in cases {
            let output = compile("x", &object(&json!({"p": property}))).unwrap();
            let expected: Vec<_> = keywords.iter().map(|word| ("/properties/p", *word)).collect();
            assert!(output.is_enforced(), "{property}");
            assert_eq!(losses(&output), expected, "{property}");
            let sent = output.compiled.to_string();
            for word in keywords.iter().chain(&["default", "examples", "x-copied"]) {
                let is_sent = sent.contains(&format!("\"{word}\":"));
                assert!(!is_sent, "{word} in {sent}");
            }
        }
    }

    #[test]
    fn what_strict_mode_cannot_say_is_sent_as_it_is_and_reported() {
        let cases = [
            (json!({}), "type"),
            (json!(true), "type"),
            (json!({"type": "object"}), "additionalProperties"),
            (
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
                "additionalProperties",
            ),
            (json!({"type": "array"}), "items"),
            (
                json!({"type": "array", "prefixItems": [{"type": "string"}], "items": false}),
                "prefixItems",
            ),
            (json!({"allOf": [{"type": "string"}, {"minLength": 1, "type": "string"}]}), "allOf"),
        ];
        for (property, keyword) in cases {
            let schema = object(&json!({"p": property}));
            let output = compile("x", &schema).unwrap();
            assert!(!output.is_enforced() && !output.adds_nulls, "{schema}");
            assert_eq!(output.compiled, schema);
            assert_eq!(losses(&output), [("/properties/p", keyword)]);
        }
        for root in [json!({"type": "array", "items": {"type": "string"}}), json!({})] {
            assert!(!compile("x", &root).unwrap().is_enforced());
        }
    }

    #[test]
    fn sizes_beyond_the_limits_are_not_enforced() {
        let deep = (0..11).fold(json!({"type": "string"}), |inner, _| object(&json!({"p": inner})));
        let values: Vec<_> = (0..1_001).collect();
        let long = object(&json!({"p": {"enum": values}}));
        let wide: serde_json::Map<_, _> =
            (0..5_001).map(|n| (format!("p{n}"), json!({"type": "null"}))).collect();
        let wide = object(&Value::Object(wide));
        for (schema, keyword) in [(deep, "properties"), (long, "enum"), (wide, "properties")] {
            let output = compile("x", &schema).unwrap();
            assert_eq!((output.is_enforced(), losses(&output)), (false, vec![("", keyword)]));
        }
    }

    #[test]
    fn a_described_reference_becomes_a_union_of_one() {
        let item = json!({
            "$defs": {"Node": {"type": "object", "properties": {
                "next": {"$ref": "#/$defs/Node", "description": "The next one"}}}},
            "$ref": "#/$defs/Node",
        });
        let output = compile("x", &items_of(&item)).unwrap();
        assert!(output.is_enforced());
        let expected = json!({"description": "The next one", "anyOf": [
            {"anyOf": [{"$ref": "#/$defs/Node"}]}, {"type": "null"}]});
        assert_eq!(output.compiled["$defs"]["Node"]["properties"]["next"], expected);
    }

    #[test]
    fn every_object_sent_is_closed() {
        let schema = items_of(&json!({
            "$defs": {"B": object(&json!({"n": {"type": ["integer", "null"]}}))},
            "type": "object",
            "properties": {"a": object(&json!({})), "b": {"anyOf": [{"$ref": "#/$defs/B"}]}},
            "additionalProperties": true,
        }));
        let output = compile("x", &schema).unwrap();
        assert!(output.is_enforced() && output.losses.is_empty());
        assert_eq!(output.original, schema);
        walk(&output.compiled, &mut |part, pointer| {
            if part["type"] == "object" {
                let names: Vec<_> = part["properties"].as_object().unwrap().keys().collect();
                assert_eq!(part["required"], json!(names), "{pointer}");
                assert_eq!(part["additionalProperties"], json!(false), "{pointer}");
            }
        });
    }

    #[test]
    fn names_are_made_acceptable() {
        let long = "n".repeat(100);
        for (name, accepted) in [
            ("Invoice-1", "Invoice-1"),
            ("Liste (ä)", "Liste____"),
            ("", "reply"),
            (&long, &long[..64]),
        ] {
            assert_eq!(compile(name, &object(&json!({}))).unwrap().name, accepted);
        }
    }
}
