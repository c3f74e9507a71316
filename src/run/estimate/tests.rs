use std::sync::Arc;

use serde_json::{Value, json};

use super::{Estimate, Typical, estimate};
use crate::documents::{Content, Document, Mode, Page, ReadOptions};
use crate::llm::limit::{Limiter, Limits};
use crate::llm::price::Price;
use crate::llm::registry::{Settings, provider};
use crate::llm::retry::Backoff;
use crate::llm::transport::ApiKey;
use crate::run::{Call, Client, Operation, Rejection, Target, Validate};
use crate::table::Table;
use crate::{prompt, tokens};

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

/// Tokens of a reply: `items`, `number`, `lines`, `item`, and 8 for what each holds.
const REPLY: u64 = 2 + 2 + 2 + 1 + 4 * 8;

fn operation(model: &str, price: Option<Price>) -> Operation {
    let settings = Settings {
        model: model.to_owned(),
        api_key: Some(ApiKey::new("secret")),
        ..Settings::default()
    };
    let (provider, name) = provider(&settings, |_| None).unwrap();
    let gate = Limiter::new(Limits::default()).gate(&provider.address());
    let options = Arc::default();
    Operation {
        client: Client { provider, model: name, name: model.into(), options, gate, price },
        fallbacks: Arc::default(),
        backoff: Backoff::new(3, 1.0, 10.0).unwrap(),
        concurrency: 10,
        call: Arc::new(Call::new(10)),
    }
}

fn table(rows: usize) -> Content {
    let record = |number| json!({"text": format!("order {number} of 7 lamps")});
    let records = (0..rows).map(|number| record(number).as_object().unwrap().clone());
    Content::Table(Table::from_records(records).unwrap())
}

fn estimated(content: &Content, limits: &Limits, typical: Option<Typical>) -> Estimate {
    let operation = operation("openai/gpt-4o", None);
    let target = Orders::new();
    estimate(&operation, &operation, content, "orders", Some(&target), limits, typical).unwrap()
}

fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

#[test]
fn prompts_are_those_that_are_sent() {
    for model in ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "deepseek/deepseek-chat"] {
        let (operation, target, content) = (operation(model, None), Orders::new(), table(3));
        let Operation { client, .. } = &operation;
        let schema = target.reply_schema(client).unwrap();
        let sent = content.rows(&[]).map(|row| {
            let messages = prompt::extraction("orders", target.instructions(), row.text, &[], None);
            let request = client.request(messages, &schema);
            let beside =
                if client.tells(&schema) { String::new() } else { schema.compiled.to_string() };
            tokens::of_messages(&request.messages) + tokens::of_text(&beside)
        });
        let limits = Limits::default();
        let estimate =
            estimate(&operation, &operation, &content, "orders", Some(&target), &limits, None);
        let estimate = estimate.unwrap();
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
    let estimate = estimated(&content, &Limits::default(), None);
    assert_eq!((estimate.rows, estimate.requests), (2, 1));
}

#[test]
fn costs_are_those_of_both_steps() {
    let price = |input| Some(Price { input, output: 0.0, cached: None });
    let (content, limits) = (table(4), Limits::default());
    let cost = |planner: Option<Price>, extractor: Option<Price>, target: Option<&Orders>| {
        let planner = operation("openai/o3", planner);
        let extractor = operation("openai/gpt-4o", extractor);
        estimate(&planner, &extractor, &content, "orders", target, &limits, None).unwrap()
    };
    let given = cost(None, price(1e6), Some(&Orders::new()));
    assert!(is_near(given.cost.unwrap(), given.prompt_tokens as f64));
    let both = cost(price(1e6), price(1e6), None);
    assert_eq!(both.requests, 5);
    assert!(is_near(both.cost.unwrap(), both.prompt_tokens as f64));
    assert_eq!(cost(None, price(1.0), None).cost, None);
    let planning = cost(price(1e6), price(0.0), None).cost.unwrap();
    assert!(planning > 100.0 && planning < both.cost.unwrap());
}

#[test]
fn time_is_what_the_tightest_limit_leaves() {
    let content = table(25);
    let typical = Some(Typical { seconds: 2.0, completion_tokens: 100.0 });
    let seconds = |limits: &Limits| estimated(&content, limits, typical).seconds;
    let free = Limits::default();
    assert!(is_near(seconds(&free), 3.0 * 2.0));
    assert!(is_near(seconds(&Limits { max_concurrency: Some(5), ..free.clone() }), 5.0 * 2.0));
    assert!(is_near(seconds(&Limits { requests_per_minute: Some(50.0), ..free.clone() }), 30.0));
    let estimate = estimated(&content, &free, typical);
    assert_eq!(estimate.completion_tokens, 2_500);
    let tokens = (estimate.prompt_tokens + estimate.completion_tokens) as f64;
    let limits = Limits { tokens_per_minute: Some(tokens / 2.0), ..free };
    assert!(is_near(seconds(&limits), 120.0));
}

#[test]
fn pages_are_seen_and_not_drawn() {
    let mut document = Document::from_text("a word", &ReadOptions::default()).unwrap();
    let page = |number| Page { number, range: 0..0, size: None, needs_vision: number > 1 };
    document.pages = vec![page(1), page(2), page(3)];
    document.original = Some(b"no picture".as_slice().into());
    let tokens = |mode| {
        let mut document = document.clone();
        document.options = Arc::new(ReadOptions { mode, ..ReadOptions::default() });
        estimated(&Content::Document(document), &Limits::default(), None).prompt_tokens
    };
    let text = tokens(Mode::Text);
    let label = tokens::of_text("Page 2 of the document, as an image:") as u64;
    let image = tokens::OF_AN_IMAGE as u64 + label;
    assert_eq!(tokens(Mode::Auto), text + 2 * image);
    assert_eq!(tokens(Mode::Vision), text + 3 * image);
}
