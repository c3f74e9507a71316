//! Estimates the requests, tokens, cost and time of an extraction before anything is sent.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::documents::Content;
use crate::llm::Provider;
use crate::llm::rate_limit::TypicalRequest;
use crate::llm::tokens;
use crate::llm::{Message, Usage};
use crate::planning::{plan, prompts};
use crate::schema::{OutputSchema, json_schema};

use super::client::Client;
use super::error::Result;
use super::extract::{SAMPLE_CHARACTERS, SAMPLE_PAGES, SMALL_SAMPLE_CHARACTERS};
use super::row;
use super::step::Step;
use super::target::Target;
use super::visual_input::VisualInput;

/// An estimate of an extraction in which no request fails.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The rows of the source, including blank ones, which need no request.
    pub rows: usize,
    pub requests: usize,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    /// In US dollars; `None` if the price of a model is unknown.
    pub cost: Option<f64>,
    pub seconds: f64,
}

/// Fields assumed for a model that is yet to be planned; chosen by hand, not measured.
const PLANNED_FIELDS: usize = 6;
/// Tokens of each such field in the plan and in the schema; chosen by hand, not measured.
const OF_A_PLANNED_FIELD: usize = 30;
/// Tokens of a value in a reply, without its field name; chosen by hand, not measured.
const OF_A_VALUE: usize = 8;

/// The speed of a model.
struct Speed {
    /// Seconds before the model starts to read the prompt.
    start: f64,
    /// Prompt tokens read per second.
    prompt: f64,
    /// Completion tokens written per second.
    completion: f64,
}

/// A typical hosted model; actual speeds differ by a factor of three either way. Chosen by hand,
/// not measured.
const HOSTED: Speed = Speed { start: 0.8, prompt: 10_000.0, completion: 70.0 };
/// The embedded model, measured on two cores; it handles one request at a time.
const EMBEDDED: Speed = Speed { start: 0.0, prompt: 70.0, completion: 30.0 };

/// Estimates an extraction with the first model of each step, at one request and one item per row.
/// Without a `target`, a planning request is included. The average of the provider's responses so
/// far, if there are any, replaces the assumptions about length and speed.
///
/// # Errors
/// The errors that [`start`](super::start) returns before it sends anything.
pub fn estimate<T: Target>(
    planner: &Step,
    extractor: &Step,
    content: &Content,
    query: &str,
    target: Option<&T>,
) -> Result<Estimate> {
    let visual_input = extractor.expected_visual_input(content)?;
    let client = &extractor.client;
    let mut steps = Vec::with_capacity(2);
    let (schema, instructions) = if let Some(target) = target {
        (target.reply_schema(client)?, target.instructions())
    } else {
        steps.push(planning(planner, content, query, &visual_input)?.sums(1, None));
        (client.compile("Planned", &json_schema::items_of(&planned()))?, "")
    };
    let (images, file) = (&*visual_input.images, visual_input.file.as_ref());
    let around = prompts::extraction(query, instructions, "".into(), images, file);
    let around = prompt_tokens(client, around, &schema);
    let mut rows = 0;
    let mut step = StepEstimate { client, requests: 0, prompt_tokens: 0, reply: of_reply(&schema) };
    for row in row::rows(content, &[]) {
        rows += 1;
        let has_text = file.is_none() && !row.text.trim().is_empty();
        if has_text || !images.is_empty() || file.is_some() {
            step.requests += 1;
            step.prompt_tokens += around;
        }
        if has_text {
            step.prompt_tokens += tokens::of_text(&row.text);
        }
    }
    steps.push(step.sums(extractor.concurrency, client.limiter.typical()));
    let none = Estimate {
        rows,
        requests: 0,
        prompt_tokens: 0,
        completion_tokens: 0,
        cost: Some(0.0),
        seconds: 0.0,
    };
    Ok(steps.iter().fold(none, Estimate::plus))
}

impl Estimate {
    fn plus(self, step: &Self) -> Self {
        Self {
            rows: self.rows + step.rows,
            requests: self.requests + step.requests,
            prompt_tokens: self.prompt_tokens + step.prompt_tokens,
            completion_tokens: self.completion_tokens + step.completion_tokens,
            cost: self.cost.zip(step.cost).map(|(one, other)| one + other),
            seconds: self.seconds + step.seconds,
        }
    }
}

