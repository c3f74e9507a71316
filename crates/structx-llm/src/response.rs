//! Responses of a model: text, finish reason, token usage.

use serde::{Deserialize, Serialize};

use crate::http::Exchange;

/// One response.
///
/// ```
/// use structx_llm::{FinishReason, Response, Usage};
///
/// let response = Response { text: "{}".to_owned(), usage: Usage::of(20, 1), ..Default::default() };
/// assert_eq!((response.finish_reason, response.usage.total_tokens), (FinishReason::Stop, 21));
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Response {
    /// The model's reply.
    pub text: String,
    pub finish_reason: FinishReason,
    pub usage: Usage,
    /// The provider's identifier of this exchange, for its support.
    pub request_id: Option<String>,
    /// The HTTP headers, names in lower case; empty for the embedded model.
    pub headers: Vec<(String, String)>,
    /// Further candidates, if more than one was requested.
    pub alternatives: Vec<Candidate>,
    /// Natural logarithms of the token probabilities, if requested.
    pub log_probabilities: Option<Vec<f32>>,
    /// The exchange, if it is recorded.
    #[serde(skip)]
    pub exchange: Option<Box<Exchange>>,
}

/// A further response to the same request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Candidate {
    pub text: String,
    pub finish_reason: FinishReason,
    pub log_probabilities: Option<Vec<f32>>,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    #[default]
    /// The reply is complete.
    Stop,
    /// The limit of output tokens was reached; the reply is incomplete.
    Length,
}

/// Tokens of one request, as the provider counts them, and their cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    /// The part of `completion_tokens` spent on reasoning, if reported.
    pub thinking_tokens: Option<u64>,
    /// The part of `prompt_tokens` read from the provider's cache, if reported.
    pub cached_tokens: Option<u64>,
    /// US dollars, if the model's price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

impl Usage {
    /// The usage of these tokens; the total is their sum.
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
