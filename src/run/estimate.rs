//! Estimates the requests, tokens, cost and time of an extraction before anything is sent.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use futures_util::stream::{self, StreamExt};

use crate::documents::{Content, FileError};
use crate::llm::Provider;
use crate::llm::cpu;
use crate::llm::rate_limit::TypicalRequest;
use crate::llm::tokens;
use crate::llm::{Message, Usage};
use crate::planning::{plan, prompts};
use crate::schema::{OutputSchema, json_schema};

use super::client::Client;
use super::error::Result;
use super::sample::{SAMPLE_PAGES, SAMPLE_SOURCES, Sample};
use super::source::{Sources, none_read};
use super::step::Step;
use super::target::Target;

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
    /// Sources that can't be read: a row each.
    pub unread: usize,
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
pub async fn estimate<T: Target>(
    planner: &Step,
    extractor: &Step,
    sources: impl Into<Sources>,
    query: &str,
    target: Option<&T>,
) -> Result<Estimate> {
    let sources = sources.into();
    let are_several = sources.are_several();
    let mut sources = sources.in_order(usize::MAX);
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    while first.len() < SAMPLE_SOURCES
        && let Some(source) = sources.next().await.transpose()?
    {
        match source.content.clone() {
            Ok(content) if extractor.expected_visual_input(&content).is_ok() => first.push(content),
            Err(error) if !are_several => return Err(error.into()),
            _ => {}
        }
        rest.push(source);
    }
    let sample: Vec<&Content> = first.iter().map(|content| &**content).collect();
    let mut estimator = Estimator::new(planner, extractor, &sample, query, target)?;
    let mut all = stream::iter(rest.into_iter().map(Ok)).chain(sources);
    let (mut unread, mut first_error, mut has_read) = (0, None, false);
    while let Some(source) = all.next().await {
        let added = match source?.content {
            Ok(content) => cpu::run(usize::MAX, || estimator.add(&content)),
            Err(error) => Err(error),
        };
        match added {
            Ok(()) => has_read = true,
            Err(error) if !are_several => return Err(error.into()),
            Err(error) => {
                (unread, first_error) = (unread + 1, first_error.or(Some(error)));
                estimator.rows += 1;
            }
        }
    }
    if has_read {
        Ok(Estimate { unread, ..estimator.end() })
    } else {
        Err(none_read(unread, first_error).into())
    }
}

/// The sum of an estimate over several sources.
struct Estimator<'a> {
    extractor: &'a Step,
    query: &'a str,
    instructions: String,
    schema: Arc<OutputSchema>,
    planning: Option<Estimate>,
    rows: usize,
    step: StepEstimate<'a>,
}

impl<'a> Estimator<'a> {
    /// Estimates the planning, from the first sources.
    ///
    /// # Errors
    /// The errors that [`start`](super::start) returns before it sends anything.
    fn new<T: Target>(
        planner: &Step,
        extractor: &'a Step,
        first: &[&Content],
        query: &'a str,
        target: Option<&T>,
    ) -> Result<Self> {
        let client = &extractor.client;
        let (schema, instructions, planning) = if let Some(target) = target {
            (target.reply_schema(client)?, target.instructions().to_owned(), None)
        } else {
            let step = planning(planner, extractor, first, query)?;
            let schema = client.compile("Planned", &json_schema::items_of(&planned()))?;
            (schema, String::new(), Some(step.sums(1, None)))
        };
        let step = StepEstimate { client, requests: 0, prompt_tokens: 0, reply: of_reply(&schema) };
        Ok(Self { extractor, query, instructions, schema, planning, rows: 0, step })
    }

    /// Adds the rows of a source.
    ///
    /// # Errors
    /// It has nothing that the model can read.
    fn add(&mut self, content: &Content) -> Result<(), FileError> {
        let visual_input = self.extractor.expected_visual_input(content)?;
        let (images, file) = (&*visual_input.images, visual_input.file.as_ref());
        let around = prompts::extraction(self.query, &self.instructions, "".into(), images, file);
        let around = prompt_tokens(self.step.client, around, &self.schema);
        let columns = content.columns_without(&[]);
        self.rows += content.row_count();
        for text in (0..content.row_count()).map(|row| content.row_text(row, &columns)) {
            let has_text = file.is_none() && !text.trim().is_empty();
            if has_text || !images.is_empty() || file.is_some() {
                self.step.requests += 1;
                self.step.prompt_tokens += around;
            }
            if has_text {
                self.step.prompt_tokens += tokens::of_text(&text);
            }
        }
        Ok(())
    }

    /// The sum.
    fn end(self) -> Estimate {
        let client = self.step.client;
        let none = Estimate {
            rows: self.rows,
            requests: 0,
            prompt_tokens: 0,
            completion_tokens: 0,
            cost: Some(0.0),
            seconds: 0.0,
            unread: 0,
        };
        let of_rows = self.step.sums(self.extractor.concurrency, client.limiter.typical());
        self.planning.iter().chain([&of_rows]).fold(none, Estimate::plus)
    }
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
            unread: self.unread + step.unread,
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
            unread: 0,
        }
    }
}

/// The planning request, made from a sample as in a real run.
fn planning<'a>(
    planner: &'a Step,
    extractor: &Step,
    first: &[&Content],
    query: &str,
) -> Result<StepEstimate<'a>> {
    let mut images = Vec::new();
    let mut file = None;
    for content in first {
        planner.can_plan_from(content)?;
        let visual_input = extractor.expected_visual_input(content)?;
        if planner.accepts_images_of(content) {
            images.extend_from_slice(visual_input.first(SAMPLE_PAGES - images.len()));
        }
        file = file.or(visual_input.file.filter(|file| planner.accepts_file(file)));
    }
    let (client, nested) = (&planner.client, planner.plans_nested());
    let Sample { text, columns, .. } = Sample::of_text(planner, first);
    let messages = prompts::planning(query, &columns, text, &images, file.as_ref(), !nested);
    let schema = client.compile("extraction_plan", &plan::reply_schema(&columns, nested))?;
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
