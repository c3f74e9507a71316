//! Text that models reply. The first byte chooses the schema that it is read along.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use structx::reply::{complete_items, parse};
use structx::schema::dialect::{Dialect, compile};
use structx::schema::json_schema::items_of;
use structx::schema::{OutputMode, OutputSchema};

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
        [OutputMode::Strict, OutputMode::Prompt].map(|method| {
            compile(Dialect::OpenAi, &[method, OutputMode::Prompt], "reply", schema).expect("a schema")
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
        // What is JSON, and is not mended, stays as it is.
        let is_as_it_was = parsed.repairs.is_empty() && !schema.is_rewritten;
        if let (true, Ok(given)) = (is_as_it_was, serde_json::from_str::<Value>(&text)) {
            assert_eq!(given, value);
        }
    }
    let cut = complete_items(&text, schema);
    serde_json::from_str::<Value>(&cut.json).expect("JSON");
});