/// The requests of one step.
struct StepEstimate<'a> {
    client: &'a Client,
    requests: usize,
    prompt_tokens: usize,
    /// The tokens of one reply.
    reply: usize,
}

impl StepEstimate<'_> {
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens and requests are estimates")]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a sum of tokens, which is not negative"
    )]
    fn sums(&self, concurrency: usize, typical: Option<TypicalRequest>) -> Estimate {
        let limits = self.client.limiter.limits();
        let requests = self.requests as f64;
        let (speed, concurrency) = if self.client.provider.is_deterministic() {
            (EMBEDDED, 1)
        } else {
            (HOSTED, limits.max_concurrency.unwrap_or(concurrency).min(concurrency))
        };
        let prompt = self.prompt_tokens as f64 / requests.max(1.0);
        let reply = self.reply as f64;
        let TypicalRequest { seconds, completion_tokens } = typical.unwrap_or(TypicalRequest {
            seconds: speed.start + prompt / speed.prompt + reply / speed.completion,
            completion_tokens: reply,
        });
        let completion = (requests * completion_tokens).round() as u64;
        let usage = Usage::of(self.prompt_tokens as u64, completion);
        let minutes = [
            self.requests.div_ceil(concurrency.max(1)) as f64 * seconds / 60.0,
            limits.requests_per_minute.map_or(0.0, |most| requests / most),
            limits.tokens_per_minute.map_or(0.0, |most| usage.total_tokens as f64 / most),
        ];
        Estimate {
            rows: 0,
            requests: self.requests,
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            cost: self.client.price.map(|price| price.of(&usage)),
            seconds: minutes.into_iter().fold(0.0, f64::max) * 60.0,
        }
    }
}

/// The planning request, made from a sample as in a real run.
fn planning<'a>(
    planner: &'a Step,
    content: &Content,
    query: &str,
    visual_input: &VisualInput,
) -> Result<StepEstimate<'a>> {
    if let Content::Document(document) = content {
        planner.visual_pages(document)?;
    }
    let (client, nested) = (&planner.client, planner.plans_nested());
    let characters = if nested { SAMPLE_CHARACTERS } else { SMALL_SAMPLE_CHARACTERS };
    let images =
        if planner.accepts_images_of(content) { visual_input.first(SAMPLE_PAGES) } else { &[] };
    let file = visual_input.file.as_ref().filter(|file| planner.accepts_file(file));
    let (columns, sample) = (content.columns(), content.sample(characters).into());
    let messages = prompts::planning(query, columns, sample, images, file, !nested);
    let schema = client.compile("extraction_plan", &plan::reply_schema(columns, nested))?;
    let prompt_tokens = prompt_tokens(client, messages, &schema);
    Ok(StepEstimate {
        client,
        requests: 1,
        prompt_tokens,
        reply: PLANNED_FIELDS * OF_A_PLANNED_FIELD,
    })
}

/// The schema of one item, as planning might give it.
fn planned() -> Value {
    let description = "words ".repeat(OF_A_PLANNED_FIELD / 2);
    let field = json!({"type": ["string", "null"], "description": description});
    let fields = (1..=PLANNED_FIELDS).map(|number| (format!("a_field_{number}"), field.clone()));
    let properties: Map<String, Value> = fields.collect();
    json!({"type": "object", "properties": properties})
}

/// The tokens of a prompt with its schema, whether that is stated in the prompt or sent beside it.
/// The embedded model reads no schema that is sent beside the prompt.
fn prompt_tokens(client: &Client, messages: Vec<Message>, schema: &Arc<OutputSchema>) -> usize {
    let beside = if client.states_schema(schema) || client.provider.is_deterministic() {
        0
    } else {
        tokens::of_text(schema.compiled.text())
    };
    tokens::of_messages(&client.request(messages, schema).messages) + beside
}

/// The tokens of a reply with one item that has every field of the schema once.
fn of_reply(schema: &OutputSchema) -> usize {
    let mut count = 0;
    json_schema::walk(&schema.original, &mut |schema, _| {
        let properties = schema.get("properties").and_then(Value::as_object);
        let names = properties.into_iter().flat_map(Map::keys);
        count += names.map(|name| tokens::of_text(name) + OF_A_VALUE).sum::<usize>();
    });
    count
}

#[cfg(test)]
mod tests;
