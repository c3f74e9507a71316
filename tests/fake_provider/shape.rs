//! The wire shapes that the fake provider speaks: where each one's requests hold the schema of the
//! reply, and how it spells a reply and an error.

use serde_json::{Map, Value, json};

use super::instance::instance;
use super::script::{Fault, Step};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// OpenAI's chat completions, Azure's deployments too.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
    /// Gemini's generateContent.
    Gemini,
    /// Ollama's chat.
    Ollama,
}

/// The form of the reply that a request asks for.
#[derive(Default)]
struct Asked {
    schema: Option<Value>,
    /// The tool whose arguments the reply shall be.
    tool: Option<String>,
}

impl Shape {
    /// By the end of the path, so that it stands under any base URL.
    pub fn of(path: &str) -> Option<Self> {
        const PATHS: [(&str, Shape); 5] = [
            ("/chat/completions", Shape::Chat),
            ("/responses", Shape::Responses),
            ("/messages", Shape::Messages),
            (":generateContent", Shape::Gemini),
            ("/api/chat", Shape::Ollama),
        ];
        let path = path.split('?').next().unwrap_or_default();
        PATHS.iter().find(|(end, _)| path.ends_with(end)).map(|(_, shape)| *shape)
    }

    /// The name of the header that holds the provider's name for the exchange.
    pub const fn request_id_header(self) -> Option<&'static str> {
        match self {
            Self::Chat | Self::Responses => Some("x-request-id"),
            Self::Messages => Some("request-id"),
            Self::Gemini | Self::Ollama => None,
        }
    }

    /// The body of a good answer to `request`, with what `step` says of it.
    pub fn completion(self, step: &Step, request: &[u8], items: usize) -> Value {
        let Asked { schema, tool } = self.asked(request);
        let text = match (&step.content, &step.refusal) {
            (None, Some(_)) => None,
            (Some(text), _) => Some(text.clone()),
            (None, None) => Some(match schema {
                Some(schema) => instance(&schema, items).to_string(),
                None => "text".to_owned(),
            }),
        };
        let text = match step.fault {
            Some(Fault::Fence) => text.map(|text| format!("Here it is:\n```json\n{text}\n```")),
            _ => text,
        };
        let said = Said { step, text, tool };
        match self {
            Self::Chat => said.chat(),
            Self::Responses => said.responses(),
            Self::Messages => said.messages(),
            Self::Gemini => said.gemini(),
            Self::Ollama => said.ollama(),
        }
    }

    fn asked(self, request: &[u8]) -> Asked {
        let (places, tool, arguments): (&[&str], _, &[&str]) = match self {
            Self::Chat => {
                (&["/response_format/json_schema/schema"], "/tools/0/function", &["/parameters"])
            }
            Self::Responses => (&["/text/format/schema"], "/tools/0", &["/parameters"]),
            Self::Messages => (&["/output_config/format/schema"], "/tools/0", &["/input_schema"]),
            Self::Gemini => (
                &["/generationConfig/responseJsonSchema", "/generationConfig/responseSchema"],
                "/tools/0/functionDeclarations/0",
                &["/parametersJsonSchema", "/parameters"],
            ),
            Self::Ollama => (&["/format"], "/tools/0/function", &["/parameters"]),
        };
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        let schema = |value: &Value, places: &[&str]| {
            places
                .iter()
                .find_map(|place| value.pointer(place))
                .filter(|it| it.is_object())
                .cloned()
        };
        match request.pointer(tool) {
            Some(tool) => Asked {
                schema: schema(tool, arguments),
                tool: tool["name"].as_str().map(str::to_owned),
            },
            None => Asked { schema: schema(&request, places), tool: None },
        }
    }

    /// The body of an error with this status; `id` names the exchange.
    pub fn error(self, status: u16, id: &str) -> Value {
        let message = "as scripted";
        match self {
            Self::Chat | Self::Responses => json!({
                "error": {"message": message, "type": "scripted", "param": null, "code": null},
            }),
            Self::Messages => json!({
                "type": "error",
                "error": {"type": anthropic_type(status), "message": message},
                "request_id": id,
            }),
            Self::Gemini => json!({
                "error": {"code": status, "message": message, "status": google_status(status)},
            }),
            Self::Ollama => json!({ "error": message }),
        }
    }
}

/// As platform.claude.com/docs/en/api/errors lists them.
fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

/// As google/rpc/code.proto maps them to HTTP.
fn google_status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        400 => "INVALID_ARGUMENT",
        _ => "UNKNOWN",
    }
}

/// What the model says, whatever the shape. Scripts speak of finish reasons and usage as OpenAI's
/// chat does.
struct Said<'a> {
    step: &'a Step,
    text: Option<String>,
    tool: Option<String>,
}

