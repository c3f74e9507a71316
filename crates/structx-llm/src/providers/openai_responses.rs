//! The Responses wire format of OpenAI (platform.openai.com/docs/api-reference/responses).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::Stream;
use crate::http::answer::{self, elements, tokens};
use crate::http::finish::Finish;
use crate::http::options::{self, OptionRules, PlacedOptions};
use crate::http::wire_format::{self, Content, DataUrl, Form, HttpRequest, WireFormat};
use crate::{
    File, Image, LlmError, LlmErrorKind, MergedPart, Message, Request, Response, Role, Usage,
};
use structx_schema::{OutputMode, OutputSchema, SerializedSchema};

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

    fn form(&self) -> Form {
        Form { what: "a response", members: &["output", "usage", "incomplete_details"] }
    }

    fn join(&self, stream: Stream) -> Option<Value> {
        let mut items: BTreeMap<u64, Value> = BTreeMap::new();
        let mut whole = None;
        for mut event in stream.events {
            let at = event["output_index"].as_u64().unwrap_or_default();
            match event["type"].as_str() {
                Some("response.output_item.done") => {
                    items.insert(at, event["item"].take());
                }
                Some("response.completed" | "response.incomplete" | "response.failed") => {
                    whole = Some(event["response"].take());
                }
                // A server that ignores `stream` may send its only event so.
                None if event.get("output").is_some() => whole = Some(event),
                _ => {}
            }
        }
        let mut whole = whole?;
        // Some servers leave the items out of the last event.
        if elements(&whole["output"]).is_empty()
            && let Some(members) = whole.as_object_mut()
        {
            members.insert("output".to_owned(), items.into_values().collect());
        }
        Some(whole)
    }

    fn usage(&self, body: &Value) -> Usage {
        let usage = answer::counts(body, "usage");
        Usage {
            thinking_tokens: tokens(usage, &["/output_tokens_details/reasoning_tokens"]),
            cached_tokens: tokens(usage, &["/input_tokens_details/cached_tokens"]),
            ..answer::usage(
                tokens(usage, &["/input_tokens", "/prompt_tokens"]),
                tokens(usage, &["/output_tokens", "/completion_tokens"]),
                tokens(usage, &["/total_tokens"]),
            )
        }
    }

    fn read(&self, body: &Value) -> Result<Response, LlmError> {
        let failed = |(kind, message)| LlmError::new(kind, &self.provider, message);
        let incomplete = &body["incomplete_details"]["reason"];
        // An incomplete response is cut, whatever the words for it.
        let is_cut = !incomplete.is_null() || body["status"] == "incomplete";
        let reason = match Finish::of(incomplete) {
            Finish::Complete | Finish::Unknown if is_cut => &Value::from("incomplete"),
            _ => incomplete,
        };
        let text = text(&body["output"], is_cut).map_err(failed)?;
        let finish_reason = Finish::of_reply(reason, &text).map_err(failed)?;
        Ok(Response { text, finish_reason, ..Response::default() })
    }
}

/// The reply: the arguments of the tool calls if there are any, otherwise the text; empty if there is
/// none.
fn text(output: &Value, is_cut: bool) -> Result<String, (LlmErrorKind, String)> {
    let of = |kind: &'static str| elements(output).iter().filter(move |item| item["type"] == kind);
    let called = answer::calls(of("function_call").map(|call| &call["arguments"]), is_cut)?;
    if !called.is_empty() {
        return Ok(called);
    }
    let parts = || of("message").flat_map(|message| elements(&message["content"]));
    if parts().any(|part| part["type"] == "refusal") {
        return Err((LlmErrorKind::Refusal, "the model declined to answer".to_owned()));
    }
    let written = of("message").filter_map(|message| answer::content(&message["content"]));
    let written: String = written.collect();
    // Open models on vLLM and LM Studio write the reply where the reasoning belongs.
    let reasoned = || {
        let mut parts = of("reasoning").flat_map(|item| elements(&item["content"]));
        parts.find_map(|part| answer::reasoned(part.get("text")))
    };
    Ok(if written.is_empty() { reasoned().unwrap_or_default() } else { written })
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
    JsonSchema { name: &'a str, strict: bool, schema: &'a SerializedSchema },
    JsonObject,
}

impl<'a> Format<'a> {
    fn new(schema: &'a OutputSchema) -> Option<Self> {
        let (name, compiled) = (&schema.name, &schema.compiled);
        match schema.mode {
            OutputMode::Strict => Some(Self::JsonSchema { name, strict: true, schema: compiled }),
            OutputMode::Schema => Some(Self::JsonSchema { name, strict: false, schema: compiled }),
            OutputMode::Json => Some(Self::JsonObject),
            OutputMode::Tool | OutputMode::Prompt => None,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tool<'a> {
    Function { name: &'a str, parameters: &'a SerializedSchema, strict: bool },
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
