//! The Messages wire format of Anthropic (platform.claude.com/docs/en/api/messages).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::options::{self, OptionRules, PlacedOptions};
use crate::http::wire_format::{self, HttpRequest, HttpResponse, WireFormat};
use crate::{
    File, FinishReason, Image, LlmError, LlmErrorKind, MergedPart, Message, Request, Response,
    Role, Usage,
};
use structx_schema::{Method, OutputSchema};

/// The wire format; `provider` is the registry's name of the server, for errors.
#[derive(Debug, Clone)]
pub struct Anthropic {
    pub provider: String,
}

const RULES: OptionRules = OptionRules {
    reserved: &["model", "messages", "system", "stream", "output_format"],
    spellings: &[("max_completion_tokens", "max_tokens"), ("stop", "stop_sequences")],
    shared: "output_config",
    reserved_parts: &["format"],
    outside: None,
};

/// `max_tokens`, which is required, by prefix of the model's name: the most that older models write
/// (docs.claude.com/en/docs/about-claude/models), or may write without streaming (the limit of
/// Anthropic's SDK).
const MAX_TOKENS: [(&str, u32); 6] = [
    ("claude-3-haiku", 4096),
    ("claude-3-opus", 4096),
    ("claude-3-5", 8192),
    ("claude-opus-4-0", 8192),
    ("claude-opus-4-1", 8192),
    ("claude-opus-4-2", 8192),
];

/// `max_tokens` of newer models, within the time of a request without streaming
/// (github.com/anthropics/skills, claude-api/shared/model-migration.md).
const USUAL_MAX_TOKENS: u32 = 16_000;

/// Prefixes of models that accept a forced tool call; later ones reject it while thinking is on
/// (platform.claude.com/docs/en/build-with-claude/extended-thinking).
const FORCED: [&str; 9] = [
    "claude-3",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2",
    "claude-opus-4-5",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
];

impl WireFormat for Anthropic {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError> {
        let PlacedOptions { body: options, parts } =
            RULES.place(&self.provider, &request.options)?;
        let schema = request.schema.as_deref();
        let tool = options::tool(&self.provider, schema, &options)?;
        let is_forced =
            begins(&request.model, &FORCED) && !request.options.contains_key("thinking");
        let body = Body {
            model: &request.model,
            max_tokens: (!options.contains_key("max_tokens")).then(|| max_tokens(&request.model)),
            system: wire_format::system(&request.messages),
            messages: wire_format::turns(&request.messages).filter_map(turn).collect(),
            output_config: OutputConfig::new(schema, parts),
            tools: tool.map(Tool::new),
            tool_choice: tool.filter(|_| is_forced).map(ToolChoice::new),
            options,
        };
        let mut encoded = HttpRequest::json(&self.provider, "/v1/messages", &body)?;
        encoded.headers.push(("anthropic-version", "2023-06-01"));
        Ok(encoded)
    }

    fn read(&self, response: &HttpResponse) -> Result<Response, LlmError> {
        let body: ResponseBody = response.json(&self.provider, "a message")?;
        let usage = body.usage.map(Usage::from).unwrap_or_default();
        let failed = |kind, message: &str| LlmError {
            usage,
            ..LlmError::new(kind, &self.provider, message)
        };
        let finish_reason = match body.stop_reason.as_deref() {
            // The end of the context window limits the output, too.
            Some("max_tokens" | "model_context_window_exceeded") => FinishReason::Length,
            Some("refusal") => {
                return Err(failed(LlmErrorKind::Refusal, "the model declined to answer"));
            }
            Some("pause_turn") => {
                return Err(failed(LlmErrorKind::BadReply, "the provider broke the reply off"));
            }
            _ => FinishReason::Stop,
        };
        let text = text(body.content.unwrap_or_default());
        if text.is_empty() {
            let (kind, message) = wire_format::no_content(finish_reason);
            return Err(failed(kind, message));
        }
        Ok(Response { text, finish_reason, usage, ..Response::default() })
    }
}

fn begins(model: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| model.starts_with(beginning))
}

fn max_tokens(model: &str) -> u32 {
    let known = MAX_TOKENS.iter().find(|(beginning, _)| model.starts_with(beginning));
    known.map_or(USUAL_MAX_TOKENS, |&(_, most)| most)
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tool<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

impl<'a> OutputConfig<'a> {
    fn new(schema: Option<&'a OutputSchema>, options: Map<String, Value>) -> Option<Self> {
        let is_sent =
            |schema: &&OutputSchema| matches!(schema.method, Method::Strict | Method::Schema);
        let format = schema.filter(is_sent).map(|it| Format::JsonSchema { schema: &it.compiled });
        (format.is_some() || !options.is_empty()).then_some(Self { format, options })
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonSchema { schema: &'a Value },
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    input_schema: &'a Value,
}

impl<'a> Tool<'a> {
    fn new(schema: &'a OutputSchema) -> [Self; 1] {
        [Self { name: &schema.name, input_schema: &schema.compiled }]
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToolChoice<'a> {
    Tool { name: &'a str },
}

impl<'a> ToolChoice<'a> {
    fn new(schema: &'a OutputSchema) -> Self {
        Self::Tool { name: &schema.name }
    }
}

#[derive(Serialize)]
struct Turn<'a> {
    role: Role,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: Cow<'a, str> },
    Image { source: Source<'a> },
    Document { source: Source<'a>, title: &'a str },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
}

/// `None` for a message without content: Anthropic rejects it, as it does an empty text.
fn turn(message: &Message) -> Option<Turn<'_>> {
    let block = |piece| match piece {
        MergedPart::Text(text) => (!text.is_empty()).then_some(Block::Text { text }),
        MergedPart::Image(Image { media_type, data, .. }) => {
            Some(Block::Image { source: Source::Base64 { media_type, data } })
        }
        MergedPart::File(File { name, media_type, data }) => {
            Some(Block::Document { source: Source::Base64 { media_type, data }, title: name })
        }
    };
    let content: Vec<_> = message.merged_parts().filter_map(block).collect();
    (!content.is_empty()).then_some(Turn { role: message.role, content })
}

/// The members of a response that are read.
#[derive(Deserialize)]
struct ResponseBody {
    content: Option<Vec<Content>>,
    stop_reason: Option<String>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Content {
    r#type: String,
    text: Option<String>,
    input: Option<Value>,
}

/// The reply: the input of the tool call if there is one, otherwise the text.
fn text(content: Vec<Content>) -> String {
    let mut whole = String::new();
    for block in content {
        match (&*block.r#type, block.text, block.input) {
            ("tool_use", _, Some(input)) => return input.to_string(),
            ("text", Some(text), _) => whole.push_str(&text),
            _ => {}
        }
    }
    whole
}

#[derive(Deserialize)]
struct WireUsage {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Self {
        let cached_tokens = usage.cache_read_input_tokens;
        let parts = [usage.input_tokens, usage.cache_creation_input_tokens, cached_tokens];
        let prompt = parts.into_iter().flatten().fold(0, u64::saturating_add);
        Self {
            thinking_tokens: usage.output_tokens_details.and_then(|it| it.thinking_tokens),
            cached_tokens,
            ..Self::of(prompt, usage.output_tokens.unwrap_or_default())
        }
    }
}
