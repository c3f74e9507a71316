//! Hostile text: bounded cost, no panic.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::json;

use super::super::candidates::{budget, read as read_counted};
use super::super::{OutlineCell, complete_items, parse};
use super::{invoice, invoices, schema_of};

const MEGABYTES: usize = if cfg!(debug_assertions) { 1 } else { 10 };

#[test]
fn the_steps_grow_no_faster_than_the_text() {
    let schema = invoices();
    let outline = OutlineCell::of(&schema);
    for part in [
        "{",
        "[",
        "\"",
        "`",
        "```\n",
        "{\"a\":",
        "[{\"items\":",
        "{\"items\":[{\"note\":\"",
        "<think>",
        "\\",
        "'",
        "/*",
        "#",
        "// \"\n",
        "[\"a\",",
        "\"a\",",
        "{\"a\":\"b\" // x",
        "[1]",
        "{}",
        "[[]]",
        "{\"total\":1}",
        "[\"a \" b\", ",
        "\u{201c}",
        ",",
        ":",
        "a: ",
        "{a",
        "{a:b ",
        " ",
        "\n\n",
        "[\" \" \" ",
        "{\"a\": \"x\", ",
    ] {
        for start in ["", "{\"items\": [{\"note\": \""] {
            let text = start.to_owned() + &part.repeat((1 << 15) / part.len());
            let all = budget(&text);
            let steps = Cell::new(all);
            let _ = read_counted(&text, outline, 0, &steps);
            // The search for the next bracket looks at each byte once and is not counted.
            assert!(all - steps.get() <= budget(&text), "{start}{part}");
            assert!(all / text.len() < 20, "{start}{part}");
            let _ = complete_items(&text, &schema);
        }
    }
}

#[test]
fn megabytes_of_anything_end() {
    let schema = schema_of(&invoice(), true);
    for part in ["{", "[", "\"", "`", "{\"a\":", "{\"items\":[", "[\"a\" "] {
        let text = part.repeat((MEGABYTES << 20) / part.len());
        assert!(parse(&text, &schema).is_err(), "{part}");
    }
}

#[test]
fn depth_is_bounded() {
    let schema = schema_of(&json!({}), false);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| {
            format!("{{\"items\":[{}1 {},]}}", open.repeat(depth), close.repeat(depth))
        };
        assert!(parse(&nested(100), &schema).is_ok());
        assert!(parse(&nested(127), &schema).unwrap_err().contains("more than 128 levels deep"));
        let _ = complete_items(&nested(127), &schema);
    }
    let mut encoded = r#"{"items":[]}"#.to_owned();
    for _ in 0..8 {
        encoded = serde_json::to_string(&encoded).unwrap();
    }
    let _ = parse(&encoded, &invoices());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = parse(&text, &invoices());
        let _ = complete_items(&text, &invoices());
    }

    #[test]
    fn nothing_like_json_panics(parts in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", "\"", "'", ":", ",", "items", "\"items\":", "total", "null", "1,234", "-",
        "\\", "\\u", "\\ud83d", "é", "“", "`", "```", "//", "/*", "*/", "#", "\n", " ", "true", "N/A",
        "{\"total\":", "\"note\":\"", "<think>", "</think>", "\u{feff}", "seller", "lines", "\"kind\":",
    ]), 0..40)) {
        for is_rewritten in [false, true] {
            let schema = schema_of(&invoice(), is_rewritten);
            let _ = parse(&parts.concat(), &schema);
            let _ = complete_items(&parts.concat(), &schema);
        }
    }
}

#[test]
fn what_is_read_can_be_read_again_however_deep() {
    for schema in [invoices(), schema_of(&json!({}), false), schema_of(&json!({}), true)] {
        for depth in 120..135 {
            let lists = "[".repeat(depth) + &"]".repeat(depth);
            for text in
                [lists.clone(), format!("x {lists} y"), format!("{{\"items\": \"{lists}\"}}")]
            {
                if let Ok(parsed) = parse(&text, &schema) {
                    serde_json::from_str::<serde_json::Value>(&parsed.json).unwrap();
                }
                let cut = complete_items(&text, &schema);
                serde_json::from_str::<serde_json::Value>(&cut.json).unwrap();
            }
        }
    }
}
