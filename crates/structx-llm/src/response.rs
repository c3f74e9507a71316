//! Responses of a model: text, finish reason, token usage, sources of values.

use serde::{Deserialize, Serialize};

/// One answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Response {
    pub text: String,
    pub finish_reason: FinishReason,
    pub usage: Usage,
    /// The provider's own name for this exchange, for its support.
    pub request_id: Option<String>,
    /// The reply's HTTP headers, names in lower case; empty for the embedded model.
    pub headers: Vec<(String, String)>,
    /// Where values were copied from; only the embedded model knows.
    pub sources: Vec<Source>,
    /// Further candidates, where more than one was asked for.
    pub alternatives: Vec<Candidate>,
    /// Natural logarithms of the probabilities of the reply's tokens, where they were asked for.
    pub log_probabilities: Option<Vec<f32>>,
}

/// A further answer to the same request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Candidate {
    pub text: String,
    pub finish_reason: FinishReason,
    pub log_probabilities: Option<Vec<f32>>,
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    #[default]
    Stop,
    /// The limit of output tokens was reached: the reply is incomplete.
    Length,
}

/// The words of the document that a value was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// JSON Pointer (RFC 6901) into the reply.
    pub pointer: String,
    /// The document's own words, such as `$1,982.50` for 1982.5.
    pub literal: String,
}

/// Tokens of one request, as the provider counts them, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    /// Part of `completion_tokens` that was spent on reasoning, where the provider tells.
    pub thinking_tokens: Option<u64>,
    /// Part of `prompt_tokens` that the provider had cached, where it tells.
    pub cached_tokens: Option<u64>,
    /// In US dollars, where the model's price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

impl Usage {
    /// Of these, the total being their sum.
    #[must_use]
    pub const fn of(prompt_tokens: u64, completion_tokens: u64) -> Self {
        let total_tokens = prompt_tokens.saturating_add(completion_tokens);
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens,
            thinking_tokens: None,
            cached_tokens: None,
            cost: None,
        }
    }
}
