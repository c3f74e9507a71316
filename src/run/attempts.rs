//! The attempts for one prompt: retries, corrections and continuations share one budget; fallback
//! models follow when a provider fails.

use std::sync::Arc;

use crate::llm::layers::{AttemptBudget, Deadline, Retried};
use crate::llm::{
    FinishReason, LlmError, LlmErrorKind, Message, Provider, Request, Response, Usage, cpu,
};
use crate::planning::prompts;
use crate::reply::{self, Repair};

use super::client::Client;
use super::continuation::Continuation;
use super::error::{AttemptError, RowError};
use super::model_chain::{Model, ModelChain};
use super::target::{Rejection, Ungrounded, Validate};

/// The outcome of a prompt after all its attempts.
#[derive(Debug)]
pub struct Completion<T> {
    pub result: Result<T, RowError>,
    /// The complete items of truncated replies, if the prompt failed.
    pub incomplete: Option<T>,
    /// The JSON from which `result` was made.
    pub reply: Option<String>,
    /// The JSON from which `incomplete` was made.
    pub incomplete_reply: Option<String>,
    /// The caller's name of the model that gave the result.
    pub model: Option<Arc<str>>,
    /// One entry for each request that was sent, including failed ones.
    pub calls: Vec<Usage>,
    /// The errors of attempts without a result, in order.
    pub errors: Vec<AttemptError>,
    /// What was repaired in the reply, by JSON Pointer into it.
    pub repairs: Vec<Repair>,
    /// Whether it was replayed from the journal.
    pub from_journal: bool,
}

impl ModelChain {
    /// Sends requests until a reply is valid, an error is permanent, or `max_retries + 1` requests
    /// were sent. If the provider failed, the next model is tried in the same way.
    ///
    /// After a transient error of the provider, the next attempt waits as the retry policy says. An
    /// invalid reply is sent back for correction at once, and a truncated one is continued at once.
    pub async fn complete<V: Validate>(
        &self,
        messages: &[Message],
        validator: &V,
    ) -> Completion<V::Output> {
        let mut attempts = Attempts::new(self, validator);
        let mut client = &self.first.client;
        let mut result = attempts.with(&self.first, messages).await;
        for fallback in &self.fallbacks {
            if !matches!(result, Err(RowError::Llm { .. })) {
                break;
            }
            let next = &fallback.client;
            if next.takes(messages) {
                client = next;
                result = attempts.with(fallback, messages).await;
            } else {
                let message = "not tried: the model is not known to accept such images or files";
                let error = Box::new(next.error(LlmErrorKind::Rejected, message));
                attempts.record(next, RowError::Llm { error, requests: 0 });
            }
        }
        attempts.end(client, result)
    }
}

/// All attempts for one prompt, and their results so far.
struct Attempts<'a, V: Validate> {
    models: &'a ModelChain,
    validator: &'a V,
    calls: Vec<Usage>,
    errors: Vec<AttemptError>,
    repairs: Vec<Repair>,
    /// The JSON that was accepted.
    reply: Option<String>,
    incomplete: Option<Incomplete<V::Output>>,
    /// A valid reply that the source does not bear out, as it counts if nothing better comes, and its
    /// repairs.
    settled: Option<(String, Vec<Repair>)>,
    /// Whether the model was told what the source does not say.
    was_told: bool,
}

/// The complete items of truncated replies.
struct Incomplete<T> {
    count: usize,
    items: T,
    json: String,
}

/// An attempt without a result, and the messages of the next request, if another may help.
struct Failed {
    error: RowError,
    next: Option<Vec<Message>>,
}

impl Failed {
    /// No further attempt with this model helps.
    fn for_good(error: RowError) -> Self {
        Self { error, next: None }
    }
}

impl<'a, V: Validate> Attempts<'a, V> {
    fn new(models: &'a ModelChain, validator: &'a V) -> Self {
        Self {
            models,
            validator,
            calls: Vec::with_capacity(1),
            errors: Vec::new(),
            repairs: Vec::new(),
            reply: None,
            incomplete: None,
            settled: None,
            was_told: false,
        }
    }

