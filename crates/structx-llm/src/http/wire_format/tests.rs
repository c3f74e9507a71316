//! Properties of every wire format.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{HttpResponse, WireFormat, system};
use crate::providers::anthropic::Anthropic;
use crate::providers::gemini::Gemini;
use crate::providers::ollama::Ollama;
use crate::providers::openai_chat::OpenAiChat;
use crate::providers::openai_responses::OpenAiResponses;
use crate::{LlmError, LlmErrorKind, Message, Part, Request, Response, Role};
use structx_schema::outline::OutlineCell;
use structx_schema::{OutputMode, OutputSchema};

pub(super) fn formats() -> [Box<dyn WireFormat>; 5] {
    let provider = "p".to_owned();
    [
        Box::new(OpenAiChat { provider: provider.clone() }),
        Box::new(OpenAiResponses { provider: provider.clone() }),
        Box::new(Anthropic { provider: provider.clone() }),
        Box::new(Gemini { provider: provider.clone() }),
        Box::new(Ollama { provider }),
    ]
}

pub(super) fn decoded(
    format: &dyn WireFormat,
    response: HttpResponse,
) -> Result<Response, LlmError> {
    let body = format.decode_body(&response);
    response.complete(body)
}

fn message(role: Role, text: &str) -> Message {
    Message { role, parts: vec![Part::Text(text.into())] }
}

fn request(method: OutputMode, options: &Value) -> Request {
    let compiled = json!({"type": "object"});
    let schema = OutputSchema {
        name: "answer".to_owned(),
        original: compiled.clone(),
        compiled: compiled.into(),
        is_rewritten: false,
        mode: method,
        unenforced: Vec::new(),
        outline: OutlineCell::default(),
    };
    Request {
        model: "m".into(),
        messages: vec![message(Role::System, "Answer."), message(Role::User, "é\u{1}\"")],
        schema: Some(schema.into()),
        options: options.as_object().cloned().unwrap_or_default().into(),
    }
}

pub(super) fn reply(status: u16, body: &[u8]) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.to_vec() }
}

#[test]
fn what_structx_decides_is_no_option() {
    let reserved: [&[Value]; 5] = [
        &[json!({"messages": []}), json!({"response_format": {}}), json!({"tools": []})],
        &[json!({"input": ""}), json!({"text": {"format": {}}}), json!({"background": true})],
        &[json!({"system": ""}), json!({"output_config": {"format": {}}}), json!({"tools": []})],
        &[json!({"contents": []}), json!({"response_schema": {}}), json!({"systemInstruction": 1})],
        &[json!({"format": "json"}), json!({"truncate": true}), json!({"messages": []})],
    ];
    for (format, reserved) in formats().iter().zip(reserved) {
        for options in reserved {
            let error = format.encode(&request(OutputMode::Tool, options)).unwrap_err();
            assert_eq!(error.kind, LlmErrorKind::Rejected, "{format:?} {options}");
            assert!(error.message.contains("is set by structx"), "{error}");
        }
    }
}

#[test]
fn bodies_are_json_whatever_the_method() {
    let options = r#"{"temperature": 0.10, "stop": "x", "new": {"a": [12345678901234567890.50]}}"#;
    let options: Value = serde_json::from_str(options).unwrap();
    for format in formats() {
        for method in [
            OutputMode::Strict,
            OutputMode::Schema,
            OutputMode::Tool,
            OutputMode::Json,
            OutputMode::Prompt,
        ] {
            let encoded = format.encode(&request(method, &options)).unwrap();
            let body: Value = serde_json::from_slice(&encoded.body).unwrap();
            let text = body.to_string();
            assert!(text.contains(r"é\u0001") && text.contains("Answer."), "{text}");
            assert!(text.contains("0.10") && text.contains("12345678901234567890.50"), "{text}");
            let is_schema_sent = text.contains(r#""type":"object""#);
            assert_eq!(is_schema_sent, !method.is_told(), "{format:?} {method:?}");
        }
    }
}

#[test]
fn a_broken_reply_is_not_shown() {
    let bodies = [
        r#"{"choices": "SECRET", "output": "SECRET", "content": {"x": "SECRET"}, "candidates": "SECRET",
            "message": "SECRET"}"#,
        r#"{"choices": [{"message": {"content": "SECRET"#,
        r#"{"output": [{"content": [{"text": "SECRET"#,
        r#"{"content": [{"text": "SECRET"#,
        r#"{"candidates": [{"content": {"parts": [{"text": "SECRET"#,
        r#"{"message": {"content": "SECRET"#,
    ];
    for (format, own) in formats().iter().zip(&bodies[1..]) {
        for body in [bodies[0], own] {
            let error = decoded(&**format, reply(200, body.as_bytes())).unwrap_err();
            assert_eq!(error.kind, LlmErrorKind::BadReply, "{format:?} {body}");
            assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
        }
    }
}

#[test]
fn a_body_that_is_no_reply_is_shown() {
    let long = format!("{}END", "x".repeat(300));
    let page = "<!DOCTYPE html><html><head><title>\n Sign in </title></head><body>Hello";
    let cases = [
        ("", "is not"),
        ("  ", "is not"),
        ("null", "null"),
        ("{}", "{}"),
        ("[1]", "[1]"),
        ("Unauthorized client", "Unauthorized client"),
        (r#"{"state": "asleep"}"#, "asleep"),
        (&long, "xxx ..."),
        (page, "a web page, not JSON: Sign in; is api_base the address of the API?"),
    ];
    for format in formats() {
        for (body, part) in cases {
            let error = decoded(&*format, reply(200, body.as_bytes())).unwrap_err();
            assert_eq!(error.kind, LlmErrorKind::BadReply, "{format:?} {body}");
            assert!(error.message.contains(part), "{error} has no {part}");
            assert!(error.message.len() < 280 && !error.message.contains("END"), "{error}");
        }
    }
}

#[test]
fn the_system_s_texts_are_one() {
    let messages =
        [message(Role::System, "a"), message(Role::User, "b"), message(Role::System, "c")];
    assert_eq!(system(&messages).as_deref(), Some("a\n\nc"));
    assert_eq!(system(&messages[1..2]), None);
}

fn json_value() -> impl Strategy<Value = Value> {
    const NAMES: &str = "choices|message|content|text|type|output|candidates|parts|usage|error|\
                         code|details|finish_reason|tool_calls|function|arguments|input|status|\
                         delta|index|detail|errors|base_resp|reasoning|refusal|logprobs|done|event";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zé]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((NAMES, inner), 0..6)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn no_reply_panics(
        status in prop_oneof![Just(200_u16), 100..600_u16],
        body in json_value(),
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        for format in formats() {
            let _ = decoded(&*format, reply(status, body.to_string().as_bytes()));
            let _ = decoded(&*format, reply(status, &bytes));
            let event = format!("data: {body}\n\ndata: {body}\n\n");
            let _ = decoded(&*format, reply(status, event.as_bytes()));
            let _ = decoded(&*format, reply(status, format!("{body}\n{body}").as_bytes()));
        }
    }
}
