//! Bodies as they stand in the API's documentation and as servers were seen to send them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    LlmError, LlmErrorKind, Message, OpenAiChat, Request, Response, Role, Usage, WireFormat,
};
use crate::http::HttpResponse;
use crate::{FinishReason, Part};
use structx_schema::outline::OutlineCell;
use structx_schema::{OutputMode, OutputSchema};

fn wire() -> OpenAiChat {
    OpenAiChat { provider: "openai".to_owned() }
}

fn request(schema: Option<OutputSchema>, options: &Value) -> Request {
    let message = |role, parts| Message { role, parts };
    Request {
        model: "gpt-test".into(),
        messages: vec![
            message(Role::System, vec![Part::Text("Answer.".into())]),
            message(
                Role::User,
                vec![Part::Text("Query: \"x\"\n".into()), Part::Document("é\u{1}".into())],
            ),
        ],
        schema: schema.map(Arc::new),
        options: Arc::new(options.as_object().cloned().unwrap_or_default()),
    }
}

fn schema(method: OutputMode) -> OutputSchema {
    OutputSchema {
        name: "answer".to_owned(),
        original: json!({"type": "object", "title": "original"}),
        compiled: json!({"type": "object"}).into(),
        is_rewritten: false,
        mode: method,
        unenforced: Vec::new(),
        outline: OutlineCell::default(),
    }
}

const MESSAGES: &str = r#""messages":[{"role":"system","content":"Answer."},{"role":"user","content":"Query: \"x\"\n<document>\né\u0001\n</document>"}]"#;

#[test]
fn the_body_holds_what_was_asked_and_nothing_else() {
    let format = |strict| {
        format!(
            r#","response_format":{{"type":"json_schema","json_schema":{{"name":"answer","strict":{strict},"schema":{{"type":"object"}}}}}}"#
        )
    };
    let is_json = r#","response_format":{"type":"json_object"}"#.to_owned();
    let cases = [
        (request(None, &json!({})), String::new()),
        (request(Some(schema(OutputMode::Strict)), &json!({})), format(true)),
        (request(Some(schema(OutputMode::Schema)), &json!({})), format(false)),
        (request(Some(schema(OutputMode::Json)), &json!({})), is_json),
        (request(Some(schema(OutputMode::Prompt)), &json!({})), String::new()),
        (
            request(Some(schema(OutputMode::Tool)), &json!({})),
            r#","tools":[{"type":"function","function":{"name":"answer","parameters":{"type":"object"}}}],"tool_choice":{"type":"function","function":{"name":"answer"}}"#.to_owned(),
        ),
        (
            request(Some(schema(OutputMode::Strict)), &json!({"temperature": 0.2, "stop": ["a"]})),
            format(true) + r#","temperature":0.2,"stop":["a"]"#,
        ),
    ];
    for (request, end) in cases {
        let encoded = wire().encode(&request).unwrap();
        let expected = format!(r#"{{"model":"gpt-test",{MESSAGES}{end}}}"#);
        assert_eq!(String::from_utf8(encoded.body).unwrap(), expected);
        assert_eq!(encoded.path, "/chat/completions");
        assert_eq!(encoded.headers, [("content-type", "application/json")]);
    }
}

#[test]
fn options_can_t_replace_what_structx_sets() {
    for name in ["model", "messages", "response_format", "stream", "tools"] {
        let error = wire()
            .encode(&request(Some(schema(OutputMode::Tool)), &json!({ name: true })))
            .unwrap_err();
        assert_eq!(error.kind, LlmErrorKind::Rejected);
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}

fn decode(status: u16, body: &str) -> Result<Response, LlmError> {
    let headers = vec![("x-request-id".into(), "req_1".into()), ("retry-after".into(), "3".into())];
    let response = HttpResponse { status, headers, body: body.as_bytes().to_vec() };
    let decoded = wire().decode_body(&response);
    response.complete(decoded)
}

#[test]
fn a_whole_reply() {
    let body = r#"{
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1741569952, "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "{\"a\": 1}", "refusal": null,
             "annotations": []}, "logprobs": {"content": [{"token": "{", "logprob": -0.5,
             "bytes": null, "top_logprobs": []}]}, "finish_reason": "stop"},
            {"index": 1, "message": {"role": "assistant", "content": "{"}, "finish_reason": "length"}
        ],
        "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29,
            "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 0}},
        "service_tier": "default"}"#;
    let reply = decode(200, body).unwrap();
    assert_eq!(reply.text, "{\"a\": 1}");
    assert_eq!(reply.finish_reason, FinishReason::Stop);
    assert_eq!(
        reply.usage,
        Usage { thinking_tokens: Some(4), cached_tokens: Some(8), ..Usage::of(19, 10) }
    );
    assert_eq!(reply.request_id.as_deref(), Some("req_1"));
    assert_eq!(reply.headers.len(), 2);
    assert_eq!(reply.log_probabilities, Some(vec![-0.5]));
    assert_eq!(reply.alternatives.len(), 1);
    assert_eq!(
        (&*reply.alternatives[0].text, reply.alternatives[0].finish_reason),
        ("{", FinishReason::Length)
    );
}

