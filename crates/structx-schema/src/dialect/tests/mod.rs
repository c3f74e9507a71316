//! Properties of every dialect: valid replies survive, and invalid ones are possible only where a rule
//! is reported as unenforced.

mod checker;
mod random;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Map, Value, json};

use super::{Dialect, compile, restore};
use crate::json_schema::walk;
use crate::{OutputMode, OutputSchema};
use checker::is_valid;
use random::{Choices, Schema};

const DIALECTS: [Dialect; 5] =
    [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini, Dialect::GeminiOpenApi, Dialect::Ollama];
const DEPTH: usize = 6;

/// The compiled form of a schema in each dialect.
fn enforced(schema: &Value) -> Vec<(Dialect, OutputSchema)> {
    let modes = [OutputMode::Strict, OutputMode::Prompt];
    let compiled = |dialect| (dialect, compile(dialect, &modes, "x", schema).unwrap());
    DIALECTS.map(compiled).into_iter().filter(|(_, output)| output.is_enforced()).collect()
}

/// The form in which a decoder of `schema` would write a value of the original.
fn written(value: &Value, schema: &Value, root: &Value) -> Value {
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        return written(value, root.pointer(&path[1..]).unwrap(), root);
    }
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        let forms = branches.iter().map(|branch| (branch, written(value, branch, root)));
        let form = forms.into_iter().find(|(branch, form)| is_valid(form, branch, root));
        return form.map_or_else(|| value.clone(), |(_, form)| form);
    }
    match value {
        Value::Object(members) if schema.pointer("/items/properties/value").is_some() => members
            .iter()
            .map(|(name, member)| {
                let kind = &schema["items"]["properties"]["value"];
                json!({"key": name, "value": written(member, kind, root)})
            })
            .collect(),
        Value::Object(members) => written_object(members, schema, root),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let kind = schema.get("prefixItems").map_or(&schema["items"], |it| &it[index]);
                written(item, kind, root)
            })
            .collect(),
        _ => value.clone(),
    }
}

/// Adds or drops nulls for absent members, as the schema requires.
fn written_object(members: &Map<String, Value>, schema: &Value, root: &Value) -> Value {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut object = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let member = members.get(name).unwrap_or(&Value::Null);
        let is_said = members.contains_key(name) && is_said(member, property, root);
        if is_said || required.contains(&json!(name)) {
            object.insert(name.clone(), written(member, property, root));
        }
    }
    for (name, member) in
        members.iter().filter(|(name, _)| schema["properties"].get(name).is_none())
    {
        object.insert(name.clone(), written(member, &schema["additionalProperties"], root));
    }
    object.into()
}

fn is_said(member: &Value, property: &Value, root: &Value) -> bool {
    !member.is_null() || is_valid(member, property, root)
}

/// Whether a reply equals the value apart from nulls that stand for absent members.
fn says_the_same(reply: &Value, value: &Value) -> bool {
    match (reply, value) {
        (Value::Object(reply), Value::Object(value)) => {
            value.iter().all(|(name, member)| {
                let said = reply.get(name).unwrap_or(&Value::Null);
                says_the_same(said, member)
            }) && reply.iter().all(|(name, member)| value.contains_key(name) || member.is_null())
        }
        (Value::Array(reply), Value::Array(value)) => {
            reply.len() == value.len()
                && reply.iter().zip(value).all(|(said, item)| says_the_same(said, item))
        }
        _ => reply == value,
    }
}

