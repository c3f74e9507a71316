//! What the fake provider is told to do: steps that requests use up, and what holds for the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

/// `{"latency_ms": 20, "items": 1, "steps": [{"status": 429, "headers": {"retry-after": "0"}}]}`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Before every answer.
    pub latency_ms: u64,
    /// How many elements the lists of schema-driven replies have.
    pub items: usize,
    pub steps: Vec<Step>,
}

impl Default for Script {
    fn default() -> Self {
        Self { latency_ms: 0, items: 1, steps: Vec::new() }
    }
}

/// One answer. What is left out is as in a good reply.
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
    /// The first step that is left for a request with this body; uses it up once.
    pub fn take(&mut self, body: &[u8]) -> Option<Step> {
        let fits = |step: &Step| {
            step.times > 0 && step.when.as_ref().is_none_or(|text| contains(body, text.as_bytes()))
        };
        let step = self.steps.iter_mut().find(|step| fits(step))?;
        step.times -= 1;
        Some(step.clone())
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

impl Step {
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// The body of the answer to `request`; `by_schema` makes an instance of the schema asked for.
    pub fn reply(&self, by_schema: impl FnOnce() -> String) -> Vec<u8> {
        if self.fault == Some(Fault::Malformed) {
            return b"{\"id\":\"chatcmpl-fake\",\"choices\":[{\"mess".to_vec();
        }
        match &self.body {
            Some(Value::String(text)) => text.clone().into_bytes(),
            Some(body) => body.to_string().into_bytes(),
            None if self.status >= 300 => {
                let error = json!({"message": "as scripted", "type": "scripted", "code": null});
                json!({ "error": error }).to_string().into_bytes()
            }
            None => {
                let is_by_schema = self.content.is_none() && self.refusal.is_none();
                let content = self.content.clone().or_else(|| is_by_schema.then(by_schema));
                self.completion(content.as_deref()).to_string().into_bytes()
            }
        }
    }

    fn completion(&self, content: Option<&str>) -> Value {
        json!({
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 1_767_225_600,
            "model": "fake",
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": self.refusal},
                "logprobs": null,
                "finish_reason": self.finish_reason,
            }],
            "usage": self.usage,
        })
    }
}
