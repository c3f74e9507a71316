//! Steps of scripted models, for tests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::llm::rate_limit::{ConfiguredLimits, SharedLimiter};
use crate::llm::retry::RetryPolicy;
use crate::llm::{
    FinishReason, LlmError, LlmErrorKind, Message, Part, Provider, Response, Role, Scripted, Usage,
};
use crate::planning::plan::Plan;

use super::client::Client;
use super::context::RunContext;
use super::model_chain::ModelChain;
use super::step::Step;
use super::target::{ModelFactory, Rejection, Target, Validate};

/// Accepts items with a `word`, but not the word `wrong`; breaks at the word `broken`.
#[derive(Debug)]
pub struct Words {
    pub schema: Value,
    pub instructions: &'static str,
}

impl Words {
    pub fn new() -> Self {
        let schema = json!({
            "type": "object",
            "properties": {"word": {"type": "string"}},
            "required": ["word"],
        });
        Self { schema, instructions: "" }
    }
}

impl Validate for Words {
    type Output = Vec<String>;

    const IN_PARTS: bool = true;

    async fn validate(&self, json: String) -> Result<Vec<String>, Rejection> {
        let reply: Value = serde_json::from_str(&json).unwrap();
        let items = reply["items"].as_array().unwrap();
        let word = |item: &Value| match item["word"].as_str() {
            Some("wrong") => Err(Rejection::Problems(vec!["word: is wrong".to_owned()])),
            Some("broken") => Err(Rejection::Broken("out of order".to_owned())),
            Some(word) => Ok(word.to_owned()),
            None => Err(Rejection::Problems(vec!["word: is no text".to_owned()])),
        };
        items.iter().map(word).collect()
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
        self.instructions
    }
}

/// Makes [`Words`] of any plan.
pub struct WordsFactory;

impl ModelFactory for WordsFactory {
    type Target = Words;

    async fn target(&self, _: &Plan) -> Result<Words, Rejection> {
        Ok(Words::new())
    }
}

/// The text of a reply with these words.
pub fn reply(words: &[&str]) -> String {
    let items: Vec<Value> = words.iter().map(|word| json!({"word": word})).collect();
    json!({"items": items}).to_string()
}

/// A response of 10 and 5 tokens.
#[expect(clippy::unnecessary_wraps, reason = "an entry of a script")]
pub fn response(text: impl Into<String>) -> Result<Response, LlmError> {
    Ok(Response { text: text.into(), usage: Usage::of(10, 5), ..Response::default() })
}

/// A response with these words that was truncated in the middle of a further item.
pub fn cut(words: &[&str]) -> Result<Response, LlmError> {
    let text = reply(words).replace("]}", if words.is_empty() { r#"{"wor"# } else { r#", {"wor"# });
    let response = response(text)?;
    Ok(Response { finish_reason: FinishReason::Length, ..response })
}

pub fn failure(kind: LlmErrorKind) -> Result<Response, LlmError> {
    Err(LlmError::new(kind, "scripted", "as scripted"))
}

pub fn client(name: &str, scripted: &Arc<Scripted>) -> Client {
    let limiter = SharedLimiter::new(ConfiguredLimits::default()).limiter_for(&scripted.address());
    Client {
        provider: scripted.clone(),
        limiter,
        model: name.into(),
        name: name.into(),
        options: Arc::default(),
        price: None,
    }
}

/// A step of the models `one`, `two`, ... with two retries, and without waits.
pub fn step(models: &[&Arc<Scripted>], context: RunContext) -> Step {
    let clients = ["one", "two", "three"].iter().zip(models);
    let mut clients = clients.map(|(name, scripted)| client(name, scripted));
    Step {
        client: clients.next().unwrap(),
        fallbacks: clients.collect(),
        retry_policy: RetryPolicy {
            max_retries: 2,
            min_wait: Duration::ZERO,
            max_wait: Duration::ZERO,
        },
        concurrency: 2,
        context: Arc::new(context),
    }
}

/// The models of a step, for [`Words`].
pub fn models(step: &Step) -> ModelChain {
    step.models(|client| Words::new().reply_schema(client)).unwrap()
}

pub fn messages(text: &str) -> Vec<Message> {
    vec![Message { role: Role::User, parts: vec![Part::Document(text.into())] }]
}
