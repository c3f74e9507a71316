//! Tests of the estimates.

use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{Estimate, estimate};
use crate::documents::table::Table;
use crate::documents::{Content, Document, Mode, Page, ReadOptions};
use crate::llm::http::ApiKey;
use crate::llm::price::Price;
use crate::llm::providers::registry::{ModelSettings, provider};
use crate::llm::rate_limit::{ConfiguredLimits, SharedLimiter};
use crate::llm::retry::RetryPolicy;
use crate::llm::tokens;
use crate::llm::{Response, Usage};
use crate::planning::prompts;
use crate::run::{Client, Rejection, RunContext, Step, Target, Validate};

struct Orders(Value);

impl Orders {
    fn new() -> Self {
        Self(json!({
            "type": "object",
            "properties": {
                "number": {"type": "string"},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            },
            "required": ["number", "lines"],
            "$defs": {"Line": {
                "type": "object",
                "properties": {"item": {"type": "string"}},
                "required": ["item"],
            }},
        }))
    }
}

impl Validate for Orders {
    type Output = Vec<String>;

    async fn validate(&self, _: String) -> Result<Vec<String>, Rejection> {
        Ok(Vec::new())
    }
}

impl Target for Orders {
    type Item = String;

    fn name(&self) -> &'static str {
        "Order"
    }

    fn schema(&self) -> &Value {
        &self.0
    }

    fn instructions(&self) -> &'static str {
        "Dates are European."
    }
}

/// The tokens of a reply: the names `items`, `number`, `lines` and `item`, and 8 for each value.
const REPLY: u64 = 2 + 2 + 2 + 1 + 4 * 8;

fn step(model: &str, price: Option<Price>) -> Step {
    limited(model, price, ConfiguredLimits::default())
}

fn limited(model: &str, price: Option<Price>, limits: ConfiguredLimits) -> Step {
    let settings = ModelSettings {
        model: model.to_owned(),
        api_key: Some(ApiKey::new("secret")),
        ..ModelSettings::default()
    };
    let (provider, name) = provider(&settings, |_| None).unwrap();
    let limiter = SharedLimiter::new(limits).limiter_for(&provider.address());
    let options = Arc::default();
    Step {
        client: Client { provider, limiter, model: name, name: model.into(), options, price },
        fallbacks: Arc::default(),
        retry_policy: RetryPolicy::new(3, 1.0, 10.0).unwrap(),
        concurrency: 10,
        context: Arc::new(RunContext::new(10)),
    }
}

fn table(rows: usize) -> Content {
    let record = |number| json!({"text": format!("order {number} of 7 lamps")});
    let records = (0..rows).map(|number| record(number).as_object().unwrap().clone());
    Content::Table(Table::from_records(records).unwrap())
}

fn estimated(step: &Step, content: &Content) -> Estimate {
    estimated_by(step, step, content, Some(&Orders::new()))
}

/// Nothing is awaited: the content is read.
fn estimated_by(
    planner: &Step,
    extractor: &Step,
    content: &Content,
    target: Option<&Orders>,
) -> Estimate {
    let content = Arc::new(content.clone());
    let estimate = estimate(planner, extractor, &content, "orders", target).now_or_never();
    estimate.unwrap().unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
const fn count(tokens: u64) -> f64 {
    tokens as f64
}

fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

#[test]
fn prompts_are_those_that_are_sent() {
    for model in ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "deepseek/deepseek-chat"] {
        let (step, target, content) = (step(model, None), Orders::new(), table(3));
        let Step { client, .. } = &step;
        let schema = target.reply_schema(client).unwrap();
        let columns = content.columns_without(&[]);
        let sent = (0..content.row_count()).map(|row| {
            let text = content.row_text(row, &columns).into();
            let messages = prompts::extraction("orders", target.instructions(), text, &[], None);
            let request = client.request(messages, &schema);
            let beside = if client.states_schema(&schema) {
                String::new()
            } else {
                schema.compiled.to_string()
            };
            tokens::of_messages(&request.messages) + tokens::of_text(&beside)
        });
        let estimate = estimated(&step, &content);
        assert_eq!(estimate.prompt_tokens, sent.sum::<usize>() as u64, "{model}");
        assert_eq!((estimate.rows, estimate.requests), (3, 3));
        assert_eq!((estimate.completion_tokens, estimate.cost), (3 * REPLY, None));
    }
}

