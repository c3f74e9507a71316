//! The chat wire format of OpenAI, which most other providers and local servers accept too
//! (platform.openai.com/docs/api-reference/chat).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::failure::failure;
use crate::http::options::{self, OptionRules};
use crate::http::wire_format::{
    self, Content, DataUrl, HttpRequest, HttpResponse, LogProbability, WireFormat,
};
use crate::{
    Candidate, File, FinishReason, Image, LlmError, LlmErrorKind, MergedPart, Message, Request,
    Response, Role, Usage,
};
use structx_schema::{Method, OutputSchema};

/// The wire format; `provider` is the registry's name of the server, for errors.
#[derive(Debug, Clone)]
pub struct OpenAiChat {
    pub provider: String,
}

/// Options are sent unchanged.
const RULES: OptionRules = OptionRules {
    reserved: &["model", "messages", "response_format", "stream"],
    spellings: &[],
    shared: "",
    reserved_parts: &[],
    outside: None,
};

impl WireFormat for OpenAiChat {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError> {
        let options = RULES.place(&self.provider, &request.options)?.body;
        let schema = request.schema.as_deref();
        let tool = options::tool(&self.provider, schema, &options)?;
        let body = Body {
            model: &request.model,
            messages: request.messages.iter().map(WireMessage::new).collect(),
            response_format: schema.and_then(ResponseFormat::new),
            tools: tool.map(|it| {
                let function = Function { name: &it.name, parameters: Some(&it.compiled) };
                [Tool::Function { function }]
            }),
            tool_choice: tool.map(|it| {
                let function = Function { name: &it.name, parameters: None };
                Tool::Function { function }
            }),
            options,
        };
        HttpRequest::json(&self.provider, "/chat/completions", &body)
    }

    fn read(&self, response: &HttpResponse) -> Result<Response, LlmError> {
        let body: ResponseBody = response.json(&self.provider, "a chat completion")?;
        // Gateways report failures of the provider behind them with status 200.
        if let Some(status) = body.error.as_ref().map(inner_status) {
            return Err(failure(&self.provider, status, response));
        }
        let usage = body.usage.map(Usage::from).unwrap_or_default();
        let failed = |kind, message: &str| LlmError {
            usage,
            ..LlmError::new(kind, &self.provider, message)
        };
        let mut choices = body.choices.unwrap_or_default().into_iter();
        let Some(first) = choices.next() else {
            return Err(failed(LlmErrorKind::BadReply, "the reply has no choices"));
        };
        if first.message.refusal.as_ref().is_some_and(|refusal| !refusal.is_empty()) {
            return Err(failed(LlmErrorKind::Refusal, "the model declined to answer"));
        }
        let finish_reason = match first.finish_reason.as_deref() {
            Some("length") => FinishReason::Length,
            Some("content_filter") => {
                let message = "the provider's content filter stopped the reply";
                return Err(failed(LlmErrorKind::ContentFilter, message));
            }
            // A gateway's finish reason if the provider failed during the response.
            Some("error") => {
                return Err(failed(LlmErrorKind::BadReply, "the provider broke the reply off"));
            }
            _ => FinishReason::Stop,
        };
        let Some(text) = first.message.text() else {
            let (kind, message) = wire_format::no_content(finish_reason);
            return Err(failed(kind, message));
        };
        Ok(Response {
            text,
            finish_reason,
            usage,
            log_probabilities: first.logprobs.and_then(LogProbabilities::numbers),
            alternatives: choices.filter_map(Choice::candidate).collect(),
            ..Response::default()
        })
    }
}

/// The status of an error within a response of status 200; 502 if it names none.
fn inner_status(error: &Value) -> u16 {
    let status = error.get("code").and_then(Value::as_u64).and_then(|code| code.try_into().ok());
    status.filter(|code| (400..600).contains(code)).unwrap_or(502)
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tool<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Tool<'a>>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonSchema { json_schema: JsonSchema<'a> },
    JsonObject,
}

impl<'a> ResponseFormat<'a> {
    fn new(schema: &'a OutputSchema) -> Option<Self> {
        let json_schema = |strict| Self::JsonSchema {
            json_schema: JsonSchema { name: &schema.name, strict, schema: &schema.compiled },
        };
        match schema.method {
            Method::Strict => Some(json_schema(true)),
            Method::Schema => Some(json_schema(false)),
            Method::Json => Some(Self::JsonObject),
            Method::Tool | Method::Prompt => None,
        }
    }
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'a str,
    strict: bool,
    schema: &'a Value,
}