#[test]
fn servers_leave_things_out() {
    let cases = [
        (r#"{"choices": [{"message": {"content": "x"}}]}"#, FinishReason::Stop, 0),
        (
            r#"{"choices": [{"message": {"content": "x", "refusal": ""}, "finish_reason": null}],
                "usage": null, "error": null}"#,
            FinishReason::Stop,
            0,
        ),
        (
            r#"{"choices": [{"message": {"content": "x"}, "finish_reason": "length"}], "usage":
                {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": null}}"#,
            FinishReason::Length,
            7,
        ),
    ];
    for (body, finish_reason, total) in cases {
        let reply = decode(200, body).unwrap();
        assert_eq!(
            (&*reply.text, reply.finish_reason, reply.usage.total_tokens),
            ("x", finish_reason, total)
        );
        assert_eq!((reply.usage.cached_tokens, reply.usage.thinking_tokens), (None, None));
    }
}

#[test]
fn some_servers_spell_things_their_own_way() {
    let parts = r#"{"choices": [{"message": {"content": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "{}"}]}}]}"#;
    assert_eq!(decode(200, parts).unwrap().text, "{}", "Mistral's models that reason");
    let usage = |usage: &str| {
        let body = r#"{"choices": [{"message": {"content": "x"}}], "usage": "#;
        decode(200, &format!("{body}{usage}}}")).unwrap().usage
    };
    let apart = usage(
        r#"{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 35,
            "completion_tokens_details": {"reasoning_tokens": 20}}"#,
    );
    assert_eq!((apart.completion_tokens, apart.total_tokens), (25, 35), "xAI");
    let cached = usage(
        r#"{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
            "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 2}"#,
    );
    assert_eq!(cached.cached_tokens, Some(8), "DeepSeek");
}

#[test]
fn unusable_replies_keep_what_they_cost() {
    use LlmErrorKind as Kind;
    let cases = [
        (r#"{"message": {"content": null, "refusal": "SECRET"}}"#, Kind::Refusal, "declined"),
        (
            r#"{"message": {"content": "SECRET"}, "finish_reason": "content_filter"}"#,
            Kind::ContentFilter,
            "content filter",
        ),
        (
            r#"{"message": {"content": null}, "finish_reason": "stop"}"#,
            Kind::BadReply,
            "no content",
        ),
        (r#"{"finish_reason": "stop"}"#, Kind::BadReply, "no content"),
        (r#"{"message": {"content": null}, "finish_reason": "length"}"#, Kind::Truncated, "limit"),
        (
            r#"{"message": {"content": "SECRET"}, "finish_reason": "error"}"#,
            Kind::BadReply,
            "broke the reply off",
        ),
    ];
    for (choice, kind, part) in cases {
        let body = format!(
            r#"{{"choices": [{choice}], "usage": {{"prompt_tokens": 5, "total_tokens": 5}}}}"#
        );
        let error = decode(200, &body).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(error.usage.total_tokens, 5, "{error}");
        let text = error.to_string();
        assert!(text.contains(part) && text.ends_with("[request req_1]"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
    }
}

#[test]
fn errors_in_all_their_forms() {
    use LlmErrorKind as Kind;
    let long = "ü".repeat(2000);
    let cases = [
        (
            429,
            r#"{"error": {"message": "slow down", "type": "requests", "param": null,
                "code": "rate_limit_exceeded"}}"#,
            Kind::RateLimit,
            "openai answered 429 (rate_limit_exceeded): slow down [request req_1]",
        ),
        (
            400,
            r#"{"error": {"message": "no", "type": "invalid_request_error", "code": null}}"#,
            Kind::Rejected,
            "openai answered 400 (invalid_request_error): no [request req_1]",
        ),
        (
            404,
            r#"{"error": "no model"}"#,
            Kind::Rejected,
            "openai answered 404: no model [request req_1]",
        ),
        (
            422,
            r#"{"object": "error", "message": "bad", "type": "t", "code": 1000}"#,
            Kind::Rejected,
            "openai answered 422 (t): bad [request req_1]",
        ),
        (422, r#"{"detail": "bad"}"#, Kind::Rejected, "openai answered 422: bad [request req_1]"),
        (
            503,
            r#"[{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}]"#,
            Kind::Server,
            "openai answered 503 (UNAVAILABLE): overloaded [request req_1]",
        ),
        (500, "", Kind::Server, "openai answered 500: no explanation was given [request req_1]"),
        (
            502,
            " <!doctype html><title>Bad gateway",
            Kind::Server,
            "openai answered 502: the body is a web page, not JSON: Bad gateway [request req_1]",
        ),
        (408, "timeout\n", Kind::Server, "openai answered 408: timeout [request req_1]"),
        (
            200,
            r#"{"error": {"message": "no credit", "code": 402}}"#,
            Kind::Quota,
            "openai answered 200 (402): no credit [request req_1]",
        ),
    ];
    for (status, body, kind, text) in cases {
        let error = decode(status, body).unwrap_err();
        assert_eq!((error.kind, error.to_string().as_str()), (kind, text));
        assert_eq!(error.retry_after, Some(Duration::from_secs(3)));
    }
    let error = decode(400, &json!({"error": {"message": long, "code": long}}).to_string());
    assert!(error.unwrap_err().to_string().chars().count() < 1100);
}