#[test]
fn blank_rows_are_not_asked() {
    let texts = [json!({"text": null}), json!({"text": "an order"})];
    let records = texts.map(|record| record.as_object().unwrap().clone());
    let content = Content::Table(Table::from_records(records).unwrap());
    let estimate = estimated(&step("openai/gpt-4o", None), &content);
    assert_eq!((estimate.rows, estimate.requests), (2, 1));
}

#[test]
fn costs_are_those_of_both_steps() {
    let price = |input| Some(Price { input, output: 0.0, cached: None });
    let content = table(4);
    let cost = |planner: Option<Price>, extractor: Option<Price>, target: Option<&Orders>| {
        let planner = step("openai/o3", planner);
        let extractor = step("openai/gpt-4o", extractor);
        estimated_by(&planner, &extractor, &content, target)
    };
    let given = cost(None, price(1e6), Some(&Orders::new()));
    assert!(is_near(given.cost.unwrap(), count(given.prompt_tokens)));
    let both = cost(price(1e6), price(1e6), None);
    assert_eq!(both.requests, 5);
    assert!(is_near(both.cost.unwrap(), count(both.prompt_tokens)));
    assert_eq!(cost(None, price(1.0), None).cost, None);
    let planning = cost(price(1e6), price(0.0), None).cost.unwrap();
    assert!(planning > 100.0 && planning < both.cost.unwrap());
}

/// An extractor that has received one reply of 100 tokens, and the seconds that took.
async fn answered(limits: ConfiguredLimits) -> (Step, f64) {
    let step = limited("openai/gpt-4o", None, limits);
    let limiter = step.client.limiter.clone();
    limiter
        .acquire(10)
        .await
        .report(&Ok(Response { usage: Usage::of(10, 100), ..Response::default() }));
    let seconds = limiter.typical().unwrap().seconds;
    (step, seconds)
}

#[tokio::test]
async fn time_is_what_the_tightest_limit_leaves() {
    let (content, free) = (table(25), ConfiguredLimits::default());
    let (step, seconds) = answered(free).await;
    let estimate = estimated(&step, &content);
    assert_eq!(estimate.completion_tokens, 2_500);
    assert!(is_near(estimate.seconds, 3.0 * seconds), "{}", estimate.seconds);
    let (step, seconds) = answered(ConfiguredLimits { max_concurrency: Some(5), ..free }).await;
    assert!(is_near(estimated(&step, &content).seconds, 5.0 * seconds));
    let tokens = count(estimate.prompt_tokens + estimate.completion_tokens);
    for (limits, seconds) in [
        (ConfiguredLimits { requests_per_minute: Some(50.0), ..free }, 30.0),
        (ConfiguredLimits { tokens_per_minute: Some(tokens / 2.0), ..free }, 120.0),
    ] {
        let (step, _) = answered(limits).await;
        let estimate = estimated(&step, &content);
        assert!(is_near(estimate.seconds, seconds), "{limits:?}: {}", estimate.seconds);
    }
}

#[test]
fn pages_are_seen_and_not_drawn() {
    let mut document = Document::from_text("a word", &ReadOptions::default()).unwrap();
    let page = |number| Page {
        number,
        range: 0..0,
        name: None,
        size: None,
        needs_vision: number > 1,
        recognition: None,
    };
    document.pages = vec![page(1), page(2), page(3)];
    document.original = Some(b"no picture".as_slice().into());
    let tokens = |mode| {
        let mut document = document.clone();
        document.options = Arc::new(ReadOptions { mode, ..ReadOptions::default() });
        estimated(&step("openai/gpt-4o", None), &Content::Document(document)).prompt_tokens
    };
    let text = tokens(Mode::Text);
    let label = tokens::of_text("Page 2 of the document, as an image:") as u64;
    let image = structx_common::tokens::PER_IMAGE as u64 + label;
    assert_eq!(tokens(Mode::Auto), text + 2 * image);
    assert_eq!(tokens(Mode::Vision), text + 3 * image);
}