/// A tool, or, without parameters, the choice of it.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tool<'a> {
    Function { function: Function<'a> },
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Value>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: Role,
    content: Content<'a, ContentPart<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl<'a> },
    File { file: WireFile<'a> },
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: DataUrl<'a>,
}

#[derive(Serialize)]
struct WireFile<'a> {
    filename: &'a str,
    file_data: DataUrl<'a>,
}

impl<'a> WireMessage<'a> {
    fn new(message: &'a Message) -> Self {
        let part = |piece| match piece {
            MergedPart::Text(text) => ContentPart::Text { text },
            MergedPart::Image(Image { media_type, data, .. }) => {
                ContentPart::ImageUrl { image_url: ImageUrl { url: DataUrl { media_type, data } } }
            }
            MergedPart::File(File { name, media_type, data }) => {
                let file_data = DataUrl { media_type, data };
                ContentPart::File { file: WireFile { filename: name, file_data } }
            }
        };
        Self { role: message.role, content: Content::new(message, part) }
    }
}

/// The members of a response that are read. Every member that some server omits is optional.
#[derive(Deserialize)]
struct ResponseBody {
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    message: ResponseMessage,
    finish_reason: Option<String>,
    logprobs: Option<LogProbabilities>,
}

impl Choice {
    fn candidate(self) -> Option<Candidate> {
        Some(Candidate {
            text: self.message.text()?,
            finish_reason: match self.finish_reason.as_deref() {
                Some("length") => FinishReason::Length,
                _ => FinishReason::Stop,
            },
            log_probabilities: self.logprobs.and_then(LogProbabilities::numbers),
        })
    }
}

#[derive(Deserialize, Default)]
struct ResponseMessage {
    content: Option<ResponseContent>,
    refusal: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

impl ResponseMessage {
    /// The arguments of the tool call if there is one, otherwise the text.
    fn text(self) -> Option<String> {
        let call = self.tool_calls.into_iter().flatten().next();
        call.map(|call| call.function.arguments).or(self.content.map(ResponseContent::text))
    }
}

/// Content as a string, or in parts as Mistral's reasoning models write it
/// (docs.mistral.ai/capabilities/reasoning).
#[derive(Deserialize)]
#[serde(untagged)]
enum ResponseContent {
    Text(String),
    Parts(Vec<ContentText>),
}

#[derive(Deserialize)]
struct ContentText {
    text: Option<String>,
}

impl ResponseContent {
    /// The text without the reasoning, whose parts have no `text`.
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

#[derive(Deserialize)]
struct ToolCall {
    function: CalledFunction,
}

#[derive(Deserialize)]
struct CalledFunction {
    arguments: String,
}

#[derive(Deserialize)]
struct LogProbabilities {
    content: Option<Vec<LogProbability>>,
}

impl LogProbabilities {
    fn numbers(self) -> Option<Vec<f32>> {
        Some(self.content?.into_iter().map(|token| token.logprob).collect())
    }
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    // DeepSeek's name for cached tokens (api-docs.deepseek.com/guides/kv_cache).
    prompt_cache_hit_tokens: Option<u64>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Self {
        let thinking_tokens = usage.completion_tokens_details.and_then(|it| it.reasoning_tokens);
        let prompt = usage.prompt_tokens.unwrap_or_default();
        let written = usage.completion_tokens.unwrap_or_default();
        // xAI counts reasoning tokens beside completion tokens (docs.x.ai/docs/guides/reasoning).
        let both = written.saturating_add(thinking_tokens.unwrap_or_default());
        let is_apart = usage.total_tokens == Some(prompt.saturating_add(both));
        let sum = Self::of(prompt, if is_apart { both } else { written });
        let cached = usage.prompt_tokens_details.and_then(|it| it.cached_tokens);
        Self {
            total_tokens: usage.total_tokens.unwrap_or(sum.total_tokens),
            thinking_tokens,
            cached_tokens: cached.or(usage.prompt_cache_hit_tokens),
            ..sum
        }
    }
}

#[cfg(test)]
mod tests;
