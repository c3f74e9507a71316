//! Whole operations of the core, without Python, against the fake provider.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod fake_provider;

use std::sync::Arc;
use std::time::Duration;

use fake_provider::FakeProvider;
use serde_json::{Map, Value, json};
use structx::Error;
use structx::documents::table::Table;
use structx::documents::{Content, Document, ReadOptions};
use structx::llm::http::{ApiKey, Timeouts};
use structx::llm::providers::registry::{ModelSettings, provider};
use structx::llm::rate_limit::{ConfiguredLimits, SharedLimiter};
use structx::llm::retry::RetryPolicy;
use structx::planning::plan::Plan;
use structx::run::{
    Client, Extraction, ModelFactory, Rejection, RowError, RunContext, Step, Target, Validate,
    extract,
};
use structx::schema::definition::ExtractionRequest;

/// Takes items with a `word`, and finds the word `wrong` wrong.
#[derive(Debug)]
struct Words {
    schema: Value,
    instructions: String,
}

impl Words {
    fn new() -> Self {
        let schema = json!({
            "type": "object",
            "properties": {"word": {"type": "string"}},
            "required": ["word"],
        });
        Self { schema, instructions: String::new() }
    }
}

impl Validate for Words {
    type Output = Vec<String>;

    const IN_PARTS: bool = true;

    async fn validate(&self, json: String) -> Result<Vec<String>, Rejection> {
        let problem = |text: &str| Rejection::Problems(vec![text.to_owned()]);
        let reply: Value = serde_json::from_str(&json).unwrap();
        let items = reply["items"].as_array().ok_or_else(|| problem("items: required"))?;
        items
            .iter()
            .map(|item| match item["word"].as_str() {
                Some("wrong") => Err(problem("word: is wrong")),
                Some("broken") => Err(Rejection::Broken("out of order".to_owned())),
                Some(word) => Ok(word.to_owned()),
                None => Err(problem("word: required")),
            })
            .collect()
    }
}

impl Target for Words {
    type Item = String;

    fn name(&self) -> &'static str {
        "Words"
    }

    fn schema(&self) -> &Value {
        &self.schema
    }

    fn instructions(&self) -> &str {
        &self.instructions
    }
}

/// Makes [`Words`] of any plan.
struct Modelled;

impl ModelFactory for Modelled {
    type Target = Words;

    async fn target(&self, plan: &Plan) -> Result<Words, Rejection> {
        assert_eq!(plan.schema.fields[0].name, "word");
        Ok(Words { instructions: plan.instructions.clone(), ..Words::new() })
    }
}

fn step(fake: &FakeProvider, max_retries: u32) -> Step {
    let settings = ModelSettings {
        model: "openai/fake".to_owned(),
        api_key: Some(ApiKey::new("sk-secret")),
        api_base: Some(fake.base_url.clone()),
        timeouts: Timeouts { whole: Duration::from_secs(5), ..Timeouts::default() },
        ..ModelSettings::default()
    };
    let (provider, model) = provider(&settings, |_| None).unwrap();
    let retry_policy =
        RetryPolicy { max_retries, min_wait: Duration::ZERO, max_wait: Duration::ZERO };
    let (name, options) = ("openai/fake".into(), Arc::default());
    let limiter = SharedLimiter::new(ConfiguredLimits::default()).limiter_for(&provider.address());
    let client = Client { provider, limiter, model, name, options, price: None };
    let (fallbacks, context) = (Arc::default(), Arc::new(RunContext::new(8)));
    Step { client, fallbacks, retry_policy, concurrency: 8, context }
}

fn text(text: &str) -> Arc<Content> {
    Content::Document(Document::from_text(text, &ReadOptions::default()).unwrap()).into()
}

fn records(count: usize) -> Arc<Content> {
    let records = (0..count).map(|i| json!({"id": format!("row{i:03}")})).collect::<Vec<_>>();
    let records: Vec<Map<String, Value>> =
        serde_json::from_value::<Vec<_>>(Value::Array(records)).unwrap();
    Content::Table(Table::from_records(records).unwrap()).into()
}

fn script(fake: &FakeProvider, steps: &Value) {
    fake.script(&json!({"steps": steps}));
}

fn reply(words: &[&str]) -> String {
    let items: Vec<Value> = words.iter().map(|word| json!({"word": word})).collect();
    json!({"items": items}).to_string()
}

async fn run(
    fake: &FakeProvider,
    content: &Arc<Content>,
    target: Option<Words>,
) -> structx::Result<Extraction<Words>> {
    let step = step(fake, 2);
    extract(&step, &step, &Modelled, content, "the words", target).await
}

#[tokio::test]
async fn rows_end_once_each_and_in_the_order_of_the_source() {
    let fake = FakeProvider::start().unwrap();
    let steps: Vec<Value> = (0..60)
        .map(|i| {
            let when = format!("row{i:03}");
            json!({"when": when, "delay_ms": 60 - i, "content": reply(&[&when])})
        })
        .collect();
    script(&fake, &json!(steps));
    let extraction = run(&fake, &records(60), Some(Words::new())).await.unwrap();
    let words: Vec<_> =
        extraction.outcomes.iter().flat_map(|o| o.result.clone().unwrap()).collect();
    assert_eq!(words, (0..60).map(|i| format!("row{i:03}")).collect::<Vec<_>>());
    assert_eq!(fake.stats().max_in_flight, 8);
    assert_eq!(fake.stats().requests, 60);
    assert!(extraction.planning.is_empty());
}

