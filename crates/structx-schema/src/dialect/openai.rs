//! `OpenAI`'s strict mode, which Azure, Groq and many others also implement. Keywords, formats and
//! limits:
//! platform.openai.com/docs/guides/structured-outputs#supported-schemas

use serde_json::{Map, Value, json};

use super::rewriter::{CompiledSchema, Report, SchemaRewriter};
use super::strict::{self, is_annotation};
use super::{dictionaries, tuples};
use crate::UnenforcedRule;
use crate::json_schema::walk;

const MAX_PROPERTIES: usize = 5_000;
const MAX_LEVELS: usize = 10;
const MAX_ENUM_VALUES: usize = 1_000;
/// Of all names and listed values together.
const MAX_CHARACTERS: usize = 120_000;
/// Longer lists of values have a limit on their characters.
const LARGE_ENUM: usize = 250;
const MAX_LARGE_ENUM_CHARACTERS: usize = 15_000;

const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

pub(super) fn strict(original: &Value) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
    let mut rewriter = SchemaRewriter::new(original);
    check_root(&mut rewriter);
    tuples::widen(&mut rewriter, false);
    dictionaries::to_lists(&mut rewriter);
    rewriter.check_kinds(false);
    rewriter.close_objects();
    rewriter.keep_supported(supports);
    rewriter.each(separate_reference);
    check_limits(&mut rewriter);
    let closed = strict::close(&rewriter.schema);
    rewriter.schema = closed.schema;
    rewriter.is_rewritten |= closed.adds_nulls;
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
        | "definitions"
        | "minimum"
        | "maximum"
        | "exclusiveMinimum"
        | "exclusiveMaximum"
        | "multipleOf"
        | "minItems"
        | "maxItems" => true,
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        // Like this regex engine, strict mode refuses look-around and back references.
        "pattern" => value.as_str().is_some_and(|pattern| regex::Regex::new(pattern).is_ok()),
        _ => false,
    }
}

fn check_root(rewriter: &mut SchemaRewriter) {
    let Some(root) = rewriter.schema.as_object() else { return };
    if root.get("type").is_none_or(|kind| kind != "object") || root.contains_key("anyOf") {
        rewriter.report.unsupported(root, "type", "a reply that is no object");
    }
}

/// Strict mode allows no keyword beside `$ref`, so a described reference becomes a union of one.
fn separate_reference(part: &mut Map<String, Value>, report: &mut Report) {
    if !part.contains_key("$ref") || part.keys().all(|it| it.starts_with("x-") || it == "$ref") {
        return;
    }
    let Some(reference) = part.shift_remove("$ref") else { return };
    let rules: Vec<String> = part
        .keys()
        .filter(|keyword| {
            !is_annotation(keyword) && *keyword != "$defs" && *keyword != "definitions"
        })
        .cloned()
        .collect();
    for keyword in rules {
        part.shift_remove(&keyword);
        report.unenforced(part, &keyword, "not enforced");
    }
    part.insert("anyOf".to_owned(), json!([{"$ref": reference}]));
}

fn check_limits(rewriter: &mut SchemaRewriter) {
    let properties = rewriter.count(|part| members(part, "properties").count());
    let values = rewriter.count(|part| listed(part).len());
    let text = rewriter.count(|part| {
        let names = ["properties", "$defs", "definitions"]
            .map(|keyword| members(part, keyword).map(|name| name.chars().count()).sum::<usize>());
        names.iter().sum::<usize>() + characters(listed(part))
    });
    let levels = levels(&rewriter.schema);
    rewriter.report.limit("properties", "properties", properties, MAX_PROPERTIES);
    rewriter.report.limit("properties", "levels of objects in objects", levels, MAX_LEVELS);
    rewriter.report.limit("enum", "listed values", values, MAX_ENUM_VALUES);
    rewriter.report.limit("properties", "characters in names and values", text, MAX_CHARACTERS);
    rewriter.each(|part, report| {
        let values = listed(part);
        let count = characters(values);
        if values.len() > LARGE_ENUM && count > MAX_LARGE_ENUM_CHARACTERS {
            let problem = format!(
                "{} listed values of {count} characters, and the provider takes \
                 {MAX_LARGE_ENUM_CHARACTERS} in a list of over {LARGE_ENUM}",
                values.len()
            );
            report.unsupported(part, "enum", &problem);
        }
    });
}

fn members<'a>(part: &'a Map<String, Value>, keyword: &str) -> impl Iterator<Item = &'a String> {
    part.get(keyword).and_then(Value::as_object).into_iter().flat_map(Map::keys)
}

