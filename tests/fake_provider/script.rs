//! What the fake provider is told to do: steps that requests use up, and what holds for the rest.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Faults;
use super::limit::Limit;
use super::shape::Shape;

/// `{"latency_ms": 20, "items": 1, "steps": [{"status": 429, "headers": {"retry-after": "0"}}]}`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Before every answer.
    pub latency_ms: u64,
    /// How many elements the lists of schema-driven replies have.
    pub items: usize,
    /// Come before all else.
    pub steps: Vec<Step>,
    pub limit: Option<Limit>,
    /// Of the requests within the limit.
    pub faults: Option<Faults>,
    /// What stands before a number in the body of a request that names it in the records.
    pub mark: Option<String>,
}

impl Default for Script {
    fn default() -> Self {
        let (limit, faults, mark) = (None, None, None);
        Self { latency_ms: 0, items: 1, steps: Vec::new(), limit, faults, mark }
    }
}

/// One answer, written in the shape of the request. What is left out is as in a good reply.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// Only for requests whose body contains this text.
    pub when: Option<String>,
    /// How many requests use this step.
    pub times: u64,
    /// More than the script's latency.
    pub delay_ms: u64,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// The whole body: a text as it is, anything else as JSON.
    pub body: Option<Value>,
    /// The text of the model's message.
    pub content: Option<String>,
    pub refusal: Option<String>,
    /// As OpenAI's chat has it, whatever the shape; so too `usage`.
    pub finish_reason: String,
    pub usage: Value,
    pub fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset instead of an answer.
    Reset,
    /// No answer, ever.
    Stall,
    /// A body without its end, then the end of the connection.
    Truncate,
    /// A body that is no JSON.
    Malformed,
    /// A good reply, in a fence of Markdown.
    Fence,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            when: None,
            times: 1,
            delay_ms: 0,
            status: 200,
            headers: BTreeMap::new(),
            body: None,
            content: None,
            refusal: None,
            finish_reason: "stop".to_owned(),
            usage: json!({
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 2},
            }),
            fault: None,
        }
    }
}

impl Script {
    /// The answer to a request with this body, where it is not simply a good one. `since`: when the
    /// script began.
    pub fn take(&mut self, body: &[u8], since: Instant) -> Option<Step> {
        self.step(body)
            .or_else(|| self.limit.as_mut()?.take(since))
            .or_else(|| self.faults.as_mut()?.take())
    }

    /// The first step that is left for a request; uses it up once.
    fn step(&mut self, body: &[u8]) -> Option<Step> {
        let fits = |step: &Step| {
            step.times > 0 && step.when.as_ref().is_none_or(|text| contains(body, text.as_bytes()))
        };
        let step = self.steps.iter_mut().find(|step| fits(step))?;
        step.times -= 1;
        Some(step.clone())
    }
}

impl Script {
    /// The number in the body after the mark.
    pub fn mark_of(&self, body: &[u8]) -> Option<u64> {
        let mark = self.mark.as_ref()?.as_bytes();
        let start = body.windows(mark.len()).position(|window| window == mark)? + mark.len();
        let digits = body[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(&body[start..start + digits]).ok()?.parse().ok()
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

impl Step {
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// The body of the answer to `request`; `id` names the exchange.
    pub fn reply(&self, shape: Shape, request: &[u8], items: usize, id: &str) -> Vec<u8> {
        if self.fault == Some(Fault::Malformed) {
            return b"{\"id\":\"chatcmpl-fake\",\"choices\":[{\"mess".to_vec();
        }
        match &self.body {
            Some(Value::String(text)) => text.clone().into_bytes(),
            Some(body) => body.to_string().into_bytes(),
            None if self.status >= 300 => shape.error(self.status, id).to_string().into_bytes(),
            None => shape.completion(self, request, items).to_string().into_bytes(),
        }
    }
}
