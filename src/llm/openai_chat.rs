//! The chat wire format of OpenAI, which most providers and local servers speak too.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::retry;
use super::wire::{HttpReply, HttpRequest, WireFormat};
use super::{
    Candidate, Finish, Image, LlmError, LlmErrorKind, Message, Piece, Reply, Request, Role, Usage,
};
use crate::schema::{Method, OutputSchema};

/// `provider` is the registry's name of the server, for errors.
#[derive(Debug, Clone)]
pub struct OpenAiChat {
    pub provider: String,
}

/// The members of a body that structx alone decides.
const RESERVED: [&str; 4] = ["model", "messages", "response_format", "stream"];

/// No provider's message is shown beyond this many characters.
const LONGEST_MESSAGE: usize = 500;

impl WireFormat for OpenAiChat {
    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError> {
        if let Some(name) = RESERVED.iter().find(|name| request.options.contains_key(**name)) {
            let message = format!("the option `{name}` is set by structx; leave it out");
            return Err(self.error(LlmErrorKind::Rejected, message));
        }
        let body = serde_json::to_vec(&Body(request)).map_err(|error| {
            self.error(LlmErrorKind::Rejected, format!("the request can't be encoded: {error}"))
        })?;
        Ok(HttpRequest {
            path: "/chat/completions".to_owned(),
            headers: vec![("content-type", "application/json")],
            body,
        })
    }

    fn decode(&self, reply: HttpReply) -> Result<Reply, LlmError> {
        let decoded = if (200..300).contains(&reply.status) {
            self.decode_completion(&reply)
        } else {
            Err(self.decode_error(reply.status, &reply))
        };
        let request_id = reply.header("x-request-id").map(str::to_owned);
        match decoded {
            Ok(answer) => Ok(Reply { request_id, headers: reply.headers, ..answer }),
            Err(error) => Err(LlmError { status: Some(reply.status), request_id, ..error }),
        }
    }
}

impl OpenAiChat {
    fn error(&self, kind: LlmErrorKind, message: impl Into<String>) -> LlmError {
        LlmError::new(kind, &self.provider, message)
    }

    fn decode_completion(&self, reply: &HttpReply) -> Result<Reply, LlmError> {
        // serde's own message may quote the reply, and with it the document.
        let completion: Completion = serde_json::from_slice(&reply.body).map_err(|error| {
            self.error(
                LlmErrorKind::BadReply,
                format!(
                    "the reply is not a chat completion (line {}, column {} of {} bytes)",
                    error.line(),
                    error.column(),
                    reply.body.len()
                ),
            )
        })?;
        // Gateways pass on a failure of the provider behind them under status 200.
        if let Some(status) = completion.error.as_ref().map(inner_status) {
            return Err(self.decode_error(status, reply));
        }
        let usage = completion.usage.map(Usage::from).unwrap_or_default();
        let failed = |kind, message: &str| LlmError { usage, ..self.error(kind, message) };
        let mut choices = completion.choices.unwrap_or_default().into_iter();
        let Some(first) = choices.next() else {
            return Err(failed(LlmErrorKind::BadReply, "the reply has no choices"));
        };
        if first.message.refusal.is_some_and(|refusal| !refusal.is_empty()) {
            return Err(failed(LlmErrorKind::Refusal, "the model declined to answer"));
        }
        let finish = match first.finish_reason.as_deref() {
            Some("length") => Finish::Length,
            Some("content_filter") => {
                let message = "the provider's content filter stopped the reply";
                return Err(failed(LlmErrorKind::ContentFilter, message));
            }
            // A gateway's word for a provider that failed while it answered.
            Some("error") => {
                return Err(failed(LlmErrorKind::BadReply, "the provider broke the reply off"));
            }
            _ => Finish::Stop,
        };
        let Some(text) = first.message.content else {
            return Err(match finish {
                Finish::Length => failed(
                    LlmErrorKind::Truncated,
                    "the limit of output tokens was reached before the reply began",
                ),
                Finish::Stop => failed(LlmErrorKind::BadReply, "the reply has no content"),
            });
        };
        Ok(Reply {
            text,
            finish,
            usage,
            log_probabilities: first.logprobs.and_then(LogProbabilities::numbers),
            alternatives: choices.filter_map(Choice::candidate).collect(),
            ..Reply::default()
        })
    }