    /// Records why an attempt gave no result; that of a stopped call is no attempt.
    fn record(&mut self, client: &Client, failure: RowError) {
        if !matches!(failure, RowError::Stopped(_)) {
            self.errors.push(AttemptError { model: client.name.clone(), failure });
        }
    }

    /// Makes the attempts with one model.
    async fn with(&mut self, model: &Model, messages: &[Message]) -> Result<V::Output, RowError> {
        let ModelChain { retry_policy, deadline, .. } = *self.models;
        let budget = AttemptBudget::new(retry_policy);
        let provider = Deadline::new(Retried::new(&model.provider, &budget), deadline);
        let client = &model.client;
        let first = model.request(messages);
        let mut continuation = Continuation::default();
        // The requests after the first, but for retries.
        let mut followed: Vec<Request> = Vec::new();
        loop {
            let request = followed.last().unwrap_or(&first);
            let result = provider.complete(request).await;
            for error in budget.take_failed() {
                self.calls.push(error.usage);
                self.record(client, error.into());
            }
            let result = match result {
                Ok(response) => self.read(client, response, &first, &mut continuation).await,
                Err(error) => Err(self.failed(error)),
            };
            let Failed { error, next } = match result {
                Ok(output) => return Ok(output),
                Err(failed) => failed,
            };
            self.record(client, error.clone());
            let next = next.filter(|_| budget.has_left());
            let next = next.map(|messages| Request { messages, ..first.clone() });
            // A deterministic model would repeat the reply that this request had before.
            let is_deterministic = client.provider.is_deterministic();
            let Some(next) = next.filter(|next| !is_deterministic || !followed.contains(next))
            else {
                if let Some(output) = self.settle().await {
                    return Ok(output);
                }
                self.keep_incomplete(&continuation).await;
                return Err(error.after(self.calls.len()));
            };
            followed.push(next);
        }
    }

    /// The output of the reply that counts although the source does not bear it out.
    async fn settle(&mut self) -> Option<V::Output> {
        let (json, repairs) = self.settled.take()?;
        let output = self.validator.validate(json.clone()).await.ok()?;
        (self.reply, self.repairs) = (Some(json), repairs);
        Some(output)
    }

    /// Counts a request that failed, unless it was not sent or the call has stopped.
    fn failed(&mut self, error: LlmError) -> Failed {
        let (is_unsent, usage) = (error.is_unsent, error.usage);
        let error = RowError::from(error);
        if !is_unsent && !matches!(error, RowError::Stopped(_)) {
            self.calls.push(usage);
        }
        Failed::for_good(error)
    }

    /// Keeps the items of a failed prompt, unless an earlier model gave at least as many.
    async fn keep_incomplete(&mut self, continuation: &Continuation) {
        let most = self.incomplete.as_ref().map_or(0, |before| before.count);
        if continuation.len() > most
            && let Some(json) = continuation.json()
            && let Ok(items) = self.validator.validate(json.clone()).await
        {
            self.incomplete = Some(Incomplete { count: continuation.len(), items, json });
        }
    }

    /// Reads and validates a response.
    async fn read(
        &mut self,
        client: &Client,
        response: Response,
        first: &Request,
        continuation: &mut Continuation,
    ) -> Result<V::Output, Failed> {
        self.calls.push(response.usage);
        if response.finish_reason == FinishReason::Length {
            return Err(truncated::<V>(client, &response, first, continuation));
        }
        let (json, repairs) =
            match cpu::run(response.text.len(), || parse(&response, first, continuation)) {
                Ok(parsed) => parsed,
                Err(problem) => return Err(unreadable(&response, problem, first, continuation)),
            };
        match self.validator.validate(json.clone()).await {
            Ok(output) => {
                if let Some(ungrounded) = self.validator.ungrounded(&json) {
                    return Err(self.ungrounded(ungrounded, &json, repairs, first));
                }
                self.repairs = repairs;
                self.reply = Some(json);
                Ok(output)
            }
            Err(Rejection::Problems(problems)) => {
                *continuation = Continuation::default();
                let next = Some(prompts::correction(&first.messages, &json, &problems));
                Err(Failed { error: RowError::Invalid { problems, requests: 1 }, next })
            }
            Err(Rejection::Broken(message)) => Err(Failed::for_good(RowError::Validator(message))),
        }
    }

