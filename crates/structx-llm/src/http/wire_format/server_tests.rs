//! Replies of servers that have their own ideas of each format.

use serde_json::{Value, json};

use super::tests::{decoded, formats, reply};
use crate::{FinishReason, LlmErrorKind, Response, Usage};

/// The position of each format in `formats()`.
const NAMES: [&str; 5] = ["chat", "responses", "anthropic", "gemini", "ollama"];

fn decode(format: &str, body: &[u8]) -> Result<Response, crate::LlmError> {
    let position = NAMES.iter().position(|name| *name == format).expect("a known format");
    decoded(&*formats()[position], reply(200, body))
}

/// The text of a reply.
fn text(format: &str, body: &Value) -> String {
    let decoded = decode(format, body.to_string().as_bytes());
    decoded.unwrap_or_else(|error| panic!("{format}: {error} for {body}")).text
}

const ANSWER: &str = r#"{"items":[1.50,2]}"#;

/// A good reply in each format.
fn answers(content: &Value) -> [(&'static str, Value); 5] {
    [
        ("chat", json!({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]})),
        (
            "responses",
            json!({"output": [{"type": "message", "content": [
                {"type": "output_text", "text": content}]}], "status": "completed"}),
        ),
        (
            "anthropic",
            json!({"content": [{"type": "text", "text": content}], "stop_reason": "end_turn"}),
        ),
        (
            "gemini",
            json!({"candidates": [{"content": {"parts": [{"text": content}]}, "finishReason": "STOP"}]}),
        ),
        ("ollama", json!({"message": {"content": content}, "done": true, "done_reason": "stop"})),
    ]
}