fn listed(part: &Map<String, Value>) -> &[Value] {
    part.get("enum").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn characters(values: &[Value]) -> usize {
    let length = |value: &Value| match value {
        Value::String(text) => text.chars().count(),
        other => other.to_string().len(),
    };
    values.iter().map(length).sum()
}

/// The nesting depth of objects as written; definitions are counted on their own.
fn levels(schema: &Value) -> usize {
    let mut most = 0;
    walk(schema, &mut |_, pointer| {
        let local = pointer.strip_prefix("/$defs/").unwrap_or(pointer);
        most = most.max(local.matches("/properties/").count());
    });
    most
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::dialect::{self, Dialect};
    use crate::error::Result;
    use crate::json_schema::{items_of, walk};
    use crate::{OutputMode, OutputSchema};

    fn compile(name: &str, schema: &Value) -> Result<OutputSchema> {
        dialect::compile(Dialect::OpenAi, &[OutputMode::Strict, OutputMode::Schema], name, schema)
    }

    fn object(properties: &Value) -> Value {
        json!({"type": "object", "properties": properties})
    }

    fn unenforced(output: &OutputSchema) -> Vec<(&str, &str)> {
        output
            .unenforced
            .iter()
            .map(|rule| (rule.pointer.as_str(), rule.keyword.as_str()))
            .collect()
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
            (json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}), vec!["oneOf"]),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "integer"}], "discriminator": {}}),
                vec![],
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
            assert_eq!(unenforced(&output), expected, "{property}");
            let sent = output.compiled.to_string();
            for word in keywords.iter().chain(&["default", "examples", "x-copied"]) {
                let is_sent = sent.contains(&format!("\"{word}\":"));
                assert!(!is_sent, "{word} in {sent}");
            }
        }
    }

    #[test]
    fn what_strict_mode_cannot_say_is_sent_as_it_is_and_reported() {
        let list = json!({"type": "array", "items": {"type": "string"}});
        let scores = json!({"type": "object", "additionalProperties": {"type": "integer"}});
        let cases = [
            (json!({}), "type"),
            (json!(true), "type"),
            (json!({"type": "object"}), "additionalProperties"),
            (json!({"type": "object", "additionalProperties": true}), "additionalProperties"),
            (json!({"anyOf": [list, scores]}), "anyOf"),
            (json!({"type": "array"}), "items"),
            (json!({"type": "array", "prefixItems": [{"type": "string"}]}), "items"),
            (json!({"allOf": [{"type": "string"}, {"minLength": 1, "type": "string"}]}), "allOf"),
        ];
        for (property, keyword) in cases {
            let schema = object(&json!({"p": property}));
            let output = compile("x", &schema).unwrap();
            assert!(!output.is_enforced() && !output.is_rewritten, "{schema}");
            assert_eq!(output.compiled, schema);
            assert_eq!(unenforced(&output), [("", ""), ("/properties/p", keyword)]);
            assert!(output.unenforced[0].outcome.starts_with("not enforced: "));
        }
        for root in [list, json!({})] {
            assert!(!compile("x", &root).unwrap().is_enforced());
        }
    }

    #[test]
    fn dictionaries_and_tuples_become_lists() {
        let output = compile(
            "x",
            &object(&json!({
                "scores": {
                    "description": "By name",
                    "type": "object",
                    "propertyNames": {"enum": ["a", "b"]},
                    "additionalProperties": {"type": "integer", "minimum": 0},
                    "minProperties": 1,
                },
                "pair": {
                    "type": "array",
                    "prefixItems": [{"type": "string"}, {"type": "integer"}],
                    "minItems": 2,
                    "maxItems": 2,
                },
            })),
        )
        .unwrap();
        let properties = &output.compiled["properties"];
        let entry = json!({
            "type": "object",
            "properties": {
                "key": {"type": "string", "enum": ["a", "b"]},
                "value": {"type": "integer", "minimum": 0},
            },
            "required": ["key", "value"],
            "additionalProperties": false,
        });
        let scores = json!({"type": "array", "items": entry, "minItems": 1});
        assert_eq!(properties["scores"]["description"], "By name");
        assert_eq!(properties["scores"]["anyOf"], json!([scores, {"type": "null"}]));
        assert_eq!(
            properties["pair"],
            json!({"description": "in this order: string, integer", "anyOf": [
                {"type": "array", "minItems": 2, "maxItems": 2,
                 "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                {"type": "null"}]})
        );
        assert!(output.is_enforced() && output.is_rewritten);
        let scores = ("/properties/scores", "additionalProperties");
        assert_eq!(unenforced(&output), [("/properties/pair", "prefixItems"), scores]);
    }

    #[test]
    fn sizes_beyond_the_limits_are_told_with_their_count() {
        let deep = (0..11).fold(json!({"type": "string"}), |inner, _| object(&json!({"p": inner})));
        let numbers: Vec<_> = (0..1_001).collect();
        let wide: serde_json::Map<_, _> =
            (0..5_001).map(|n| (format!("p{n}"), json!({"type": "null"}))).collect();
        let texts: Vec<_> = (0..300).map(|n| format!("{n:060}")).collect();
        let name = "n".repeat(120_001);
        for (schema, problem) in [
            (deep, "11 levels of objects in objects, and the provider takes 10"),
            (
                object(&json!({"p": {"enum": numbers}})),
                "1001 listed values, and the provider takes 1000",
            ),
            (object(&Value::Object(wide)), "5001 properties, and the provider takes 5000"),
            (
                object(&json!({"p": {"enum": texts}})),
                "/properties/p: 300 listed values of 18000 characters, and the provider takes 15000 \
                 in a list of over 250",
            ),
            (
                object(&json!({name: {"type": "null"}})),
                "120001 characters in names and values, and the provider takes 120000",
            ),
        ] {
            let strict = [OutputMode::Strict];
            let error = dialect::compile(Dialect::OpenAi, &strict, "X", &schema).unwrap_err();
            let expected = format!("X: the provider can't be asked for it: {problem}");
            assert!(error.to_string().ends_with(&expected), "{error}");
            let output = compile("x", &schema).unwrap();
            assert_eq!((output.mode, output.unenforced.len()), (OutputMode::Schema, 2));
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
        assert!(output.is_enforced());
        let item = "/properties/items/items";
        assert_eq!(unenforced(&output), [(item, "additionalProperties")]);
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
