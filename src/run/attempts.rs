//! The attempts for one prompt: retries, corrections and continuations share one limit; fallback
//! models follow when a provider fails.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::llm::{
    FinishReason, LlmError, LlmErrorKind, Message, Provider, Request, Response, Source, Usage,
};
use crate::planning::prompts;
use crate::reply::{self, Repair};
use crate::schema::{OutputMode, OutputSchema};

use super::client::Client;
use super::context::StopReason;
use super::continuation::Continuation;
use super::{Rejection, Step, Validate};

/// The models that are tried in turn, each with the schema compiled for it.
pub struct ModelChain {
    pub first: (Client, Arc<OutputSchema>),
    pub fallbacks: Vec<(Client, Arc<OutputSchema>)>,
    /// The hash of the first model's schema, computed on first use.
    pub(super) schema_hash: OnceLock<String>,
}

impl ModelChain {
    /// One warning for each model whose provider does not enforce the schema.
    pub(super) fn warnings(&self) -> Vec<String> {
        let models = std::iter::once(&self.first).chain(&self.fallbacks);
        let unheld = models.filter(|(_, schema)| !schema.is_enforced());
        unheld
            .map(|(client, schema)| {
                let how = match schema.mode {
                    OutputMode::Strict | OutputMode::Schema => "is sent the schema",
                    OutputMode::Tool => "is sent the schema as a tool definition",
                    OutputMode::Json | OutputMode::Prompt => "is given the schema in the prompt",
                };
                format!("{} {how}, but it is not enforced; replies are validated", client.name)
            })
            .collect()
    }
}

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
    pub sources: Vec<Source>,
    pub repairs: Vec<Repair>,
    /// Whether it was replayed from the journal.
    pub from_journal: bool,
}

/// Why a row or plan failed: the error of the last attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RowError {
    #[error("{error}{}", attempts(*.requests))]
    Llm { error: LlmError, requests: usize },
    #[error("no valid answer: {}{}", .problems.join("; "), attempts(*.requests))]
    Invalid { problems: Vec<String>, requests: usize },
    #[error("the validator failed: {0}")]
    Validator(String),
    /// The call stopped before the attempts were exhausted.
    #[error("{0}")]
    Stopped(StopReason),
}

fn attempts(requests: usize) -> String {
    if requests > 1 { format!(" (after {requests} attempts)") } else { String::new() }
}

/// Why one attempt gave no result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptError {
    /// The caller's name of the model.
    pub model: Arc<str>,
    /// The error of this attempt alone.
    pub failure: RowError,
}

/// Sends requests until a reply is valid, an error is final, or `max_retries + 1` requests were
/// sent. If the provider failed, the next model is tried in the same way.
///
/// After a transient error of the provider, the next attempt waits as the retry policy says. An
/// invalid reply is sent back for correction at once, and a truncated one is continued at once.
pub async fn ask<V: Validate>(
    operation: &Step,
    models: &ModelChain,
    messages: &[Message],
    validator: &V,
) -> Completion<V::Output> {
    let mut attempts = Attempts::new(operation, validator);
    let (mut client, schema) = (&models.first.0, &models.first.1);
    let mut result = attempts.with(client, schema, messages).await;
    for (next, schema) in &models.fallbacks {
        if !matches!(result, Err(RowError::Llm { .. })) {
            break;
        }
        if next.takes(messages) {
            client = next;
            result = attempts.with(client, schema, messages).await;
        } else {
            let message = "not tried: the model is not known to accept such images or files";
            let error = next.error(LlmErrorKind::Rejected, message);
            attempts.note(next, RowError::Llm { error, requests: 0 });
        }
    }
    let model = result.is_ok().then(|| client.name.clone());
    let Attempts { calls, errors, sources, mut repairs, incomplete, reply, .. } = attempts;
    let incomplete = incomplete.filter(|_| result.is_err());
    let (incomplete, incomplete_reply) = incomplete.map(|it| (it.items, it.json)).unzip();
    if result.is_err() {
        // They belong to a reply that was rejected.
        repairs.clear();
    }
    Completion {
        result,
        incomplete,
        reply,
        incomplete_reply,
        model,
        calls,
        errors,
        sources,
        repairs,
        from_journal: false,
    }
}