#[tokio::test]
async fn a_blank_row_ends_without_a_request() {
    let fake = FakeProvider::start().unwrap();
    script(&fake, &json!([{"content": reply(&["one"]), "times": 9}]));
    let records: Result<Vec<Map<String, Value>>, _> =
        serde_json::from_value(json!([{"a": "1", "b": 2}, {"a": null}, {"b": "3"}]));
    let content = Content::Table(Table::from_records(records.unwrap()).unwrap()).into();
    let extraction = run(&fake, &content, Some(Words::new())).await.unwrap();
    let counts: Vec<_> = extraction
        .outcomes
        .iter()
        .map(|outcome| (outcome.result.as_ref().unwrap().len(), outcome.calls.len()))
        .collect();
    assert_eq!(counts, [(1, 1), (0, 0), (1, 1)]);
    assert_eq!(fake.stats().requests, 2);
}

#[tokio::test]
async fn every_kind_of_failure_takes_from_one_budget() {
    let fake = FakeProvider::start().unwrap();
    script(
        &fake,
        &json!([{"status": 503}, {"content": "none"}, {"content": reply(&["wrong"])}, {"status": 500}]),
    );
    let extraction = run(&fake, &text("one"), Some(Words::new())).await.unwrap();
    let [outcome] = &extraction.outcomes[..] else { panic!("one row") };
    let Err(RowError::Invalid { problems, requests: 3 }) = &outcome.result else {
        panic!("{:?}", outcome.result)
    };
    assert_eq!(problems, &["word: is wrong"]);
    assert_eq!(outcome.calls.len(), 3);
    assert_eq!(fake.stats().requests, 3);
}

#[tokio::test]
async fn a_broken_validator_and_a_final_error_end_a_row_at_once() {
    for step in [json!({"content": reply(&["broken"])}), json!({"status": 404})] {
        let fake = FakeProvider::start().unwrap();
        script(&fake, &json!([step]));
        let extraction = run(&fake, &text("one"), Some(Words::new())).await.unwrap();
        assert!(extraction.outcomes[0].result.is_err());
        assert_eq!(fake.stats().requests, 1);
    }
}

#[tokio::test]
async fn an_incomplete_reply_is_never_passed_off_as_whole() {
    let fake = FakeProvider::start().unwrap();
    let step = json!({"content": reply(&["half"]), "finish_reason": "length", "times": 9});
    script(&fake, &json!([step]));
    let extraction = run(&fake, &text("one"), Some(Words::new())).await.unwrap();
    let error = extraction.outcomes[0].result.as_ref().unwrap_err().to_string();
    assert!(
        error.starts_with("openai: the reply is incomplete") && error.contains("3 attempts"),
        "{error}"
    );
    assert_eq!(extraction.outcomes[0].calls.len(), 3);
}

