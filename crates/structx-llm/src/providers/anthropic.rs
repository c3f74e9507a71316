//! The Messages wire format of Anthropic (platform.claude.com/docs/en/api/messages).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::answer::{self, elements, tokens};
use crate::http::finish::Finish;
use crate::http::options::{self, OptionRules, PlacedOptions};
use crate::http::wire_format::{self, Form, HttpRequest, WireFormat};
use crate::http::{Stream, deltas};
use crate::{
    File, Image, LlmError, LlmErrorKind, MergedPart, Message, Request, Response, Role, Usage,
};
use structx_schema::{OutputMode, OutputSchema, SerializedSchema};

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
            begins(&request.model, &FORCED) && !options::is_given(&request.options, "thinking");
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
        encoded.headers.push(("anthropic-version", version(&request.options)));
        Ok(encoded)
    }

    fn form(&self) -> Form {
        Form { what: "a message", members: &["content", "usage", "stop_reason"] }
    }

    fn join(&self, stream: Stream) -> Option<Value> {
        join(stream.events)
    }

    fn usage(&self, body: &Value) -> Usage {
        let usage = answer::counts(body, "usage");
        let cached_tokens = tokens(usage, &["/cache_read_input_tokens"]);
        let written = tokens(usage, &["/cache_creation_input_tokens"]);
        let input = tokens(usage, &["/input_tokens"]);
        let prompt = [input, written, cached_tokens].into_iter().flatten();
        Usage {
            thinking_tokens: tokens(usage, &["/output_tokens_details/thinking_tokens"]),
            cached_tokens,
            ..Usage::of(
                prompt.fold(0, u64::saturating_add),
                tokens(usage, &["/output_tokens"]).unwrap_or_default(),
            )
        }
    }

    fn read(&self, body: &Value) -> Result<Response, LlmError> {
        let failed = |(kind, message)| LlmError::new(kind, &self.provider, message);
        let reason = &body["stop_reason"];
        let text = text(&body["content"], Finish::of(reason) == Finish::Cut).map_err(failed)?;
        let finish_reason = Finish::of_reply(reason, &text).map_err(failed)?;
        Ok(Response { text, finish_reason, ..Response::default() })
    }
}

/// Joins the events of a stream (platform.claude.com/docs/en/build-with-claude/streaming).
fn join(events: Vec<Value>) -> Option<Value> {
    let mut whole = Value::Null;
    let mut blocks: BTreeMap<u64, Value> = BTreeMap::new();
    let mut is_done = false;
    for mut event in events {
        let at = event["index"].as_u64().unwrap_or_default();
        match event["type"].as_str() {
            Some("message_start") => whole = event["message"].take(),
            Some("message") => return Some(event),
            Some("content_block_start") => {
                blocks.insert(at, event["content_block"].take());
            }
            Some("content_block_delta") => add(blocks.entry(at).or_default(), &event["delta"]),
            Some("message_delta") => {
                let ends = [
                    ("stop_reason", event["delta"]["stop_reason"].take()),
                    ("usage", event["usage"].take()),
                ];
                whole = deltas::joined(vec![whole, ends.into_iter().collect()]);
                is_done = true;
            }
            Some("message_stop") => is_done = true,
            _ => {}
        }
    }
    whole["content"] = blocks.into_values().collect();
    is_done.then_some(whole)
}

/// Adds a delta to a block. The input of a tool comes as pieces of JSON.
fn add(block: &mut Value, delta: &Value) {
    for (piece, member) in [("text", "text"), ("partial_json", "input")] {
        if let Some(more) = delta[piece].as_str() {
            match &mut block[member] {
                Value::String(known) => known.push_str(more),
                other => *other = more.into(),
            }
        }
    }
}

/// The current version of the API; the one before it for options that were removed with it
/// (platform.claude.com/docs/en/api/migration-2026-10-21).
fn version(options: &Map<String, Value>) -> &'static str {
    const REMOVED: [&str; 3] = ["temperature", "top_p", "top_k"];
    let given = |name: &&str| options::is_given(options, name);
    if REMOVED.iter().any(given) { "2023-06-01" } else { "2026-10-21" }
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
            |schema: &&OutputSchema| matches!(schema.mode, OutputMode::Strict | OutputMode::Schema);
        let format = schema.filter(is_sent).map(|it| Format::JsonSchema { schema: &it.compiled });
        (format.is_some() || !options.is_empty()).then_some(Self { format, options })
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonSchema { schema: &'a SerializedSchema },
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    input_schema: &'a SerializedSchema,
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

/// The reply: the input of the tool calls if there are any, otherwise the text; empty if there is none.
fn text(content: &Value, is_cut: bool) -> Result<String, (LlmErrorKind, String)> {
    let of =
        |kind: &'static str| elements(content).iter().filter(move |block| block["type"] == kind);
    let called = answer::calls(of("tool_use").map(|block| &block["input"]), is_cut)?;
    if !called.is_empty() {
        return Ok(called);
    }
    if content.is_string() {
        return Ok(answer::content(content).unwrap_or_default());
    }
    let texts: String = of("text").filter_map(|block| block["text"].as_str()).collect();
    Ok(if texts.trim().is_empty() { String::new() } else { texts })
}
