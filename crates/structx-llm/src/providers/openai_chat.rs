//! The chat wire format of OpenAI, which most other providers and local servers accept too
//! (platform.openai.com/docs/api-reference/chat).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::answer::{self, elements, tokens};
use crate::http::finish::Finish;
use crate::http::options::{self, OptionRules};
use crate::http::wire_format::{
    Content, DataUrl, Form, HttpRequest, WireFormat, log_probabilities,
};
use crate::http::{Stream, deltas};
use crate::{
    Candidate, File, Image, LlmError, LlmErrorKind, MergedPart, Message, Request, Response, Role,
    Usage,
};
use structx_schema::{OutputMode, OutputSchema, SerializedSchema};

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

    fn form(&self) -> Form {
        Form { what: "a chat completion", members: &["choices", "usage"] }
    }

    fn join(&self, stream: Stream) -> Option<Value> {
        let is_done = stream.is_done;
        let body = deltas::joined(stream.events);
        let first = elements(&body["choices"]).first();
        (is_done || first.is_some_and(|choice| !choice["finish_reason"].is_null())).then_some(body)
    }

    fn usage(&self, body: &Value) -> Usage {
        let usage = answer::counts(body, "usage");
        let thinking_tokens = tokens(
            usage,
            &[
                "/completion_tokens_details/reasoning_tokens",
                "/output_tokens_details/reasoning_tokens",
            ],
        );
        let prompt = tokens(usage, &["/prompt_tokens", "/input_tokens"]);
        let written = tokens(usage, &["/completion_tokens", "/output_tokens"]);
        let total = tokens(usage, &["/total_tokens"]);
        // xAI counts reasoning tokens beside completion tokens (docs.x.ai/docs/guides/reasoning).
        let both = written.zip(thinking_tokens).map(|(one, other)| one.saturating_add(other));
        let sum = prompt.zip(both).map(|(one, other)| one.saturating_add(other));
        let is_apart = sum.is_some() && sum == total;
        let cached = tokens(
            usage,
            &[
                "/prompt_tokens_details/cached_tokens",
                "/input_tokens_details/cached_tokens",
                // DeepSeek's name for cached tokens (api-docs.deepseek.com/guides/kv_cache).
                "/prompt_cache_hit_tokens",
            ],
        );
        Usage {
            thinking_tokens,
            cached_tokens: cached,
            ..answer::usage(prompt, if is_apart { both } else { written }, total)
        }
    }

    fn read(&self, body: &Value) -> Result<Response, LlmError> {
        let failed = |(kind, message)| LlmError::new(kind, &self.provider, message);
        let (first, others) = elements(&body["choices"]).split_first().ok_or_else(|| {
            failed((LlmErrorKind::BadReply, "the reply has no choices".to_owned()))
        })?;
        let read = candidate(first).map_err(failed)?;
        Ok(Response {
            text: read.text,
            finish_reason: read.finish_reason,
            log_probabilities: read.log_probabilities,
            alternatives: others.iter().filter_map(|choice| candidate(choice).ok()).collect(),
            ..Response::default()
        })
    }
}

/// Reads one choice. Streams, and some servers without one, have a `delta` in place of the message.
fn candidate(choice: &Value) -> Result<Candidate, (LlmErrorKind, String)> {
    let message = ["message", "delta"].into_iter().find_map(|name| choice.get(name));
    let message = message.filter(|message| !message.is_null()).unwrap_or(choice);
    let reason = &choice["finish_reason"];
    let text = text(message, Finish::of(reason) == Finish::Cut)?;
    let is_refused = match &message["refusal"] {
        Value::String(refusal) => !refusal.trim().is_empty(),
        Value::Bool(is_refused) => *is_refused && text.is_empty(),
        _ => false,
    };
    if is_refused {
        return Err((LlmErrorKind::Refusal, "the model declined to answer".to_owned()));
    }
    let finish_reason = Finish::of_reply(reason, &text)?;
    let log_probabilities = log_probabilities(&choice["logprobs"]["content"]);
    Ok(Candidate { text, finish_reason, log_probabilities })
}

/// The reply: the arguments of the tool calls if there are any, otherwise the text; empty if there is
/// none.
fn text(message: &Value, is_cut: bool) -> Result<String, (LlmErrorKind, String)> {
    let functions = elements(&message["tool_calls"]).iter().map(|call| &call["function"]);
    // `function_call` is the older form of a call.
    let functions = functions.chain([&message["function_call"]]);
    let called = answer::calls(functions.map(|function| &function["arguments"]), is_cut)?;
    if !called.is_empty() {
        return Ok(called);
    }
    // The legacy completions have the text in the choice itself.
    let written = ["content", "text"].into_iter().find_map(|name| answer::content(&message[name]));
    let reasoned = || {
        let mut names = ["reasoning_content", "reasoning"].into_iter();
        names.find_map(|name| answer::reasoned(message.get(name)))
    };
    Ok(written.or_else(reasoned).unwrap_or_default())
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
        match schema.mode {
            OutputMode::Strict => Some(json_schema(true)),
            OutputMode::Schema => Some(json_schema(false)),
            OutputMode::Json => Some(Self::JsonObject),
            OutputMode::Tool | OutputMode::Prompt => None,
        }
    }
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'a str,
    strict: bool,
    schema: &'a SerializedSchema,
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
    parameters: Option<&'a SerializedSchema>,
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

#[cfg(test)]
mod tests;
