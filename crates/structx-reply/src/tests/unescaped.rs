//! Replies whose strings hold unescaped quotation marks: read as meant, or refused.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::super::parse;
use super::schema_of;

/// The number of replies in a normal run, and the variable that sets another one.
const CASES: usize = 3_000;
const CASES_VARIABLE: &str = "STRUCTX_REPLY_CASES";
const NAMES: [&str; 6] = ["note", "text", "tags", "total", "seller", "b"];

/// The outcomes of many replies.
#[derive(Debug, Default)]
struct Counts {
    read: usize,
    refused: usize,
    /// Values that differ from the one that was written but fit the schema.
    wrong: Vec<String>,
    /// Values that differ and don't fit, so that validation rejects them.
    rejected: usize,
    /// Replies that are valid JSON in spite of the quotation marks, as a whole or in a list: their one
    /// reading is another one.
    other: usize,
}

/// Text with quotation marks, as documents have it and as chance makes it.
fn content() -> impl Strategy<Value = String> {
    let name = prop::sample::select(NAMES.to_vec());
    let piece = prop_oneof![
        4 => "[a-z]{1,6}( [a-z]{1,6}){0,2}",
        3 => "\"[a-z]{1,5}( [a-z]{1,4})?\"",
        1 => "[0-9]{1,2}\"",
        1 => "[a-z]{1,4}\"",
        1 => "\"[a-z]{1,4}",
        1 => Just("he said \"a\", \"b\": \"c\"".to_owned()),
        1 => Just("{\"a\": \"b\"}".to_owned()),
        1 => Just("[\"x\", \"y\"]".to_owned()),
        1 => (name.clone(), "[a-z]{0,3}").prop_map(|(name, text)| format!("\", \"{name}\": \"{text}")),
        1 => (name, 0..20).prop_map(|(name, number)| format!("\"{name}\": {number}, ")),
        1 => Just(",\n".to_owned()),
        2 => "[a-z0-9\",:;.!{}\\[\\] \n]{1,8}",
    ];
    let space = prop::sample::select(vec!["", " "]);
    prop::collection::vec((piece, space), 1..4)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, space)| piece + space).collect())
}

/// A schema and a value that fits it.
fn member() -> impl Strategy<Value = (Value, Value)> {
    let text = content().prop_map(|text| (json!({"type": "string"}), json!(text)));
    let leaf = prop_oneof![
        5 => text,
        1 => any::<i32>().prop_map(|number| (json!({"type": "integer"}), json!(number))),
        1 => any::<bool>().prop_map(|yes| (json!({"type": "boolean"}), json!(yes))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let texts = prop::collection::vec(content(), 0..3);
        prop_oneof![
            1 => texts.prop_map(|texts| {
                (json!({"type": "array", "items": {"type": "string"}}), json!(texts))
            }),
            2 => object(inner),
        ]
    })
}

fn object(inner: impl Strategy<Value = (Value, Value)>) -> impl Strategy<Value = (Value, Value)> {
    let member = (prop::sample::select(NAMES.to_vec()), inner);
    prop::collection::vec(member, 1..5).prop_map(|members| {
        let (mut properties, mut value) = (Map::new(), Map::new());
        for (name, (schema, example)) in members {
            if !properties.contains_key(name) {
                properties.insert(name.to_owned(), schema);
                value.insert(name.to_owned(), example);
            }
        }
        let names: Vec<_> = properties.keys().cloned().collect();
        (
            json!({"type": "object", "properties": properties, "required": names}),
            Value::Object(value),
        )
    })
}

/// JSON whose strings are written as they are.
fn written(value: &Value, is_spaced: bool, text: &mut String) {
    let space = if is_spaced { " " } else { "" };
    match value {
        Value::String(content) => *text += &format!("\"{content}\""),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                *text += &if index > 0 { format!(",{space}") } else { String::new() };
                written(item, is_spaced, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                *text += &if index > 0 { format!(",{space}") } else { String::new() };
                *text += &format!("\"{name}\":{space}");
                written(member, is_spaced, text);
            }
            text.push('}');
        }
        scalar => *text += &scalar.to_string(),
    }
}

/// Whether `value` fits a schema of this file.
fn fits(value: &Value, schema: &Value) -> bool {
    match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value
            .as_array()
            .is_some_and(|items| items.iter().all(|item| fits(item, &schema["items"]))),
        _ => schema["properties"].as_object().is_some_and(|properties| {
            properties.iter().all(|(name, schema)| fits(&value[name], schema))
        }),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(&text.replace('\n', " ")).is_ok()
}

/// Whether an item of a list, as it is written, is two items: `a", "b`.
fn has_split_item(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| match item.as_str() {
            Some(content) => content.contains('"') && is_json(&format!("[\"{content}\"]")),
            None => has_split_item(item),
        }),
        Value::Object(members) => members.values().any(has_split_item),
        _ => false,
    }
}

fn count(cases: usize, seed: u8) -> Counts {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (object(member()), 1..3_usize, any::<bool>());
    let mut counts = Counts::default();
    while counts.read + counts.refused + counts.rejected + counts.wrong.len() < cases {
        let ((schema, item), items, is_spaced) = strategy.new_tree(&mut runner).unwrap().current();
        let value = json!({"items": vec![item; items]});
        let mut text = String::new();
        written(&value, is_spaced, &mut text);
        if is_json(&text) || has_split_item(&value) {
            counts.other += 1;
            continue;
        }
        let schema = schema_of(&schema, false);
        let Ok(parsed) = parse(&text, &schema) else {
            counts.refused += 1;
            continue;
        };
        let read: Value = serde_json::from_str(&parsed.json).unwrap();
        if read == value {
            counts.read += 1;
        } else if fits(&read, &schema.original) {
            counts.wrong.push(format!("{text}\nbecame {read}"));
        } else {
            counts.rejected += 1;
        }
    }
    counts
}

#[test]
fn unescaped_marks_never_give_another_value() {
    let cases = std::env::var(CASES_VARIABLE).ok().and_then(|cases| cases.parse().ok());
    let counts = count(cases.unwrap_or(CASES), 1);
    if cases.is_some() {
        println!(
            "{} read, {} refused, {} rejected by validation, {} wrong; {} others",
            counts.read,
            counts.refused,
            counts.rejected,
            counts.wrong.len(),
            counts.other
        );
    }
    let shown: Vec<&String> = counts.wrong.iter().take(40).collect();
    assert!(
        shown.is_empty(),
        "{} wrong: {}",
        counts.wrong.len(),
        shown.iter().map(|it| format!("\n\n{it}")).collect::<String>()
    );
    // Most of these replies have several readings.
    assert!(counts.read > counts.refused / 6, "{} read, {} refused", counts.read, counts.refused);
}
