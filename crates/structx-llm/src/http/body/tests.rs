//! Bodies as servers send them.

use std::io::Write;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Body, Stream, decompressed};

fn stream(events: &Value, is_done: bool) -> Body {
    let events = events.as_array().expect("a list").clone();
    Body::Stream(Stream { events, is_done })
}

#[test]
fn a_body_is_whole_or_a_stream() {
    let cases = [
        ("", None),
        ("no", None),
        (r#"{"a": "#, None),
        ("{}", Some(Body::Whole(json!({})))),
        ("\u{feff}{\"a\": 1}", Some(Body::Whole(json!({"a": 1})))),
        ("[1]", Some(Body::Whole(json!([1])))),
        (r#"[{"a": 1}, {"b": 2}]"#, Some(stream(&json!([{"a": 1}, {"b": 2}]), true))),
        ("{\"a\": 1}\n{\"a\": 2}\n", Some(stream(&json!([{"a": 1}, {"a": 2}]), false))),
        ("{\"a\": 1}\n{\"a\": ", Some(stream(&json!([{"a": 1}]), false))),
        (
            "\u{feff}: comment\n\nevent: x\ndata: {\"a\": 1}\n\ndata:{\"a\":\r\ndata: 2}\r\n\r\ndata: [DONE]\n\n",
            Some(stream(&json!([{"a": 1}, {"a": 2}]), true)),
        ),
        ("data: {\"a\": 1}\ndata: {\"a\": 2}", Some(stream(&json!([{"a": 1}, {"a": 2}]), false))),
        ("data: {\"a\": 1}\n\ndata: {\"a\"", Some(stream(&json!([{"a": 1}]), false))),
        (
            "event: error\ndata: no credit\n\n",
            Some(stream(&json!([{"error": "no credit"}]), false)),
        ),
        ("data: [DONE]\n\n", None),
        (": only a comment", None),
    ];
    for (text, expected) in cases {
        assert_eq!(Body::parse(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn compressed_bodies_are_read_within_their_limit() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&[b'a'; 1_000]).unwrap();
    let packed = encoder.finish().unwrap();
    assert_eq!(decompressed(packed.clone(), 1_000).unwrap(), [b'a'; 1_000]);
    assert_eq!(decompressed(packed.clone(), 999).unwrap_err().to_string(), "it is too large");
    assert!(decompressed(packed[..20].to_vec(), 1_000).is_err());
    assert_eq!(decompressed(b"{}".to_vec(), 1).unwrap(), b"{}");
}

proptest! {
    #[test]
    fn events_come_out_as_they_went_in(
        texts in prop::collection::vec("[a\"\n\r:{}é ]{0,12}", 1..6),
        is_compact in any::<bool>(),
        end in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let events: Vec<_> = texts.iter().map(|text| json!({ "text": text })).collect();
        let sent = events.iter().map(|event| {
            let data = if is_compact { event.to_string() } else { format!("{event:#}") };
            data.lines().map(|line| format!("data: {line}{end}")).collect::<String>() + end
        });
        let parsed = Body::parse(sent.collect::<String>().as_bytes());
        prop_assert_eq!(parsed, Some(stream(&events.clone().into(), false)));
        let lines: String = events.iter().map(|event| format!("{event}{end}")).collect();
        let parsed = Body::parse(lines.as_bytes());
        if let [only] = &*events {
            prop_assert_eq!(parsed, Some(Body::Whole(only.clone())));
        } else {
            prop_assert_eq!(parsed, Some(stream(&events.into(), false)));
        }
    }
}