#[test]
fn several_tool_calls_are_one_reply() {
    let calls = |arguments: &[Value], finish: &str| {
        let chat: Vec<_> = arguments
            .iter()
            .map(|it| json!({"id": "c", "function": {"name": "f", "arguments": it}}))
            .collect();
        let of = |kind: &str, name: &str| -> Value {
            arguments.iter().map(|it| json!({"type": kind, name: it})).collect()
        };
        let incomplete = (finish == "length").then(|| json!({"reason": "max_output_tokens"}));
        let gemini: Vec<_> =
            arguments.iter().map(|it| json!({"functionCall": {"name": "f", "args": it}})).collect();
        [
            (
                "chat",
                json!({"choices": [{"message": {"content": null, "tool_calls": chat},
                                    "finish_reason": finish}]}),
            ),
            (
                "responses",
                json!({"output": of("function_call", "arguments"), "incomplete_details": incomplete}),
            ),
            (
                "anthropic",
                json!({"content": of("tool_use", "input"),
                       "stop_reason": if finish == "length" { "max_tokens" } else { "tool_use" }}),
            ),
            (
                "gemini",
                json!({"candidates": [{"content": {"parts": gemini},
                    "finishReason": if finish == "length" { "MAX_TOKENS" } else { "STOP" }}]}),
            ),
            (
                "ollama",
                json!({"message": {"content": "", "tool_calls": chat}, "done_reason": finish}),
            ),
        ]
    };
    let one = json!(r#"{"items": [1.50]}"#);
    let other = json!({"items": [2]});
    for (format, body) in calls(&[one.clone(), other.clone()], "tool_calls") {
        assert_eq!(text(format, &body), ANSWER, "{format}");
    }
    for (format, body) in calls(&[one.clone(), other.clone(), json!("{\"items\": [3")], "length") {
        let reply = decode(format, body.to_string().as_bytes()).unwrap();
        assert_eq!((&*reply.text, reply.finish_reason), (ANSWER, FinishReason::Length), "{format}");
    }
    for (format, body) in calls(&[one.clone(), other, one], "tool_calls") {
        let error = decode(format, body.to_string().as_bytes()).unwrap_err();
        assert!(error.message.contains("same tool call twice"), "{format}: {error}");
    }
}

#[test]
fn a_reply_where_the_reasoning_belongs_is_read() {
    let message = |content: Value, name: &str, reasoning: &str| json!({"choices": [{"message": {"content": content, name: reasoning}}]});
    for name in ["reasoning_content", "reasoning"] {
        for content in [json!(""), json!("\n"), Value::Null, json!([])] {
            assert_eq!(text("chat", &message(content, name, ANSWER)), ANSWER);
        }
        assert_eq!(text("chat", &message(json!("{}"), name, ANSWER)), "{}");
        let thoughts = message(json!(""), name, "So it is {\"items\": []}.");
        let error = decode("chat", thoughts.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.message, "the reply has no content");
    }
    let thought = json!({"message": {"content": "", "thinking": ANSWER}, "done": true});
    assert_eq!(text("ollama", &thought), ANSWER);
    let reasoned = json!({"output": [{"type": "reasoning", "content": [
        {"type": "reasoning_text", "text": ANSWER}]}]});
    assert_eq!(text("responses", &reasoned), ANSWER);
}

#[test]
fn members_that_nobody_needs_never_fail_a_reply() {
    let odd = [Value::Null, json!([]), json!({}), json!(""), json!(false), json!(-1), json!("odd")];
    for (format, body) in answers(&json!(ANSWER)) {
        for value in &odd {
            for name in [
                "usage",
                "usageMetadata",
                "id",
                "model",
                "created",
                "service_tier",
                "created_at",
                "eval_count",
                "prompt_eval_count",
                "logprobs",
                "total_duration",
                "responseId",
                "system_fingerprint",
                "object",
                "metadata",
                "stop_sequence",
            ] {
                let mut body = body.clone();
                body[name] = value.clone();
                assert_eq!(text(format, &body), ANSWER, "{format} {name} {value}");
            }
        }
        for value in
            [Value::Null, json!({}), json!(""), json!(false), json!(0), json!({"message": null})]
        {
            let mut body = body.clone();
            body["error"] = value.clone();
            assert_eq!(text(format, &body), ANSWER, "{format} error {value}");
        }
        let mut fine = body.clone();
        fine["base_resp"] = json!({"status_code": 0, "status_msg": ""});
        assert_eq!(text(format, &fine), ANSWER, "{format}");
        let marked = format!("\u{feff}{body}");
        assert_eq!(decode(format, marked.as_bytes()).unwrap().text, ANSWER, "{format}");
    }
    let choice = |name: &str, value: &Value| {
        let mut message = json!({"content": ANSWER});
        message[name] = value.clone();
        let mut choice = json!({"message": message, "finish_reason": "stop"});
        choice[name] = value.clone();
        json!({ "choices": [choice] })
    };
    for value in &odd {
        for name in
            ["logprobs", "index", "annotations", "audio", "tool_calls", "function_call", "role"]
        {
            assert_eq!(text("chat", &choice(name, value)), ANSWER, "{name} {value}");
        }
    }
    for refusal in [json!(false), json!(""), json!([]), json!({}), Value::Null] {
        assert_eq!(text("chat", &choice("refusal", &refusal)), ANSWER, "{refusal}");
    }
}

#[test]
fn content_that_the_server_has_parsed_is_read() {
    let parsed: Value = serde_json::from_str(ANSWER).unwrap();
    for body in [
        json!({"choices": [{"message": {"content": parsed}}]}),
        json!({"choices": [{"delta": {"content": ANSWER}}]}),
        json!({"choices": [{"text": ANSWER, "finish_reason": "stop"}]}),
        json!({"choices": [{"message": {"tool_calls": [{"function": {"arguments": parsed}}]}}]}),
        json!({"choices": [{"message": {"function_call": {"name": "f", "arguments": ANSWER}}}]}),
        json!([{"choices": [{"message": {"content": ANSWER}}]}]),
    ] {
        assert_eq!(text("chat", &body), ANSWER, "{body}");
    }
    assert_eq!(text("ollama", &json!({"message": {"content": parsed}, "done": true})), ANSWER);
}

#[test]
fn tokens_are_counted_as_far_as_they_can_be_read() {
    let usage = |usage: Value| {
        let mut body = answers(&json!("{}"))[0].1.clone();
        body["usage"] = usage;
        decode("chat", body.to_string().as_bytes()).unwrap().usage
    };
    for (given, expected) in [
        (
            json!({"prompt_tokens": 3.0, "completion_tokens": 2.0, "total_tokens": 5.0}),
            Usage::of(3, 2),
        ),
        (json!({"prompt_tokens": 3, "completion_tokens": -1, "total_tokens": 5}), Usage::of(3, 2)),
        (json!({"prompt_tokens": "3", "completion_tokens": null}), Usage::of(3, 0)),
        (json!({"input_tokens": 3, "output_tokens": 2}), Usage::of(3, 2)),
        (json!([{"prompt_tokens": 3, "completion_tokens": 2}]), Usage::of(3, 2)),
        (
            json!({"prompt_tokens": [3], "completion_tokens": 2, "prompt_tokens_details": []}),
            Usage::of(0, 2),
        ),
        (json!([]), Usage::default()),
        (json!(-1), Usage::default()),
    ] {
        assert_eq!(usage(given.clone()), expected, "{given}");
    }
}

fn sse(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

/// A good reply in each format as a stream that nobody asked for; the last event says that it is
/// complete.
fn streams() -> Vec<(&'static str, String, Usage)> {
    let (head, tail) = ANSWER.split_at(7);
    let chunk = |delta: Value| json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": null}], "usage": null});
    let call = |arguments: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]});
    let named = |name: &str| json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": name, "arguments": ""}}]});
    let end =
        |reason: &str| json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]});
    let used = json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}});
    let start = json!({"type": "message_start", "message": {"type": "message", "content": [], "stop_reason": null,
        "usage": {"input_tokens": 3, "output_tokens": 1}}});
    let block =
        |kind: Value| json!({"type": "content_block_start", "index": 0, "content_block": kind});
    let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
    let message_end = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}});
    let part = |text: &str| json!({"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}}]});
    let gemini_end = json!({"candidates": [{"content": {"parts": [{"text": tail}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}});
    let line = |text: &str| {
        format!("{}\n", json!({"message": {"role": "assistant", "content": text}, "done": false}))
    };
    let done = json!({"message": {"content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2});
    let item = json!({"type": "message", "content": [{"type": "output_text", "text": ANSWER}]});
    let response = |output: Value| {
        json!({"type": "response.completed", "response": {"status": "completed",
        "output": output, "usage": {"input_tokens": 3, "output_tokens": 2}}})
    };
    let created =
        json!({"type": "response.created", "response": {"status": "in_progress", "output": []}});
    let item_done = json!({"type": "response.output_item.done", "output_index": 0, "item": item});
    let used_tokens = Usage::of(3, 2);
    vec![
        (
            "chat",
            sse(&[
                chunk(json!({"role": "assistant", "content": head})),
                chunk(json!({"content": tail})),
                used.clone(),
                end("stop"),
            ]),
            used_tokens,
        ),
        (
            "chat",
            sse(&[
                chunk(json!({"content": ""})),
                chunk(named("f")),
                chunk(call(head)),
                chunk(call(tail)),
                used,
                end("tool_calls"),
            ]),
            used_tokens,
        ),
        (
            "chat",
            sse(&[
                chunk(json!({"reasoning_content": head})),
                chunk(json!({"reasoning_content": tail})),
                end("stop"),
            ]),
            Usage::default(),
        ),
        ("chat", sse(&[chunk(json!({"content": ANSWER}))]) + "data: [DONE]\n\n", Usage::default()),
        (
            "chat",
            format!(": OPENROUTER PROCESSING\n\n{}", sse(&[answers(&json!(ANSWER))[0].1.clone()])),
            Usage::default(),
        ),
        (
            "responses",
            sse(&[created.clone(), item_done.clone(), response(json!([item]))]),
            used_tokens,
        ),
        ("responses", sse(&[created, item_done, response(json!([]))]), used_tokens),
        (
            "anthropic",
            sse(&[
                start.clone(),
                block(json!({"type": "text", "text": ""})),
                json!({"type": "ping"}),
                delta(json!({"type": "text_delta", "text": head})),
                delta(json!({"type": "text_delta", "text": tail})),
                message_end.clone(),
            ]),
            used_tokens,
        ),
        (
            "anthropic",
            sse(&[
                start,
                block(json!({"type": "tool_use", "name": "f", "input": {}})),
                delta(json!({"type": "input_json_delta", "partial_json": head})),
                delta(json!({"type": "input_json_delta", "partial_json": tail})),
                message_end,
            ]),
            used_tokens,
        ),
        ("gemini", sse(&[part(head), gemini_end.clone()]), used_tokens),
        ("gemini", json!([part(head), gemini_end]).to_string(), used_tokens),
        ("ollama", format!("{}{}{done}\n", line(head), line(tail)), used_tokens),
    ]
}

#[test]
fn a_stream_is_read_although_nobody_asked_for_one() {
    for (format, body, usage) in streams() {
        let reply =
            decode(format, body.as_bytes()).unwrap_or_else(|error| panic!("{error} for {body}"));
        let found = (&*reply.text, reply.finish_reason, reply.usage);
        assert_eq!(found, (ANSWER, FinishReason::Stop, usage), "{body}");
        let windows = body.replace('\n', "\r\n");
        assert_eq!(decode(format, windows.as_bytes()).unwrap().text, ANSWER, "{body}");
    }
}

#[test]
fn a_stream_without_its_end_is_no_reply() {
    for (format, body, _) in streams().iter().filter(|(_, body, _)| !body.starts_with('[')) {
        let lines: Vec<&str> = body.trim_end().lines().collect();
        let cut = lines[..lines.len() - 1].join("\n");
        let result = decode(format, cut.as_bytes());
        assert!(result.is_err_and(|error| error.kind == LlmErrorKind::BadReply), "{cut}");
    }
}

#[test]
fn an_error_in_a_stream_is_the_error() {
    let error =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    for (format, body, _) in streams().iter().filter(|(_, body, _)| body.starts_with("data")) {
        let first = body.split("\n\n").next().unwrap();
        let broken = format!("{first}\n\n{}", sse(std::slice::from_ref(&error)));
        let found = decode(format, broken.as_bytes()).unwrap_err();
        assert_eq!((found.kind, &*found.message), (LlmErrorKind::Server, "Overloaded"), "{broken}");
    }
}

#[test]
fn the_reason_of_an_error_is_shown_in_any_form() {
    use LlmErrorKind as Kind;
    for (body, kind, message) in [
        (json!({"detail": "no such route"}), Kind::Server, "no such route"),
        (
            json!({"detail": [{"loc": ["body", "model"], "msg": "field required", "type": "missing"}]}),
            Kind::Server,
            "body.model: field required",
        ),
        (json!({"detail": {"error": "asleep"}}), Kind::Server, "asleep"),
        (
            json!({"errors": [{"code": 7000, "message": "no route"}, "x"]}),
            Kind::Server,
            "no route; x",
        ),
        (json!({"errors": ["a", "b"], "choices": null}), Kind::Server, "a; b"),
        (
            json!({"error_code": 110, "error_msg": "Access token invalid"}),
            Kind::Server,
            "Access token invalid",
        ),
        (
            json!({"base_resp": {"status_code": 1004, "status_msg": "login fail"}, "choices": null}),
            Kind::Server,
            "login fail",
        ),
        (
            json!({"object": "error", "message": "too long", "code": 400}),
            Kind::Rejected,
            "too long",
        ),
        (
            json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}}),
            Kind::RateLimit,
            "slow",
        ),
        (
            json!({"error": {"message": "bad key", "type": "authentication_error"}}),
            Kind::Authentication,
            "bad key",
        ),
        (json!({"error": {"message": "no money", "code": "402"}}), Kind::Quota, "no money"),
        (json!({"error": "overloaded"}), Kind::Server, "overloaded"),
        (json!({"error": true, "message": "asleep"}), Kind::Server, "asleep"),
        (json!({"code": 500, "msg": "asleep", "success": false}), Kind::Server, "asleep"),
        (json!({"message": "asleep"}), Kind::Server, "asleep"),
    ] {
        let found = decode("chat", body.to_string().as_bytes()).unwrap_err();
        assert_eq!((found.kind, &*found.message), (kind, message), "{body}");
    }
}