impl Said<'_> {
    /// The name of the tool that is called and its arguments.
    fn call(&self) -> Option<(&str, &str)> {
        self.tool.as_deref().zip(self.text.as_deref())
    }

    /// Of the usage.
    fn count(&self, pointer: &str) -> u64 {
        self.step.usage.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
    }

    /// The usage as another shape spells it; null where a script wants none.
    fn usage(&self, spelled: Value) -> Value {
        if self.step.usage.is_null() { Value::Null } else { spelled }
    }

    fn prompt(&self) -> u64 {
        self.count("/prompt_tokens")
    }

    fn completion(&self) -> u64 {
        self.count("/completion_tokens")
    }

    fn cached(&self) -> u64 {
        self.count("/prompt_tokens_details/cached_tokens")
    }

    fn reasoning(&self) -> u64 {
        self.count("/completion_tokens_details/reasoning_tokens")
    }

    fn chat(&self) -> Value {
        let mut message =
            json!({"role": "assistant", "content": self.text, "refusal": self.step.refusal});
        let mut finish = self.step.finish_reason.as_str();
        if let Some((name, arguments)) = self.call() {
            let function = json!({"name": name, "arguments": arguments});
            message["content"] = Value::Null;
            message["tool_calls"] =
                json!([{"id": "call_fake", "type": "function", "function": function}]);
            finish = if finish == "stop" { "tool_calls" } else { finish };
        }
        json!({
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 1_767_225_600,
            "model": "fake",
            "choices": [
                {"index": 0, "message": message, "logprobs": null, "finish_reason": finish},
            ],
            "usage": self.step.usage,
        })
    }

    fn responses(&self) -> Value {
        let reason = match self.step.finish_reason.as_str() {
            "length" => Some("max_output_tokens"),
            "content_filter" => Some("content_filter"),
            _ => None,
        };
        let status = if reason.is_some() { "incomplete" } else { "completed" };
        let message = |content| {
            json!([{
                "id": "msg_fake", "type": "message", "role": "assistant", "status": status,
                "content": [content],
            }])
        };
        let output = match (self.call(), &self.step.refusal, &self.text) {
            (Some((name, arguments)), ..) => json!([{
                "id": "fc_fake", "type": "function_call", "call_id": "call_fake",
                "name": name, "arguments": arguments, "status": status,
            }]),
            (_, Some(refusal), _) => message(json!({"type": "refusal", "refusal": refusal})),
            (_, _, Some(text)) => {
                message(json!({"type": "output_text", "text": text, "annotations": []}))
            }
            _ => json!([]),
        };
        json!({
            "id": "resp_fake",
            "object": "response",
            "created_at": 1_767_225_600,
            "status": status,
            "error": null,
            "incomplete_details": reason.map(|reason| json!({ "reason": reason })),
            "model": "fake",
            "output": output,
            "parallel_tool_calls": true,
            "tool_choice": "auto",
            "tools": [],
            "usage": self.usage(json!({
                "input_tokens": self.prompt(),
                "input_tokens_details": {"cached_tokens": self.cached(), "cache_write_tokens": 0},
                "output_tokens": self.completion(),
                "output_tokens_details": {"reasoning_tokens": self.reasoning()},
                "total_tokens": self.count("/total_tokens"),
            })),
        })
    }

    fn messages(&self) -> Value {
        let content = match (self.call(), &self.text) {
            (Some((name, arguments)), _) => json!([
                {"type": "tool_use", "id": "toolu_fake", "name": name, "input": object(arguments)},
            ]),
            (_, Some(text)) => json!([{"type": "text", "text": text}]),
            _ => json!([]),
        };
        let stop_reason = match self.step.finish_reason.as_str() {
            _ if self.step.refusal.is_some() => "refusal",
            "length" => "max_tokens",
            "content_filter" => "refusal",
            _ if self.call().is_some() => "tool_use",
            _ => "end_turn",
        };
        json!({
            "id": "msg_fake",
            "type": "message",
            "role": "assistant",
            "model": "fake",
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": null,
            // What was read from the cache is counted apart from the rest of the input.
            "usage": self.usage(json!({
                "input_tokens": self.prompt().saturating_sub(self.cached()),
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": self.cached(),
                "output_tokens": self.completion(),
                "output_tokens_details": {"thinking_tokens": self.reasoning()},
            })),
        })
    }

    fn gemini(&self) -> Value {
        let part = match (self.call(), &self.text) {
            (Some((name, arguments)), _) => {
                Some(json!({"functionCall": {"name": name, "args": object(arguments)}}))
            }
            (_, text) => text.as_ref().map(|text| json!({ "text": text })),
        };
        let finish = match self.step.finish_reason.as_str() {
            "length" => "MAX_TOKENS",
            "content_filter" => "SAFETY",
            _ => "STOP",
        };
        let mut reply = json!({
            // Thoughts are counted apart from the answer.
            "usageMetadata": self.usage(json!({
                "promptTokenCount": self.prompt(),
                "cachedContentTokenCount": self.cached(),
                "candidatesTokenCount": self.completion().saturating_sub(self.reasoning()),
                "thoughtsTokenCount": self.reasoning(),
                "totalTokenCount": self.count("/total_tokens"),
            })),
            "modelVersion": "fake",
            "responseId": "fake",
        });
        // There are no refusals in words, only prompts that are not let through.
        if self.step.refusal.is_some() {
            reply["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
        } else {
            reply["candidates"] = json!([{
                "content": {"role": "model", "parts": part.into_iter().collect::<Vec<_>>()},
                "finishReason": finish,
                "index": 0,
            }]);
        }
        reply
    }

    fn ollama(&self) -> Value {
        // A refusal is words as any other.
        let text = self.text.as_ref().or(self.step.refusal.as_ref());
        let mut message = json!({"role": "assistant", "content": text});
        if let Some((name, arguments)) = self.call() {
            let function = json!({"name": name, "arguments": object(arguments)});
            message["content"] = json!("");
            message["tool_calls"] = json!([{ "function": function }]);
        }
        let mut reply = json!({
            "model": "fake",
            "created_at": "2026-01-01T00:00:00Z",
            "message": message,
            "done": true,
            "done_reason": self.step.finish_reason,
            "total_duration": 1,
        });
        if !self.step.usage.is_null() {
            reply["prompt_eval_count"] = self.prompt().into();
            reply["eval_count"] = self.completion().into();
        }
        reply
    }
}

/// The arguments of a call where they are no text; those that a script spoiled are none.
fn object(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap_or_else(|_| Map::new().into())
}