/// The original without the rules that are reported as unenforced.
fn without_unenforced(output: &OutputSchema) -> Value {
    let mut schema = output.original.clone();
    let mut unenforced: Vec<_> = output.unenforced.iter().collect();
    // Inner ones first, as the outer may take them along.
    unenforced.sort_by_key(|rule| std::cmp::Reverse(rule.pointer.len()));
    for rule in unenforced {
        let part = schema.pointer_mut(&rule.pointer).and_then(Value::as_object_mut);
        let part = part.unwrap_or_else(|| panic!("{rule:?}"));
        let removed = part.shift_remove(&rule.keyword).unwrap_or_else(|| panic!("{rule:?}"));
        if rule.keyword == "oneOf" {
            part.insert("anyOf".to_owned(), removed);
        } else if rule.keyword == "additionalProperties" && !part.contains_key("properties") {
            // A list that has a key twice stays one.
            part.retain(|keyword, _| keyword == "description");
        }
    }
    schema
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_valid_value_can_be_written_and_comes_back(
        Schema(schema) in random::schema(),
        choices in prop::collection::vec(any::<u8>(), 64),
    ) {
        let value = random::value(&schema, &schema, DEPTH, &mut Choices(choices));
        prop_assume!(is_valid(&value, &schema, &schema));
        for (dialect, output) in enforced(&schema) {
            let sent = &output.compiled;
            let mut reply = written(&value, sent, sent);
            prop_assert!(is_valid(&reply, sent, sent), "{dialect:?}: {reply} of {sent}");
            if output.is_rewritten {
                restore(&mut reply, &schema);
            }
            prop_assert!(is_valid(&reply, &schema, &schema), "{dialect:?}: {reply} of {sent}");
            prop_assert!(says_the_same(&reply, &value), "{dialect:?}: {reply} for {value}");
        }
    }

    #[test]
    fn every_reply_is_valid_but_for_the_losses(
        Schema(schema) in random::schema(),
        choices in prop::collection::vec(any::<u8>(), 64),
    ) {
        for (dialect, output) in enforced(&schema) {
            let sent = &output.compiled;
            let mut reply = random::value(sent, sent, DEPTH, &mut Choices(choices.clone()));
            if !is_valid(&reply, sent, sent) {
                continue;
            }
            if output.is_rewritten {
                restore(&mut reply, &schema);
            }
            let rules = without_unenforced(&output);
            prop_assert!(is_valid(&reply, &rules, &rules), "{dialect:?}: {reply} of {sent}");
        }
    }

    #[test]
    fn each_dialect_is_told_only_what_it_knows(Schema(schema) in random::schema()) {
        for (dialect, output) in enforced(&schema) {
            let refused: &[&str] = match dialect {
                Dialect::OpenAi => &["oneOf", "const", "prefixItems", "minLength", "uniqueItems"],
                Dialect::Anthropic => &["oneOf", "maximum", "multipleOf", "maxItems", "minLength"],
                Dialect::Gemini => &["oneOf", "pattern", "minLength", "exclusiveMinimum"],
                Dialect::GeminiOpenApi => &["$ref", "additionalProperties", "const", "prefixItems"],
                Dialect::Ollama | Dialect::Plain => &["multipleOf", "uniqueItems", "propertyNames"],
            };
            walk(&output.compiled, &mut |part, pointer| {
                let is_alone = part.get("$ref").is_none() || part.as_object().unwrap().len() == 1;
                assert!(dialect != Dialect::Gemini || is_alone, "{pointer}: {part}");
                for keyword in part.as_object().unwrap().keys() {
                    assert!(!keyword.starts_with("x-"), "{dialect:?} {pointer} {keyword}");
                    assert!(!refused.contains(&keyword.as_str()), "{dialect:?} {pointer} {keyword}");
                }
            });
        }
    }
}

fn unenforced(output: &OutputSchema) -> Vec<(&str, &str)> {
    output.unenforced.iter().map(|rule| (rule.pointer.as_str(), rule.keyword.as_str())).collect()
}

fn object(properties: &Value) -> Value {
    json!({"type": "object", "properties": properties, "required": []})
}

/// A field of each type, as pydantic writes them.
fn fields() -> Value {
    json!({
        "code": {"type": "string", "minLength": 1, "description": "Its code"},
        "country": {"anyOf": [{"type": "string", "pattern": "^[A-Z]{2}$"}, {"type": "null"}],
                    "default": null},
        "rating": {"type": "number", "maximum": 5, "exclusiveMinimum": 0},
        "kind": {"const": "a", "type": "string"},
        "seller": {"$ref": "#/$defs/Party", "description": "Who sells"},
    })
}

fn invoice() -> Value {
    let mut schema = object(&fields());
    schema["$defs"] =
        json!({"Party": object(&json!({"size": {"enum": [1, 2], "type": "integer"}}))});
    schema["required"] = json!(["code", "kind", "seller"]);
    schema
}

#[test]
fn anthropic_is_told_limits_in_words() {
    let output = compile(Dialect::Anthropic, &[OutputMode::Strict], "x", &invoice()).unwrap();
    let party = json!({
        "type": "object",
        "properties": {"size": {"enum": [1, 2], "type": "integer"}},
        "required": [],
        "additionalProperties": false,
        "description": "Who sells",
    });
    let expected = json!({
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "Its code (at least 1 character)"},
            "country": {"anyOf": [{"type": "string", "pattern": "^[A-Z]{2}$"}, {"type": "null"}]},
            "rating": {"type": "number", "description": "more than 0, at most 5"},
            "kind": {"type": "string", "enum": ["a"]},
            "seller": party,
        },
        "required": ["code", "kind", "seller", "country"],
        "additionalProperties": false,
    });
    let mut sent = Value::clone(&output.compiled);
    sent.as_object_mut().unwrap().shift_remove("$defs");
    assert_eq!(sent, expected);
    let rating = "/properties/rating";
    let expected =
        [("/properties/code", "minLength"), (rating, "maximum"), (rating, "exclusiveMinimum")];
    assert_eq!(unenforced(&output), expected);
}

#[test]
fn anthropic_has_room_for_so_many_unions_and_optional_properties() {
    let many = |count: usize, property: Value| {
        let properties = (0..count).map(|n| (format!("p{n}"), property.clone()));
        object(&Value::Object(properties.collect()))
    };
    let nullable = json!({"anyOf": [{"type": "string"}, {"type": "null"}], "default": null});
    let union = json!({"anyOf": [{"type": "string"}, {"type": "integer"}]});
    let text = json!({"type": "string"});
    let strict = [OutputMode::Strict];
    for (schema, problem) in [
        (many(40, nullable.clone()), None),
        (many(41, nullable), Some("25 optional properties, and the provider takes 24")),
        (many(24, text.clone()), None),
        (many(25, text), Some("25 optional properties, and the provider takes 24")),
        (many(17, union), Some("17 values of several types, and the provider takes 16")),
    ] {
        let compiled = compile(Dialect::Anthropic, &strict, "X", &schema);
        let found = compiled.err().map(|error| error.to_string());
        assert_eq!(found.is_some(), problem.is_some(), "{found:?}");
        assert!(found.unwrap_or_default().contains(problem.unwrap_or_default()));
    }
}

