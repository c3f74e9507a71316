//! The chat wire format of Ollama (docs.ollama.com/api/chat).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::answer::{self, elements, tokens};
use crate::http::finish::Finish;
use crate::http::options::{OptionRules, PlacedOptions};
use crate::http::wire_format::{Form, HttpRequest, WireFormat, log_probabilities};
use crate::http::{Stream, deltas};
use crate::{LlmError, LlmErrorKind, MergedPart, Message, Request, Response, Role, Usage};
use structx_schema::{OutputMode, OutputSchema, SerializedSchema};

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

    fn form(&self) -> Form {
        Form { what: "a chat message", members: &["message", "done", "done_reason"] }
    }

    fn join(&self, stream: Stream) -> Option<Value> {
        let body = deltas::joined(stream.events);
        (body["done"] == true).then_some(body)
    }

    fn usage(&self, body: &Value) -> Usage {
        let count = |pointer| tokens(body, &[pointer]).unwrap_or_default();
        Usage::of(count("/prompt_eval_count"), count("/eval_count"))
    }

    fn read(&self, body: &Value) -> Result<Response, LlmError> {
        let failed = |(kind, message)| LlmError::new(kind, &self.provider, message);
        let (message, reason) = (&body["message"], &body["done_reason"]);
        let is_cut = Finish::of(reason) == Finish::Cut;
        let calls = elements(&message["tool_calls"]).iter();
        let text = match answer::content(&message["content"]) {
            Some(text) => text,
            None => answer::calls(calls.map(|call| &call["function"]["arguments"]), is_cut)
                .map_err(failed)?,
        };
        // Models that think may write the reply where their thoughts belong
        // (github.com/zammad/zammad/issues/5984).
        let thought = || answer::reasoned(message.get("thinking"));
        let text = if text.is_empty() { thought().unwrap_or_default() } else { text };
        let finish_reason = Finish::of_reply(reason, &text).map_err(failed)?;
        let log_probabilities = log_probabilities(&body["logprobs"]);
        Ok(Response { text, finish_reason, log_probabilities, ..Response::default() })
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
    Schema(&'a SerializedSchema),
}

impl<'a> Format<'a> {
    fn new(schema: &'a OutputSchema) -> Option<Self> {
        match schema.mode {
            OutputMode::Strict | OutputMode::Schema | OutputMode::Tool => {
                Some(Self::Schema(&schema.compiled))
            }
            OutputMode::Json => Some(Self::Json("json")),
            OutputMode::Prompt => None,
        }
    }
}