/// All attempts for one prompt, and their results so far.
struct Attempts<'a, V: Validate> {
    operation: &'a Step,
    validator: &'a V,
    calls: Vec<Usage>,
    errors: Vec<AttemptError>,
    sources: Vec<Source>,
    repairs: Vec<Repair>,
    /// The JSON that was accepted.
    reply: Option<String>,
    incomplete: Option<Incomplete<V::Output>>,
}

/// The complete items of truncated replies.
struct Incomplete<T> {
    count: usize,
    items: T,
    json: String,
}

/// The next action after an attempt without a result.
enum Next {
    /// Send the same request again after a delay.
    Again,
    /// Send a request with these messages at once.
    Ask(Vec<Message>),
    /// Make no further attempt with this model.
    End,
}

impl<'a, V: Validate> Attempts<'a, V> {
    fn new(operation: &'a Step, validator: &'a V) -> Self {
        Self {
            operation,
            validator,
            calls: Vec::with_capacity(1),
            errors: Vec::new(),
            sources: Vec::new(),
            repairs: Vec::new(),
            reply: None,
            incomplete: None,
        }
    }

    fn note(&mut self, client: &Client, failure: RowError) {
        self.errors.push(AttemptError { model: client.name.clone(), failure });
    }

    /// Makes the attempts with one model.
    async fn with(
        &mut self,
        client: &Client,
        schema: &Arc<OutputSchema>,
        messages: &[Message],
    ) -> Result<V::Output, RowError> {
        let Step { retry_policy, context, .. } = self.operation;
        let first = client.request(messages.to_vec(), schema);
        let mut asked_again: Option<Request> = None;
        let mut kept = Continuation::default();
        let mut attempt = 0;
        loop {
            let request = asked_again.as_ref().unwrap_or(&first);
            let (failure, next) = match self.attempt(client, request, &first, &mut kept).await {
                Ok(output) => return Ok(output),
                Err(failed) => failed,
            };
            if !matches!(failure, RowError::Stopped(_)) {
                self.note(client, failure.clone());
            }
            if attempt == retry_policy.max_retries || matches!(next, Next::End) {
                self.keep(&kept).await;
                return Err(failure.after(self.calls.len()));
            }
            match (next, &failure) {
                (Next::Ask(messages), _) => {
                    asked_again = Some(Request { messages, ..first.clone() });
                }
                (_, RowError::Llm { error, .. }) => {
                    let wait = retry_policy.delay(attempt, error.retry_after);
                    if let Err(stop) = context.in_time(tokio::time::sleep(wait)).await {
                        self.keep(&kept).await;
                        return Err(RowError::Stopped(stop));
                    }
                }
                _ => {}
            }
            attempt += 1;
        }
    }

    /// Keeps the items of a failed prompt, unless an earlier model gave at least as many.
    async fn keep(&mut self, kept: &Continuation) {
        let most = self.incomplete.as_ref().map_or(0, |before| before.count);
        if kept.len() > most
            && let Some(json) = kept.json()
            && let Ok(items) = self.validator.validate(json.clone()).await
        {
            self.incomplete = Some(Incomplete { count: kept.len(), items, json });
        }
    }

