//! The Responses wire format of OpenAI (platform.openai.com/docs/api-reference/responses).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::failure::failure;
use crate::http::options::{self, OptionRules, PlacedOptions};
use crate::http::wire_format::{self, Content, DataUrl, HttpRequest, HttpResponse, WireFormat};
use crate::{
    File, FinishReason, Image, LlmError, LlmErrorKind, MergedPart, Message, Request, Response,
    Role, Usage,
};
use structx_schema::{Method, OutputSchema};

/// The wire format; `provider` is the registry's name of the server, for errors.
#[derive(Debug, Clone)]
pub struct OpenAiResponses {
    pub provider: String,
}

const RULES: OptionRules = OptionRules {
    reserved: &["model", "input", "instructions", "stream", "background"],
    spellings: &[
        ("max_tokens", "max_output_tokens"),
        ("max_completion_tokens", "max_output_tokens"),
    ],
    shared: "text",
    reserved_parts: &["format"],
    outside: None,
};

impl WireFormat for OpenAiResponses {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError> {
        let PlacedOptions { body: options, parts } =
            RULES.place(&self.provider, &request.options)?;
        let schema = request.schema.as_deref();
        let tool = options::tool(&self.provider, schema, &options)?;
        let body = Body {
            model: &request.model,
            instructions: wire_format::system(&request.messages),
            input: wire_format::turns(&request.messages).map(Turn::new).collect(),
            text: Text::new(schema, parts),
            tools: tool.map(|it| [Tool::new(it)]),
            tool_choice: tool.map(|it| ToolChoice::Function { name: &it.name }),
            options,
        };
        HttpRequest::json(&self.provider, "/responses", &body)
    }

    fn read(&self, response: &HttpResponse) -> Result<Response, LlmError> {
        let body: ResponseBody = response.json(&self.provider, "a response")?;
        let usage = body.usage.map(Usage::from).unwrap_or_default();
        let failed = |kind, message: &str| LlmError {
            usage,
            ..LlmError::new(kind, &self.provider, message)
        };
        if let Some(error) = body.error {
            let status =
                if error.code.as_deref() == Some("rate_limit_exceeded") { 429 } else { 502 };
            return Err(LlmError { usage, ..failure(&self.provider, status, response) });
        }
        let incomplete = body.incomplete_details.and_then(|details| details.reason);
        let finish_reason = match incomplete.as_deref() {
            None => FinishReason::Stop,
            Some("content_filter") => {
                let message = "the provider's content filter stopped the reply";
                return Err(failed(LlmErrorKind::ContentFilter, message));
            }
            Some(_) => FinishReason::Length,
        };
        let Some(text) = text(body.output.unwrap_or_default()) else {
            return Err(failed(LlmErrorKind::Refusal, "the model declined to answer"));
        };
        if text.is_empty() {
            let (kind, message) = wire_format::no_content(finish_reason);
            return Err(failed(kind, message));
        }
        Ok(Response { text, finish_reason, usage, ..Response::default() })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    input: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tool<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: Role,
    content: Content<'a, Part<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Part<'a> {
    #[serde(rename = "input_text")]
    Text { text: Cow<'a, str> },
    #[serde(rename = "input_image")]
    Image { image_url: DataUrl<'a>, detail: &'static str },
    #[serde(rename = "input_file")]
    File { filename: &'a str, file_data: DataUrl<'a> },
}

impl<'a> Turn<'a> {
    fn new(message: &'a Message) -> Self {
        let part = |piece| match piece {
            MergedPart::Text(text) => Part::Text { text },
            MergedPart::Image(Image { media_type, data, .. }) => {
                // `detail` is required; `auto` is its default.
                Part::Image { image_url: DataUrl { media_type, data }, detail: "auto" }
            }
            MergedPart::File(File { name, media_type, data }) => {
                Part::File { filename: name, file_data: DataUrl { media_type, data } }
            }
        };
        // The API accepts earlier replies as plain text only, which they always are.
        Self { role: message.role, content: Content::new(message, part) }
    }
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

impl<'a> Text<'a> {
    fn new(schema: Option<&'a OutputSchema>, options: Map<String, Value>) -> Option<Self> {
        let format = schema.and_then(Format::new);
        (format.is_some() || !options.is_empty()).then_some(Self { format, options })
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonSchema { name: &'a str, strict: bool, schema: &'a Value },
    JsonObject,
}

impl<'a> Format<'a> {
    fn new(schema: &'a OutputSchema) -> Option<Self> {
        let (name, compiled) = (&schema.name, &schema.compiled);
        match schema.method {
            Method::Strict => Some(Self::JsonSchema { name, strict: true, schema: compiled }),
            Method::Schema => Some(Self::JsonSchema { name, strict: false, schema: compiled }),
            Method::Json => Some(Self::JsonObject),
            Method::Tool | Method::Prompt => None,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tool<'a> {
    Function { name: &'a str, parameters: &'a Value, strict: bool },
}

impl<'a> Tool<'a> {
    fn new(schema: &'a OutputSchema) -> Self {
        Self::Function { name: &schema.name, parameters: &schema.compiled, strict: false }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToolChoice<'a> {
    Function { name: &'a str },
}

/// The members of a response that are read.
#[derive(Deserialize)]
struct ResponseBody {
    output: Option<Vec<Item>>,
    incomplete_details: Option<Incomplete>,
    error: Option<Failed>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Failed {
    code: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    r#type: String,
    /// Set for a message.
    content: Option<Vec<ItemPart>>,
    /// Set for a tool call.
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct ItemPart {
    r#type: String,
    text: Option<String>,
}

/// The reply: the arguments of a tool call if there is one, otherwise the text; `None` for a
/// refusal.
fn text(output: Vec<Item>) -> Option<String> {
    let mut whole = String::new();
    for item in output {
        if item.r#type == "function_call" && item.arguments.is_some() {
            return item.arguments;
        }
        for part in item.content.unwrap_or_default() {
            match &*part.r#type {
                "refusal" => return None,
                "output_text" => whole.push_str(&part.text.unwrap_or_default()),
                _ => {}
            }
        }
    }
    Some(whole)
}

#[derive(Deserialize)]
struct WireUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Self {
        Self {
            thinking_tokens: usage.output_tokens_details.and_then(|it| it.reasoning_tokens),
            cached_tokens: usage.input_tokens_details.and_then(|it| it.cached_tokens),
            ..Self::of(
                usage.input_tokens.unwrap_or_default(),
                usage.output_tokens.unwrap_or_default(),
            )
        }
    }
}
