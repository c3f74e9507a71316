//! One question and its attempts: retries and re-asks within one budget.

use crate::llm::retry::Backoff;
use crate::llm::{Finish, LlmError, LlmErrorKind, Provider, Reply, Request, Source, Usage};
use crate::{prompt, reply};

use super::{Rejection, Validate};

/// What became of a question.
#[derive(Debug)]
pub struct Answer<T> {
    pub result: Result<T, Failure>,
    /// One entry for each request that was sent, failed ones too.
    pub calls: Vec<Usage>,
    pub sources: Vec<Source>,
}

/// Why a question has no answer: the last attempt's error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    #[error("{error}{}", attempts(*.requests))]
    Llm { error: LlmError, requests: usize },
    #[error("no valid answer: {}{}", .problems.join("; "), attempts(*.requests))]
    Invalid { problems: Vec<String>, requests: usize },
    #[error("the validator failed: {0}")]
    Validator(String),
}

fn attempts(requests: usize) -> String {
    if requests > 1 { format!(" (after {requests} attempts)") } else { String::new() }
}

/// Asks until a reply is valid, an error is final, or `max_retries + 1` requests were sent.
/// Transport errors wait before the next attempt; a reply that is not valid is sent back at once.
pub async fn ask<V: Validate>(
    provider: &dyn Provider,
    request: &Request,
    backoff: &Backoff,
    validator: &V,
) -> Answer<V::Output> {
    let mut answer = Attempts { calls: Vec::with_capacity(1), sources: Vec::new() };
    let mut asked_again: Option<Request> = None;
    let mut attempt = 0;
    let result = loop {
        let current = asked_again.as_ref().unwrap_or(request);
        let last = attempt == backoff.max_retries;
        match answer.attempt(provider, current, validator).await {
            Attempt::Valid(output) => break Ok(output),
            Attempt::Failed(error) => {
                let is_cut = error.kind == LlmErrorKind::Truncated;
                let is_final = !error.kind.is_transient() || is_cut && provider.is_deterministic();
                if last || is_final {
                    break Err(Failure::Llm { error, requests: answer.calls.len() });
                }
                tokio::time::sleep(backoff.wait(attempt, error.retry_after)).await;
            }
            Attempt::Broken(message) => break Err(Failure::Validator(message)),
            Attempt::Invalid { text, problems } => {
                if last {
                    break Err(Failure::Invalid { problems, requests: answer.calls.len() });
                }
                let messages = prompt::ask_again(&request.messages, &text, &problems);
                asked_again = Some(Request { messages, ..request.clone() });
            }
        }
        attempt += 1;
    };
    Answer { result, calls: answer.calls, sources: answer.sources }
}

/// How one attempt ended.
enum Attempt<T> {
    Valid(T),
    Failed(LlmError),
    Broken(String),
    Invalid { text: String, problems: Vec<String> },
}

struct Attempts {
    calls: Vec<Usage>,
    sources: Vec<Source>,
}

impl Attempts {
    async fn attempt<V: Validate>(
        &mut self,
        provider: &dyn Provider,
        request: &Request,
        validator: &V,
    ) -> Attempt<V::Output> {
        let reply = match provider.complete(request).await {
            Ok(reply) => reply,
            Err(error) => {
                self.calls.push(error.usage);
                return Attempt::Failed(error);
            }
        };
        self.calls.push(reply.usage);
        if reply.finish == Finish::Length {
            return Attempt::Failed(truncated(&reply, provider.name()));
        }
        let json = match &request.schema {
            Some(schema) => reply::json(&reply.text, schema).map(std::borrow::Cow::into_owned),
            None => Ok(reply.text.clone()),
        };
        let validated = match json {
            Ok(json) => validator.validate(json).await,
            Err(problem) => Err(Rejection::Problems(vec![problem])),
        };
        match validated {
            Ok(output) => {
                self.sources = reply.sources;
                Attempt::Valid(output)
            }
            Err(Rejection::Problems(problems)) => Attempt::Invalid { text: reply.text, problems },
            Err(Rejection::Broken(message)) => Attempt::Broken(message),
        }
    }
}

fn truncated(reply: &Reply, provider: &str) -> LlmError {
    let message = format!(
        "the reply is incomplete: it ended at the limit of output tokens ({} used); allow more \
         (such as max_tokens) or ask for less",
        reply.usage.completion_tokens
    );
    LlmError {
        request_id: reply.request_id.clone(),
        ..LlmError::new(LlmErrorKind::Truncated, provider, message)
    }
}