#[test]
fn gemini_is_told_with_references_written_out() {
    let output = compile(Dialect::Gemini, &[OutputMode::Strict], "x", &invoice()).unwrap();
    let sent = &output.compiled["properties"];
    assert_eq!(sent["seller"]["properties"]["size"], json!({"enum": [1, 2], "type": "integer"}));
    assert_eq!(sent["seller"]["description"], "Who sells");
    assert_eq!(sent["country"]["anyOf"][0]["description"], "matches ^[A-Z]{2}$");
    assert_eq!(
        output.compiled["propertyOrdering"],
        json!(["code", "country", "rating", "kind", "seller"])
    );
    let expected = [
        ("/properties/code", "minLength"),
        ("/properties/country/anyOf/0", "pattern"),
        ("/properties/rating", "exclusiveMinimum"),
    ];
    assert_eq!(unenforced(&output), expected);
}

#[test]
fn older_gemini_is_told_in_the_words_of_open_api() {
    let output = compile(Dialect::GeminiOpenApi, &[OutputMode::Strict], "x", &invoice()).unwrap();
    let sent = &output.compiled["properties"];
    let country = json!({"type": "STRING", "pattern": "^[A-Z]{2}$", "nullable": true});
    assert_eq!(sent["country"], country);
    assert_eq!(sent["kind"], json!({"type": "STRING", "enum": ["a"], "format": "enum"}));
    let size = json!({"type": "INTEGER", "description": "one of 1, 2"});
    assert_eq!(sent["seller"]["properties"]["size"], size);
    let expected =
        [("/properties/rating", "exclusiveMinimum"), ("/$defs/Party/properties/size", "enum")];
    assert_eq!(unenforced(&output), expected);
}

#[test]
fn ollama_is_told_what_a_grammar_can_say() {
    let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern});
    for (property, lost) in [
        (pattern("^[A-Z]{2}-(a|b)+$"), None),
        (pattern("[A-Z]"), Some("pattern")),
        (pattern(r"^\d+$"), Some("pattern")),
        (pattern("^.*$"), Some("pattern")),
        (pattern("^a|b$"), Some("pattern")),
        (json!({"type": "integer", "minimum": 1, "exclusiveMaximum": 5}), None),
        (json!({"type": "number", "minimum": 1}), Some("minimum")),
        (json!({"type": "string", "maxLength": 1000}), None),
        (json!({"type": "string", "maxLength": 2000}), Some("maxLength")),
        (json!({"type": "string", "format": "date"}), None),
        (json!({"type": "string", "format": "email"}), Some("format")),
        (json!({"type": "object", "additionalProperties": {"type": "string"}}), None),
    ] {
        let schema = object(&json!({"p": property}));
        let output = compile(Dialect::Ollama, &[OutputMode::Strict], "x", &schema).unwrap();
        let keywords: Vec<_> = output.unenforced.iter().map(|rule| rule.keyword.as_str()).collect();
        assert_eq!(keywords, Vec::from_iter(lost), "{property}");
    }
}

#[test]
fn recursion_is_left_to_methods_that_take_any_schema() {
    let node = object(&json!({"next": {"$ref": "#/$defs/Node"}}));
    let schema = json!({"type": "object", "$defs": {"Node": node},
                        "properties": {"first": {"$ref": "#/$defs/Node"}}});
    for (dialect, mode) in [
        (Dialect::OpenAi, OutputMode::Strict),
        (Dialect::Ollama, OutputMode::Strict),
        (Dialect::Anthropic, OutputMode::Tool),
        (Dialect::Gemini, OutputMode::Strict),
        (Dialect::GeminiOpenApi, OutputMode::Prompt),
        (Dialect::Plain, OutputMode::Strict),
    ] {
        let modes = [OutputMode::Strict, OutputMode::Tool, OutputMode::Prompt];
        let output = compile(dialect, &modes, "x", &schema).unwrap();
        assert_eq!(output.mode, mode, "{dialect:?}");
        if mode != OutputMode::Strict {
            assert_eq!(output.compiled, schema);
            assert_eq!(unenforced(&output)[..2], [("", ""), ("", "$ref")]);
        }
    }
}

#[test]
fn the_random_schemas_are_enforced_often() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts = [0; DIALECTS.len()];
    for _ in 0..200 {
        let Schema(schema) = random::schema().new_tree(&mut runner).unwrap().current();
        for (dialect, _) in enforced(&schema) {
            counts[DIALECTS.iter().position(|it| *it == dialect).unwrap()] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