    fn decode_error(&self, status: u16, reply: &HttpReply) -> LlmError {
        let (message, code) = explain(&reply.body);
        let kind = retry::classify(status, code.as_deref().unwrap_or_default(), &message);
        let message = match status {
            300..400 => "a redirect, which is not followed; set api_base to the final address",
            _ if message.is_empty() => "no explanation was given",
            _ => &message,
        };
        LlmError {
            code,
            retry_after: retry::retry_after(&reply.headers, SystemTime::now()),
            ..self.error(kind, message)
        }
    }
}

/// The status that an error within a reply of status 200 stands for.
fn inner_status(error: &Value) -> u16 {
    let status = error.get("code").and_then(Value::as_u64).and_then(|code| code.try_into().ok());
    status.filter(|code| (400..600).contains(code)).unwrap_or(502)
}

/// The message, bounded, and the code in the body of an error, in whatever form it comes.
fn explain(body: &[u8]) -> (String, Option<String>) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(body);
        let is_page = text.trim_start().starts_with('<');
        let message = if is_page { "the body is a web page, not JSON" } else { text.trim() };
        return (bounded(message), None);
    };
    let body = value.get(0).unwrap_or(&value);
    let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
    let message = ["message", "detail", "error"]
        .iter()
        .find_map(|name| error.get(name)?.as_str())
        .unwrap_or_default();
    let code = ["code", "type"].iter().find_map(|name| match error.get(name)? {
        Value::String(code) if !code.is_empty() => Some(bounded(code)),
        Value::Number(code) => Some(bounded(&code.to_string())),
        _ => None,
    });
    (bounded(message), code)
}

fn bounded(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{} ...", &message[..end]),
        None => message.to_owned(),
    }
}

/// The body of a request, written straight to bytes.
struct Body<'a>(&'a Request);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(request) = self;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("model", &*request.model)?;
        body.serialize_entry("messages", &Messages(&request.messages))?;
        if let Some(format) = request.schema.as_deref().and_then(ResponseFormat::new) {
            body.serialize_entry("response_format", &format)?;
        }
        for (name, value) in &*request.options {
            body.serialize_entry(name, value)?;
        }
        body.end()
    }
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
            Method::Schema | Method::Tool => Some(json_schema(false)),
            Method::Json => Some(Self::JsonObject),
            Method::Prompt => None,
        }
    }
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'a str,
    strict: bool,
    schema: &'a Value,
}

struct Messages<'a>(&'a [Message]);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0
                .iter()
                .map(|message| WireMessage { role: message.role, content: content(message) }),
        )
    }
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: Role,
    content: Content<'a>,
}

/// A message without images is a plain text: some servers know no other form.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: DataUrl<'a>,
}

struct DataUrl<'a>(&'a Image);

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(Image { media_type, data, .. }) = self;
        serializer.collect_str(&format_args!("data:{media_type};base64,{data}"))
    }
}

fn content(message: &Message) -> Content<'_> {
    let parts: Vec<_> = message
        .pieces()
        .map(|piece| match piece {
            Piece::Text(text) => ContentPart::Text { text },
            Piece::Image(image) => {
                ContentPart::ImageUrl { image_url: ImageUrl { url: DataUrl(image) } }
            }
        })
        .collect();
    match <[_; 1]>::try_from(parts) {
        Ok([ContentPart::Text { text }]) => Content::Text(text),
        Ok(parts) => Content::Parts(parts.into()),
        Err(parts) => Content::Parts(parts),
    }
}

/// What is read of a reply. Everything that some server leaves out may be absent or null.
#[derive(Deserialize)]
struct Completion {
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    message: Answer,
    finish_reason: Option<String>,
    logprobs: Option<LogProbabilities>,
}

impl Choice {
    fn candidate(self) -> Option<Candidate> {
        Some(Candidate {
            text: self.message.content?,
            finish: match self.finish_reason.as_deref() {
                Some("length") => Finish::Length,
                _ => Finish::Stop,
            },
            log_probabilities: self.logprobs.and_then(LogProbabilities::numbers),
        })
    }
}

#[derive(Deserialize, Default)]
struct Answer {
    content: Option<String>,
    refusal: Option<String>,
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
struct LogProbability {
    logprob: f32,
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
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
        let prompt_tokens = usage.prompt_tokens.unwrap_or_default();
        let completion_tokens = usage.completion_tokens.unwrap_or_default();
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: usage.total_tokens.unwrap_or(prompt_tokens + completion_tokens),
            thinking_tokens: usage.completion_tokens_details.and_then(|it| it.reasoning_tokens),
            cached_tokens: usage.prompt_tokens_details.and_then(|it| it.cached_tokens),
        }
    }
}

#[cfg(test)]
mod tests;