    /// Handles a valid reply that the source does not bear out: sends it back, once or while attempts are
    /// left.
    fn ungrounded(
        &mut self,
        ungrounded: Ungrounded,
        json: &str,
        repairs: Vec<Repair>,
        first: &Request,
    ) -> Failed {
        let Ungrounded { problems, is_asked_again, settled } = ungrounded;
        self.settled = settled.map(|json| (json, repairs)).or(self.settled.take());
        let may_ask = is_asked_again || !std::mem::replace(&mut self.was_told, true);
        let next = may_ask.then(|| prompts::correction(&first.messages, json, &problems));
        Failed { error: RowError::Invalid { problems, requests: 1 }, next }
    }

    /// The completion, after the last attempt, which was with the model of `client`.
    fn end(self, client: &Client, result: Result<V::Output, RowError>) -> Completion<V::Output> {
        let Self { calls, errors, repairs, incomplete, reply, .. } = self;
        let model = result.is_ok().then(|| client.name.clone());
        let incomplete = incomplete.filter(|_| result.is_err());
        let (incomplete, incomplete_reply) = incomplete.map(|it| (it.items, it.json)).unzip();
        Completion {
            result,
            incomplete,
            reply,
            incomplete_reply,
            model,
            calls,
            errors,
            repairs,
            from_journal: false,
        }
    }
}

/// The reply as JSON, joined to the items of truncated replies before it, and its repairs.
fn parse(
    response: &Response,
    first: &Request,
    continuation: &Continuation,
) -> Result<(String, Vec<Repair>), String> {
    let Some(schema) = &first.schema else { return Ok((response.text.clone(), Vec::new())) };
    Ok(continuation.with(reply::parse(&response.text, schema)?))
}

/// Handles a reply that was truncated at the limit on output tokens: keeps its complete items and
/// requests the rest. If it adds no complete item, one request for a shorter reply follows; a second
/// such reply ends the attempts, since each costs the whole limit.
fn truncated<V: Validate>(
    client: &Client,
    response: &Response,
    first: &Request,
    continuation: &mut Continuation,
) -> Failed {
    let has_grown = match &first.schema {
        Some(schema) if V::IN_PARTS => {
            continuation.add(reply::complete_items(&response.text, schema))
        }
        _ => false,
    };
    let next = if client.provider.is_deterministic() || !continuation.may_continue(has_grown) {
        None
    } else {
        let rest = continuation
            .json()
            .map(|json| prompts::continuation(&first.messages, &json, continuation.len(), None));
        Some(match rest {
            Some(messages) if has_grown => messages,
            Some(messages) => prompts::shorter(&messages),
            None => prompts::shorter(&first.messages),
        })
    };
    let error = LlmError {
        request_id: response.request_id.clone(),
        ..client.error(LlmErrorKind::Truncated, truncation(response, continuation.len()))
    };
    Failed { error: RowError::Llm { error: Box::new(error), requests: 1 }, next }
}

/// Handles a reply that can't be read as JSON along the schema: sends it back for correction, or
/// requests the continuation again if there are items of truncated replies.
fn unreadable(
    response: &Response,
    problem: String,
    first: &Request,
    continuation: &Continuation,
) -> Failed {
    let messages = &first.messages;
    let problems = vec![problem];
    let next = match continuation.json() {
        Some(json) => {
            prompts::continuation(messages, &json, continuation.len(), Some(&problems[0]))
        }
        None => prompts::correction(messages, &response.text, &problems),
    };
    Failed { error: RowError::Invalid { problems, requests: 1 }, next: Some(next) }
}

fn truncation(response: &Response, complete: usize) -> String {
    let items = match complete {
        0 => String::new(),
        1 => "; 1 item was complete".to_owned(),
        _ => format!("; {complete} items were complete"),
    };
    format!(
        "the reply is incomplete: it ended at a limit of its length ({} tokens used){items}; \
         allow more (such as max_tokens) or ask for less",
        response.usage.completion_tokens
    )
}

#[cfg(test)]
mod tests;
