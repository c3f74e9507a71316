//! Replies of models as text. The first byte selects the schema.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use structx_reply::{complete_items, parse};
use structx_schema::dialect::{Dialect, compile};
use structx_schema::json_schema::items_of;
use structx_schema::{OutputMode, OutputSchema};

static SCHEMAS: LazyLock<Vec<OutputSchema>> = LazyLock::new(|| {
    let flat = json!({"type": "object", "properties": {
        "invoice_number": {"type": "string"},
        "total": {"type": "number"},
        "count": {"type": "integer"},
        "paid": {"type": "boolean"},
        "kind": {"enum": ["invoice", "credit_note", 3, null]},
    }});
    let deep = json!({
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            "scores": {"type": "object", "additionalProperties": {"type": "integer"}},
            "pet": {"anyOf": [
                {"type": "object", "properties": {"kind": {"const": "cat"}}, "required": ["kind"]},
                {"type": "object", "properties": {"kind": {"const": "dog"}}, "required": ["kind"]},
                {"type": "null"},
            ]},
        },
        "$defs": {"Node": {"type": "object", "properties": {
            "name": {"type": ["string", "null"]}, "kin": {"$ref": "#/$defs/Node"},
        }, "additionalProperties": false}},
    });
    let any = json!({"type": "object"});
    let schemas = [items_of(&flat), items_of(&deep), items_of(&any), flat, any];
    let both = |schema| {
        [OutputMode::Strict, OutputMode::Prompt].map(|mode| {
            compile(Dialect::OpenAi, &[mode, OutputMode::Prompt], "reply", schema)
                .expect("a schema")
        })
    };
    schemas.iter().flat_map(both).collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let schema = &SCHEMAS[usize::from(*first) % SCHEMAS.len()];
    let text = String::from_utf8_lossy(rest);
    if let Ok(parsed) = parse(&text, schema) {
        let value: Value = serde_json::from_str(&parsed.json).expect("JSON");
        // Valid JSON that needs no repair keeps its value.
        let is_as_it_was = parsed.repairs.is_empty() && !schema.is_rewritten;
        if let (true, Ok(given)) = (is_as_it_was, serde_json::from_str::<Value>(&text)) {
            assert_eq!(given, value);
        }
    }
    let cut = complete_items(&text, schema);
    serde_json::from_str::<Value>(&cut.json).expect("JSON");
});
