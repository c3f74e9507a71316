//! Tests of whole replies.

mod damage;
mod differential;
mod hostile;
mod lenient;
mod one_reading;
mod repairs;
mod structure;
mod unescaped;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{OutlineCell, parse};
use structx_schema::json_schema::items_of;
use structx_schema::{OutputMode, OutputSchema, dialect};

/// The schema of a reply with items of this schema.
fn schema_of(item: &Value, is_rewritten: bool) -> OutputSchema {
    let original = items_of(item);
    OutputSchema {
        name: "answer".to_owned(),
        compiled: original.clone().into(),
        original,
        is_rewritten,
        mode: OutputMode::Prompt,
        unenforced: Vec::new(),
        outline: OutlineCell::default(),
    }
}

fn invoice() -> Value {
    json!({
        "type": "object",
        "properties": {
            "invoice_number": {"type": "string"},
            "total": {"type": "number"},
            "count": {"type": "integer"},
            "paid": {"type": "boolean"},
            "kind": {"enum": ["invoice", "credit_note", "receipt"]},
            "due": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            "seller": {"$ref": "#/$defs/Party"},
            "by_year": {"type": "object", "additionalProperties": {"type": "integer"}},
            "amount": {"anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"},
            ]},
            "note": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
        },
        "$defs": {
            "Line": {"type": "object", "properties": {"text": {"type": "string"}}},
            "Party": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "kin": {"$ref": "#/$defs/Party"}},
                "additionalProperties": false,
            },
        },
    })
}

fn invoices() -> OutputSchema {
    schema_of(&invoice(), false)
}

/// The parsed value, and `pointer: what` of each repair.
fn read(text: &str, schema: &OutputSchema) -> Result<(Value, Vec<String>), String> {
    let parsed = parse(text, schema)?;
    let repairs = parsed.repairs.iter().map(|it| format!("{}: {}", it.pointer, it.what)).collect();
    Ok((serde_json::from_str(&parsed.json).unwrap(), repairs))
}

#[test]
fn clean_json_is_given_back_as_it_is() {
    for text in [
        r#"{"items": []}"#,
        " {\"items\" : [ {\"total\":1.50 ,\"count\":-3,\"due\":null} ] }\n",
        r#"{"items":[{"note":"```json {\"a\": 1,}```","invoice_number":"1,234.50"}]}"#,
        r#"{"items":[{"kind":"receipt","seller":{"kin":{"name":"A\u00e9\n"}},"lines":[{}]}]}"#,
        r#"{"items":[{"by_year":{"2024":1,"2025":12345678901234567890123}}]}"#,
        r#"{"items":[{"amount":"1.50","total":1e400},{"amount":2}]}"#,
    ] {
        let schema = invoices();
        let parsed = parse(text, &schema).unwrap();
        assert_eq!((&*parsed.json, parsed.repairs.len()), (text, 0));
        assert!(matches!(parsed.json, Cow::Borrowed(_)));
    }
}

#[test]
fn only_nulls_that_stand_for_left_out_are_left_out() {
    let schema = schema_of(&invoice(), true);
    let cases = [
        (r#"{"items":[{"total":null}]}"#, r#"{"items":[{}]}"#),
        (
            r#"{"items":[{"total": null , "due":null,"count" : null,"paid":true}]}"#,
            r#"{"items":[{"due":null,"paid":true}]}"#,
        ),
        (
            r#"{"items":[{"paid":true, "seller":{"name":null,"kin": null } , "total": null}, {"kind":null,"lines":null}]}"#,
            r#"{"items":[{"paid":true, "seller":{} }, {}]}"#,
        ),
    ];
    for (text, expected) in cases {
        let parsed = parse(text, &schema).unwrap();
        assert_eq!(&*parsed.json, expected);
        let mut dropped = serde_json::from_str(text).unwrap();
        dialect::restore(&mut dropped, &schema.original);
        assert_eq!(serde_json::from_str::<Value>(expected).unwrap(), dropped);
    }
    let mended = parse(r#"{"items":[{"Total":null,"due":null}]}"#, &schema).unwrap();
    assert_eq!((&*mended.json, mended.repairs.len()), (r#"{"items":[{"due":null}]}"#, 1));
    let other = parse(r#"{"items":[{"total":null}]}"#, &invoices()).unwrap();
    assert_eq!(&*other.json, r#"{"items":[{"total":null}]}"#);
}
