//! The generateContent wire format of Gemini (ai.google.dev/api/generate-content).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::capabilities::Capabilities;
use crate::http::options::{OptionRules, PlacedOptions};
use crate::http::wire_format::{self, HttpRequest, HttpResponse, WireFormat};
use crate::{
    File, FinishReason, Image, LlmError, LlmErrorKind, MergedPart, Message, Request, Response,
    Role, Usage,
};
use structx_schema::dialect::Dialect;
use structx_schema::{Method, OutputSchema};

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

    fn read(&self, response: &HttpResponse) -> Result<Response, LlmError> {
        let body: ResponseBody = response.json(&self.provider, "a reply of generateContent")?;
        let usage = body.usage_metadata.map(Usage::from).unwrap_or_default();
        let failed = |kind, message: String| LlmError {
            usage,
            request_id: body.response_id.clone(),
            ..LlmError::new(kind, &self.provider, message)
        };
        if let Some(reason) = body.prompt_feedback.and_then(|it| it.block_reason) {
            let message = format!("the provider's content filter stopped the prompt ({reason})");
            return Err(failed(LlmErrorKind::ContentFilter, message));
        }
        let Some(first) = body.candidates.unwrap_or_default().into_iter().next() else {
            return Err(failed(LlmErrorKind::BadReply, "the reply has no candidates".to_owned()));
        };
        let finish_reason = match first.finish_reason.as_deref() {
            None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => FinishReason::Stop,
            Some("MAX_TOKENS") => FinishReason::Length,
            Some(reason) => {
                let (kind, message) = stopped(reason);
                return Err(failed(kind, message));
            }
        };
        let text = first.content.map(ResponseContent::text).unwrap_or_default();
        if text.is_empty() {
            let (kind, message) = wire_format::no_content(finish_reason);
            return Err(failed(kind, message.to_owned()));
        }
        Ok(Response {
            text,
            finish_reason,
            usage,
            request_id: body.response_id,
            ..Response::default()
        })
    }
}

/// The error for a finish reason other than the end of the text or the token limit.
fn stopped(reason: &str) -> (LlmErrorKind, String) {
    const FILTERS: [&str; 5] = ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"];
    if FILTERS.contains(&reason) {
        let message = format!("the provider's content filter stopped the reply ({reason})");
        (LlmErrorKind::ContentFilter, message)
    } else {
        let reason: String = reason.chars().take(40).collect();
        (LlmErrorKind::BadReply, format!("the provider broke the reply off ({reason})"))
    }
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
    response_json_schema: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_schema: Option<&'a Value>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

impl<'a> GenerationConfig<'a> {
    fn new(request: &'a Request, options: Map<String, Value>) -> Option<Self> {
        let schema = request.schema.as_deref().filter(|it| it.method != Method::Prompt);
        if schema.is_none() && options.is_empty() {
            return None;
        }
        let sent = schema.filter(|it| it.method != Method::Json).map(|it| &it.compiled);
        let is_old = Capabilities::of("gemini", &request.model).dialect == Dialect::GeminiOpenApi;
        Some(Self {
            response_mime_type: schema.map(|_: &OutputSchema| "application/json"),
            response_json_schema: sent.filter(|_| !is_old),
            response_schema: sent.filter(|_| is_old),
            options,
        })
    }
}

/// The members of a response that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseBody {
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<PromptFeedback>,
    usage_metadata: Option<UsageMetadata>,
    response_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<ResponseContent>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ResponseContent {
    parts: Option<Vec<ResponsePart>>,
}

#[derive(Deserialize)]
struct ResponsePart {
    text: Option<String>,
    /// Whether it is the model's reasoning, not part of the reply.
    thought: Option<bool>,
}

impl ResponseContent {
    fn text(self) -> String {
        let parts = self.parts.unwrap_or_default().into_iter();
        parts.filter(|part| part.thought != Some(true)).filter_map(|part| part.text).collect()
    }
}

#[derive(Deserialize)]
struct UsageMetadata {
    #[serde(rename = "promptTokenCount")]
    prompt: Option<u64>,
    #[serde(rename = "toolUsePromptTokenCount")]
    tool_use: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    thoughts: Option<u64>,
    #[serde(rename = "cachedContentTokenCount")]
    cached: Option<u64>,
}

impl From<UsageMetadata> for Usage {
    fn from(usage: UsageMetadata) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| {
            one.unwrap_or_default().saturating_add(other.unwrap_or_default())
        };
        Self {
            thinking_tokens: usage.thoughts,
            cached_tokens: usage.cached,
            ..Self::of(sum(usage.prompt, usage.tool_use), sum(usage.candidates, usage.thoughts))
        }
    }
}
