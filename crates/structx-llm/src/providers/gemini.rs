//! The generateContent wire format of Gemini (ai.google.dev/api/generate-content).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::capabilities::Capabilities;
use crate::http::answer::{self, elements, tokens};
use crate::http::finish::Finish;
use crate::http::options::{OptionRules, PlacedOptions};
use crate::http::wire_format::{self, Form, HttpRequest, WireFormat};
use crate::http::{Stream, deltas};
use crate::{
    File, Image, LlmError, LlmErrorKind, MergedPart, Message, Request, Response, Role, Usage,
};
use structx_schema::dialect::Dialect;
use structx_schema::{OutputMode, OutputSchema, SerializedSchema};

/// The wire format; `provider` is the registry's name of the server, for errors.
#[derive(Debug, Clone)]
pub struct Gemini {
    pub provider: String,
}

const RULES: OptionRules = OptionRules {
    reserved: &["model", "contents", "systemInstruction"],
    spellings: &[
        ("max_tokens", "maxOutputTokens"),
        ("max_completion_tokens", "maxOutputTokens"),
        ("max_output_tokens", "maxOutputTokens"),
        ("top_p", "topP"),
        ("top_k", "topK"),
        ("stop", "stopSequences"),
        ("stop_sequences", "stopSequences"),
        ("presence_penalty", "presencePenalty"),
        ("frequency_penalty", "frequencyPenalty"),
        ("response_mime_type", "responseMimeType"),
        ("response_schema", "responseSchema"),
        ("response_json_schema", "responseJsonSchema"),
        ("system_instruction", "systemInstruction"),
        ("generation_config", "generationConfig"),
        ("safety_settings", "safetySettings"),
        ("tool_config", "toolConfig"),
        ("cached_content", "cachedContent"),
        ("service_tier", "serviceTier"),
    ],
    shared: "generationConfig",
    reserved_parts: &["responseMimeType", "responseSchema", "responseJsonSchema", "responseFormat"],
    outside: Some(&[
        "model",
        "contents",
        "systemInstruction",
        "safetySettings",
        "tools",
        "toolConfig",
        "cachedContent",
        "serviceTier",
        "store",
    ]),
};

impl WireFormat for Gemini {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError> {
        let PlacedOptions { body: options, parts } =
            RULES.place(&self.provider, &request.options)?;
        let body = Body {
            system_instruction: wire_format::system(&request.messages).map(Instruction::new),
            contents: wire_format::turns(&request.messages).filter_map(Content::new).collect(),
            generation_config: GenerationConfig::new(request, parts),
            options,
        };
        let model = request.model.strip_prefix("models/").unwrap_or(&request.model);
        HttpRequest::json(&self.provider, format!("/v1beta/models/{model}:generateContent"), &body)
    }

    fn form(&self) -> Form {
        Form {
            what: "a reply of generateContent",
            members: &["candidates", "promptFeedback", "usageMetadata"],
        }
    }

    fn join(&self, stream: Stream) -> Option<Value> {
        let is_done = stream.is_done;
        let body = deltas::joined(stream.events);
        let is_ended = !body["candidates"][0]["finishReason"].is_null();
        (is_done || is_ended || body.get("promptFeedback").is_some()).then_some(body)
    }

    fn usage(&self, body: &Value) -> Usage {
        let usage = answer::counts(body, "usageMetadata");
        let count = |pointer| tokens(usage, &[pointer]);
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or_default().saturating_add(other.unwrap_or_default())),
        };
        let thoughts = count("/thoughtsTokenCount");
        Usage {
            thinking_tokens: thoughts,
            cached_tokens: count("/cachedContentTokenCount"),
            ..answer::usage(
                sum(count("/promptTokenCount"), count("/toolUsePromptTokenCount")),
                sum(count("/candidatesTokenCount"), thoughts),
                count("/totalTokenCount"),
            )
        }
    }

    fn read(&self, body: &Value) -> Result<Response, LlmError> {
        let request_id = body["responseId"].as_str().map(str::to_owned);
        let failed = |(kind, message)| LlmError {
            request_id: request_id.clone(),
            ..LlmError::new(kind, &self.provider, message)
        };
        if let Some(reason) = body["promptFeedback"]["blockReason"].as_str() {
            let message = format!("the provider's content filter stopped the prompt ({reason})");
            return Err(failed((LlmErrorKind::ContentFilter, message)));
        }
        let first = elements(&body["candidates"]).first().ok_or_else(|| {
            failed((LlmErrorKind::BadReply, "the reply has no candidates".to_owned()))
        })?;
        let reason = &first["finishReason"];
        let text = text(&first["content"]["parts"], Finish::of(reason) == Finish::Cut);
        let text = text.map_err(failed)?;
        let finish_reason = Finish::of_reply(reason, &text).map_err(failed)?;
        Ok(Response { text, finish_reason, request_id, ..Response::default() })
    }
}

/// The text without the model's thoughts; the arguments of function calls if there is none; empty if
/// there is neither.
fn text(parts: &Value, is_cut: bool) -> Result<String, (LlmErrorKind, String)> {
    let parts = || elements(parts).iter().filter(|part| part["thought"] != true);
    let text: String = parts().filter_map(|part| part["text"].as_str()).collect();
    if text.trim().is_empty() {
        return answer::calls(parts().map(|part| &part["functionCall"]["args"]), is_cut);
    }
    Ok(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<GenerationConfig<'a>>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

#[derive(Serialize)]
struct Instruction {
    parts: [Part<'static>; 1],
}

impl Instruction {
    fn new(text: String) -> Self {
        Self { parts: [Part::Text(text.into())] }
    }
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
}

impl<'a> Content<'a> {
    /// `None` for a message without content: Gemini rejects empty parts.
    fn new(message: &'a Message) -> Option<Self> {
        let part = |piece| match piece {
            MergedPart::Text(text) => (!text.is_empty()).then_some(Part::Text(text)),
            MergedPart::Image(Image { media_type, data, .. })
            | MergedPart::File(File { media_type, data, .. }) => {
                Some(Part::InlineData { mime_type: media_type, data })
            }
        };
        let parts: Vec<_> = message.merged_parts().filter_map(part).collect();
        let role = if message.role == Role::Assistant { "model" } else { "user" };
        (!parts.is_empty()).then_some(Self { role, parts })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Part<'a> {
    Text(Cow<'a, str>),
    InlineData { mime_type: &'a str, data: &'a str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a SerializedSchema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_schema: Option<&'a SerializedSchema>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

impl<'a> GenerationConfig<'a> {
    fn new(request: &'a Request, options: Map<String, Value>) -> Option<Self> {
        let schema = request.schema.as_deref().filter(|it| it.mode != OutputMode::Prompt);
        if schema.is_none() && options.is_empty() {
            return None;
        }
        let sent = schema.filter(|it| it.mode != OutputMode::Json).map(|it| &it.compiled);
        let is_old = Capabilities::of("gemini", &request.model).dialect == Dialect::GeminiOpenApi;
        Some(Self {
            response_mime_type: schema.map(|_: &OutputSchema| "application/json"),
            response_json_schema: sent.filter(|_| !is_old),
            response_schema: sent.filter(|_| is_old),
            options,
        })
    }
}
