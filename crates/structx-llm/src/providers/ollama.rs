//! The chat wire format of Ollama (docs.ollama.com/api/chat).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::options::{OptionRules, PlacedOptions};
use crate::http::wire_format::{self, HttpRequest, HttpResponse, LogProbability, WireFormat};
use crate::{
    FinishReason, LlmError, LlmErrorKind, MergedPart, Message, Request, Response, Role, Usage,
};
use structx_schema::{Method, OutputSchema};

/// The wire format; `provider` is the registry's name of the server, for errors.
#[derive(Debug, Clone)]
pub struct Ollama {
    pub provider: String,
}

const RULES: OptionRules = OptionRules {
    reserved: &["model", "messages", "format", "stream", "truncate", "shift"],
    spellings: &[
        ("max_tokens", "num_predict"),
        ("max_completion_tokens", "num_predict"),
        ("stop", "stop"),
    ],
    shared: "options",
    reserved_parts: &[],
    outside: Some(&[
        "model",
        "messages",
        "format",
        "stream",
        "truncate",
        "shift",
        "keep_alive",
        "think",
        "tools",
        "logprobs",
        "top_logprobs",
    ]),
};

impl WireFormat for Ollama {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError> {
        let PlacedOptions { body: options, parts } =
            RULES.place(&self.provider, &request.options)?;
        let messages: Vec<_> =
            request.messages.iter().map(|it| self.message(it)).collect::<Result<_, _>>()?;
        let body = Body {
            model: &request.model,
            messages,
            stream: false,
            truncate: false,
            shift: false,
            format: request.schema.as_deref().and_then(Format::new),
            options: (!parts.is_empty()).then_some(parts),
            others: options,
        };
        HttpRequest::json(&self.provider, "/api/chat", &body)
    }

    fn read(&self, response: &HttpResponse) -> Result<Response, LlmError> {
        let body: ResponseBody = response.json(&self.provider, "a chat message")?;
        let usage = Usage::of(
            body.prompt_eval_count.unwrap_or_default(),
            body.eval_count.unwrap_or_default(),
        );
        let finish_reason = match body.done_reason.as_deref() {
            Some("length") => FinishReason::Length,
            _ => FinishReason::Stop,
        };
        let text = body.message.content.unwrap_or_default();
        if text.is_empty() {
            let (kind, message) = wire_format::no_content(finish_reason);
            return Err(LlmError { usage, ..LlmError::new(kind, &self.provider, message) });
        }
        let log_probabilities = body.logprobs.map(|it| it.iter().map(|it| it.logprob).collect());
        Ok(Response { text, finish_reason, usage, log_probabilities, ..Response::default() })
    }
}

impl Ollama {
    fn message<'a>(&self, message: &'a Message) -> Result<WireMessage<'a>, LlmError> {
        let (mut texts, mut images) = (Vec::new(), Vec::new());
        for piece in message.merged_parts() {
            match piece {
                MergedPart::Text(text) => texts.push(text),
                MergedPart::Image(image) => images.push(&*image.data),
                MergedPart::File(_) => {
                    let message = "files can't be sent to Ollama; choose another mode";
                    return Err(LlmError::new(LlmErrorKind::Rejected, &self.provider, message));
                }
            }
        }
        let content = match <[_; 1]>::try_from(texts) {
            Ok([text]) => text,
            Err(texts) => texts.concat().into(),
        };
        Ok(WireMessage { role: message.role, content, images })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    stream: bool,
    /// Without these two, Ollama silently truncates the prompt and shifts the context; with them it
    /// returns an error from 0.12.6 on (github.com/ollama/ollama, api/types.go). Older servers
    /// ignore them.
    truncate: bool,
    shift: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Map<String, Value>>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: Role,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Format<'a> {
    Json(&'static str),
    Schema(&'a Value),
}

impl<'a> Format<'a> {
    fn new(schema: &'a OutputSchema) -> Option<Self> {
        match schema.method {
            Method::Strict | Method::Schema | Method::Tool => Some(Self::Schema(&schema.compiled)),
            Method::Json => Some(Self::Json("json")),
            Method::Prompt => None,
        }
    }
}

/// The members of a response that are read.
#[derive(Deserialize)]
struct ResponseBody {
    message: ResponseMessage,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    logprobs: Option<Vec<LogProbability>>,
}

#[derive(Deserialize)]
struct ResponseMessage {
    content: Option<String>,
}
