//! Measures how fast replies are parsed, beside `serde_json`'s tree of values: `make bench`.
//!
//! Both parse the same text in turns, so that a busy moment of the machine affects both; the table
//! has medians. Nearly all replies are clean JSON. The damaged ones have quoted numbers, single
//! quotes, trailing commas and a code fence.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};
use structx::reply;
use structx::schema::dialect::{Dialect, compile};
use structx::schema::json_schema::items_of;
use structx::schema::{OutputMode, OutputSchema};

const ROUNDS: usize = 9;
/// Bytes per round, in replies of one size.
const BYTES: usize = 10 << 20;
/// The reply for a small row, and one for all items of a long document.
const SIZES: [(&str, usize); 2] = [("0.5 KB", 1), ("10 MB", 20_000)];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = items_of(&invoice());
    let strict = compile(Dialect::OpenAi, &[OutputMode::Strict], "invoice", &schema)?;
    let told = compile(Dialect::OpenAi, &[OutputMode::Prompt], "invoice", &schema)?;
    println!("| reply | MB/s | serde_json, MB/s | ratio | least |");
    println!("|---|---:|---:|---:|---:|");
    for (size, items) in SIZES {
        let value = json!({"items": vec![item(); items]});
        let nulls = json!({"items": vec![with_nulls(); items]});
        measure(&format!("clean, {size}"), &value.to_string(), &told, Some(100.0))?;
        measure(
            &format!("clean, nulls left out, {size}"),
            &nulls.to_string(),
            &strict,
            Some(100.0),
        )?;
        measure(&format!("respelled, {size}"), &respelled(&value), &told, None)?;
        measure(&format!("damaged, {size}"), &damaged(&value), &told, None)?;
    }
    Ok(())
}

fn measure(
    name: &str,
    text: &str,
    schema: &OutputSchema,
    least: Option<f64>,
) -> Result<(), Box<dyn std::error::Error>> {
    let clean = reply::parse(text, schema)?.json.into_owned();
    let times = BYTES.div_ceil(text.len());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(speed(times * text.len(), || {
            for _ in 0..times {
                black_box(reply::parse(black_box(text), schema).is_ok());
            }
        }));
        theirs.push(speed(times * clean.len(), || {
            for _ in 0..times {
                black_box(serde_json::from_str::<Value>(black_box(&clean)).is_ok());
            }
        }));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let least = least.map_or_else(String::new, |least| format!("{least:.0}"));
    println!("| {name} | {ours:.0} | {theirs:.0} | {:.2} | {least} |", ours / theirs);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "megabytes of a benchmark")]
fn speed(bytes: usize, read: impl FnOnce()) -> f64 {
    let started = Instant::now();
    read();
    bytes as f64 / 1e6 / started.elapsed().as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn invoice() -> Value {
    json!({
        "type": "object",
        "properties": {
            "invoice_number": {"type": "string"},
            "issued": {"type": "string", "format": "date"},
            "seller": {"$ref": "#/$defs/Party"},
            "buyer": {"$ref": "#/$defs/Party"},
            "kind": {"enum": ["invoice", "credit_note"]},
            "lines": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "count": {"type": "integer"},
                    "price": {"type": "number"},
                },
                "required": ["text", "count", "price"],
            }},
            "total": {"type": "number"},
            "discount": {"type": "number"},
            "paid": {"type": "boolean"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["invoice_number", "seller", "lines", "total", "note"],
        "$defs": {"Party": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "tax_id": {"type": "string"}},
            "required": ["name"],
        }},
    })
}

fn item() -> Value {
    json!({
        "invoice_number": "INV-2024-00117",
        "issued": "2024-03-15",
        "seller": {"name": "Möbelhaus Gebrüder Kraus GmbH", "tax_id": "DE123456789"},
        "buyer": {"name": "Wayne Enterprises"},
        "kind": "invoice",
        "lines": [
            {"text": "Desk, oak, 160 x 80 cm", "count": 2, "price": 499.5},
            {"text": "Chair \"Aeron\", black", "count": 12, "price": 1249.0},
        ],
        "total": 15987.0,
        "paid": false,
        "note": "Payable within 30 days without deduction.",
    })
}

fn with_nulls() -> Value {
    let mut item = item();
    item["buyer"]["tax_id"] = Value::Null;
    item["discount"] = Value::Null;
    item["paid"] = Value::Null;
    item["note"] = Value::Null;
    item
}

/// JSON with names and values in other spellings than the schema's.
fn respelled(value: &Value) -> String {
    let json = value.to_string().replace("invoice_number", "invoiceNumber");
    json.replace("15987.0", "\"15,987.00\"").replace("\"kind\":\"invoice\"", "\"kind\":\"Invoice\"")
}

fn damaged(value: &Value) -> String {
    let json = respelled(value).replace("\\\"", "").replace('"', "'").replace("}]", "},]");
    format!("```json\n{json}\n```\n")
}