#[tokio::test]
async fn a_reply_that_was_cut_is_continued_and_keeps_what_was_complete() {
    let fake = FakeProvider::start().unwrap();
    let cut = |words: &[&str]| {
        let text = reply(words).replace("]}", r#", {"wor"#);
        json!({"content": text, "finish_reason": "length"})
    };
    let steps = [cut(&["one", "two"]), cut(&["three"]), json!({"content": reply(&["four"])})];
    script(&fake, &json!(steps));
    let extraction = run(&fake, &text("one"), Some(Words::new())).await.unwrap();
    let outcome = &extraction.outcomes[0];
    assert_eq!(outcome.result.as_ref().unwrap(), &["one", "two", "three", "four"]);
    assert_eq!((outcome.calls.len(), outcome.errors.len()), (3, 2));

    script(&fake, &json!([cut(&["one"]), cut(&["two"]), cut(&["three"])]));
    let extraction = run(&fake, &text("one"), Some(Words::new())).await.unwrap();
    let outcome = &extraction.outcomes[0];
    assert!(outcome.result.is_err());
    assert_eq!(outcome.incomplete, ["one", "two", "three"]);
}

#[tokio::test]
async fn models_are_tried_in_turn_where_the_provider_fails() {
    let fake = FakeProvider::start().unwrap();
    script(&fake, &json!([{"status": 500, "times": 3}, {"content": reply(&["one"])}]));
    let mut step = step(&fake, 2);
    let second = Client { name: "openai/second".into(), ..step.client.clone() };
    step.fallbacks = [second].into();
    let target = Some(Words::new());
    let content = text("one");
    let extraction = extract(&step, &step, &Modelled, &content, "q", target).await.unwrap();
    let outcome = &extraction.outcomes[0];
    assert_eq!(outcome.model.as_deref(), Some("openai/second"));
    assert_eq!(outcome.calls.len(), 4);
    let kinds: Vec<_> = outcome.errors.iter().map(|error| error.failure.kind()).collect();
    assert_eq!(kinds, ["server"; 3]);
}

#[tokio::test]
async fn an_invalid_reply_is_sent_back_with_the_first_prompt() {
    let fake = FakeProvider::start().unwrap();
    script(
        &fake,
        &json!([
            {"content": reply(&["wrong"])},
            {"content": reply(&["broken?", "wrong"])},
            {"content": reply(&["right"])},
        ]),
    );
    let extraction = run(&fake, &text("one"), Some(Words::new())).await.unwrap();
    assert_eq!(extraction.outcomes[0].result, Ok(vec!["right".to_owned()]));
    let body = fake.requests()[2].json();
    let last = &body["messages"];
    assert_eq!(last.as_array().unwrap().len(), 4, "only the last reply is sent back");
    assert_eq!(last[2]["content"], reply(&["broken?", "wrong"]));
    assert!(last[3]["content"].as_str().unwrap().contains("word: is wrong"));
}

#[tokio::test]
async fn a_plan_is_made_once_and_a_bad_one_is_corrected() {
    let fake = FakeProvider::start().unwrap();
    let plan = |name: &str| {
        json!({
            "model_name": "Words",
            "model_description": "",
            "fields": [{"name": name, "type": "string", "description": "a word"}],
            "instructions": "INSTRUCTED",
            "target_columns": ["id"],
        })
        .to_string()
    };
    script(&fake, &json!([{"content": "{}"}, {"content": plan("word")}]));
    let extraction = run(&fake, &records(3), None).await.unwrap();
    assert_eq!(extraction.planning.len(), 2);
    assert_eq!(extraction.outcomes.len(), 3);
    let requests = fake.requests();
    assert_eq!(requests.len(), 5);
    assert!(requests[4].json().to_string().contains("INSTRUCTED"));
}

#[tokio::test]
async fn a_plan_that_can_not_be_had_is_an_error_of_the_step() {
    let fake = FakeProvider::start().unwrap();
    script(&fake, &json!([{"status": 500, "times": 9}]));
    let error = run(&fake, &records(3), None).await.unwrap_err();
    assert!(
        matches!(error, Error::Plan { failure: RowError::Llm { requests: 3, .. }, .. }),
        "{error:?}"
    );
}

fn definition(name: &str) -> ExtractionRequest {
    let field = json!({"name": "word", "type": "string", "validation": {"alias": "Word"}});
    serde_json::from_value(json!({"model_name": name, "fields": [field]})).unwrap()
}

#[tokio::test]
async fn a_definition_is_refined_with_one_request() {
    let fake = FakeProvider::start().unwrap();
    let word = json!({"name": "word", "description": "A word", "type": "str", "required": true,
                      "nullable": false, "validation": {"min_length": 2}, "nested_fields": null});
    let good = json!({"model_description": "Words", "fields": [word]}).to_string();
    script(&fake, &json!([{"content": "{}"}, {"content": good, "times": 9}]));
    let step = step(&fake, 2);
    for (given, name) in [(None, "RefinedWords"), (Some("long words"), "LongWords")] {
        let words = definition("Words");
        let completion = step.refine(&Modelled, &words, "DO THIS", given).await.unwrap();
        let schema = completion.result.unwrap().plan.schema;
        assert_eq!(schema.model_name, name);
        assert_eq!(completion.calls.len(), if given.is_none() { 2 } else { 1 });
        let rules = Value::Object(schema.fields[0].validation.clone());
        assert_eq!(rules, json!({"min_length": 2, "alias": "Word"}));
    }
    let request = fake.requests()[0].json();
    let words = request["messages"].to_string();
    assert!(words.contains("DO THIS") && words.contains(r#"\"name\":\"word\""#), "{words}");
    assert_eq!(request["response_format"]["json_schema"]["strict"], true);
}

#[tokio::test]
async fn a_refinement_that_can_not_be_had_is_an_error_without_a_request_or_a_failure() {
    let fake = FakeProvider::start().unwrap();
    script(&fake, &json!([{"status": 401, "times": 9}]));
    let step = step(&fake, 2);
    let nameless = step.refine(&Modelled, &definition("Words"), "x", Some("?")).await;
    assert!(matches!(nameless, Err(Error::Schema(_))));
    assert_eq!(fake.stats().requests, 0);
    let refused = step.refine(&Modelled, &definition("Words"), "x", None).await.unwrap();
    assert!(matches!(refused.result, Err(RowError::Llm { requests: 1, .. })));
}

#[tokio::test]
async fn dropping_an_operation_aborts_its_requests() {
    let fake = FakeProvider::start().unwrap();
    script(&fake, &json!([{"delay_ms": 60_000, "times": 99}]));
    let content = records(20);
    tokio::select! {
        _ = run(&fake, &content, Some(Words::new())) => panic!("no request is answered"),
        () = fake.until(|stats| stats.in_flight == 8) => {}
    }
    fake.until(|stats| stats.in_flight == 0).await;
    assert_eq!(fake.stats().requests, 8);
}