    /// Sends one request, and reads and validates its reply.
    async fn attempt(
        &mut self,
        client: &Client,
        request: &Request,
        first: &Request,
        kept: &mut Continuation,
    ) -> Result<V::Output, (RowError, Next)> {
        let reply = match self.operation.context.send(client, request).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => {
                self.calls.push(error.usage);
                let next = if error.kind.is_transient() { Next::Again } else { Next::End };
                return Err((RowError::Llm { error, requests: 1 }, next));
            }
            Err(stop) => return Err((RowError::Stopped(stop), Next::End)),
        };
        self.calls.push(reply.usage);
        if reply.finish_reason == FinishReason::Length {
            return Err(Self::cut(client, &reply, first, kept));
        }
        let json = match self.read(&reply, first, kept) {
            Ok(json) => json,
            Err(problem) => return Err(unread(&reply, problem, first, kept)),
        };
        match self.validator.validate(json.clone()).await {
            Ok(output) => {
                self.sources = reply.sources;
                self.reply = Some(json);
                Ok(output)
            }
            Err(Rejection::Problems(problems)) => {
                *kept = Continuation::default();
                let again = prompts::ask_again(&first.messages, &json, &problems);
                Err((RowError::Invalid { problems, requests: 1 }, Next::Ask(again)))
            }
            Err(Rejection::Broken(message)) => Err((RowError::Validator(message), Next::End)),
        }
    }

    /// The reply as JSON, joined to the items kept from truncated replies before it.
    fn read(
        &mut self,
        reply: &Response,
        first: &Request,
        kept: &Continuation,
    ) -> Result<String, String> {
        let Some(schema) = &first.schema else { return Ok(reply.text.clone()) };
        let parsed = reply::parse(&reply.text, schema)?;
        let (json, repairs) = kept.with(parsed);
        self.repairs = repairs;
        Ok(json)
    }

    /// Handles a reply that was truncated at the limit on output tokens: keeps its complete items
    /// and requests the rest. If it adds no complete item, one request for a shorter reply follows;
    /// a second such reply ends the attempts, since each costs the whole limit.
    fn cut(
        client: &Client,
        reply: &Response,
        first: &Request,
        kept: &mut Continuation,
    ) -> (RowError, Next) {
        let has_grown = match &first.schema {
            Some(schema) if V::IN_PARTS => kept.add(reply::complete_items(&reply.text, schema)),
            _ => false,
        };
        let next = if client.provider.is_deterministic() || !kept.may_go_on(has_grown) {
            Next::End
        } else {
            let rest =
                kept.json().map(|json| prompts::go_on(&first.messages, &json, kept.len(), None));
            match rest {
                Some(messages) if has_grown => Next::Ask(messages),
                Some(messages) => Next::Ask(prompts::shorten(&messages)),
                None => Next::Ask(prompts::shorten(&first.messages)),
            }
        };
        let error = LlmError {
            request_id: reply.request_id.clone(),
            ..client.error(LlmErrorKind::Truncated, truncated(reply, kept.len()))
        };
        (RowError::Llm { error, requests: 1 }, next)
    }
}

impl RowError {
    /// The kind of failure, in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Llm { error, .. } => error.kind.name(),
            Self::Invalid { .. } => "invalid",
            Self::Validator(_) => "validator",
            Self::Stopped(stop) => stop.kind(),
        }
    }

    /// Whether the cause lies in the model's reply: another try costs as much and would probably
    /// fail too.
    pub(super) const fn is_final(&self) -> bool {
        match self {
            Self::Llm { error, .. } => matches!(
                error.kind,
                LlmErrorKind::Refusal | LlmErrorKind::ContentFilter | LlmErrorKind::Truncated
            ),
            Self::Invalid { .. } => true,
            Self::Validator(_) | Self::Stopped(_) => false,
        }
    }

    /// The same error with the number of requests set to `sent`.
    fn after(self, sent: usize) -> Self {
        match self {
            Self::Llm { error, .. } => Self::Llm { error, requests: sent },
            Self::Invalid { problems, .. } => Self::Invalid { problems, requests: sent },
            other @ (Self::Validator(_) | Self::Stopped(_)) => other,
        }
    }
}

/// Handles a reply that can't be read as JSON along the schema: sends it back for correction, or
/// requests the continuation again if items were kept.
fn unread(
    reply: &Response,
    problem: String,
    first: &Request,
    kept: &Continuation,
) -> (RowError, Next) {
    let problems = vec![problem];
    let again = match kept.json() {
        Some(json) => prompts::go_on(&first.messages, &json, kept.len(), Some(&problems[0])),
        None => prompts::ask_again(&first.messages, &reply.text, &problems),
    };
    (RowError::Invalid { problems, requests: 1 }, Next::Ask(again))
}

fn truncated(reply: &Response, complete: usize) -> String {
    let kept = match complete {
        0 => String::new(),
        1 => "; 1 item was complete".to_owned(),
        _ => format!("; {complete} items were complete"),
    };
    format!(
        "the reply is incomplete: it ended at the limit of output tokens ({} used){kept}; allow \
         more (such as max_tokens) or ask for less",
        reply.usage.completion_tokens
    )
}
