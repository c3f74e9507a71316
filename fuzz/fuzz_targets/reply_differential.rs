//! Replies against an independent parser. The first two bytes select the damage and the schema; the
//! rest is JSON. Clean, it must give the value that `serde_json` parses; damaged, it must be repaired to
//! the same value or rejected.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use structx_reply::parse;
use structx_schema::dialect::{Dialect, compile};
use structx_schema::json_schema::items_of;
use structx_schema::{OutputMode, OutputSchema};

#[path = "../../crates/structx-reply/src/tests/one_reading.rs"]
mod one_reading;

use one_reading::{Style, schema_of};

fuzz_target!(|data: &[u8]| {
    let Some((&[faults, missing], text)) = data.split_first_chunk() else { return };
    let Ok(item) = serde_json::from_slice::<Value>(text) else { return };
    let is_typed = faults & 0x80 != 0;
    let schema = schema(&if is_typed { schema_of(&item) } else { json!({}) });
    let value = json!({"items": [item]});
    check(&value.to_string(), &schema, &value);
    check(&Style::from_bits(faults, missing % 4).write(&value), &schema, &value);
});

fn schema(item: &Value) -> OutputSchema {
    let modes = [OutputMode::Prompt];
    compile(Dialect::Plain, &modes, "reply", &items_of(item)).expect("any schema")
}

fn check(text: &str, schema: &OutputSchema, expected: &Value) {
    if let Ok(parsed) = parse(text, schema) {
        let value: Value = serde_json::from_str(&parsed.json).expect("JSON");
        assert_eq!(value, *expected, "{text}");
    }
}
