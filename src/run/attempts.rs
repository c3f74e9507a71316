//! One question and its attempts: retries, re-asks and continuations within one budget, and the
//! next model where one fails.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::llm::Provider;
use crate::llm::{FinishReason, LlmError, LlmErrorKind, Message, Request, Response, Source, Usage};
use crate::planning::prompts;
use crate::reply::{self, Repair};
use crate::schema::{OutputMode, OutputSchema};

use super::client::Client;
use super::context::StopReason;
use super::continuation::Continuation;
use super::{Rejection, Step, Validate};

/// The models that are asked in turn, each with the schema as it is asked for it.
pub struct ModelChain {
    pub first: (Client, Arc<OutputSchema>),
    pub fallbacks: Vec<(Client, Arc<OutputSchema>)>,
    /// Of the first one's schema, made when it is first asked for.
    pub(super) schema_hash: OnceLock<String>,
}

impl ModelChain {
    /// What is to be said of models that may answer what the schema does not allow.
    pub(super) fn warnings(&self) -> Vec<String> {
        let models = std::iter::once(&self.first).chain(&self.fallbacks);
        let unheld = models.filter(|(_, schema)| !schema.is_enforced());
        unheld
            .map(|(client, schema)| {
                let how = match schema.mode {
                    OutputMode::Strict | OutputMode::Schema => "is sent the schema",
                    OutputMode::Tool => "is sent the schema as that of a tool",
                    OutputMode::Json | OutputMode::Prompt => "is told the schema in the prompt",
                };
                format!("{} {how} and not held to it; replies are validated", client.name)
            })
            .collect()
    }
}

/// What became of a question.
#[derive(Debug)]
pub struct Completion<T> {
    pub result: Result<T, RowError>,
    /// What was complete in replies that were cut, where the question has failed.
    pub incomplete: Option<T>,
    /// The JSON that `result` was made of.
    pub reply: Option<String>,
    /// The JSON that `incomplete` was made of.
    pub incomplete_reply: Option<String>,
    /// The caller's name of the model that gave the result.
    pub model: Option<Arc<str>>,
    /// One entry for each request that was sent, failed ones too.
    pub calls: Vec<Usage>,
    /// Why attempts gave no result, in their order.
    pub errors: Vec<AttemptError>,
    pub sources: Vec<Source>,
    pub repairs: Vec<Repair>,
    /// Whether it was given in an earlier run.
    pub from_journal: bool,
}

/// Why a question has no answer: the last attempt's error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RowError {
    #[error("{error}{}", attempts(*.requests))]
    Llm { error: LlmError, requests: usize },
    #[error("no valid answer: {}{}", .problems.join("; "), attempts(*.requests))]
    Invalid { problems: Vec<String>, requests: usize },
    #[error("the validator failed: {0}")]
    Validator(String),
    /// It was not asked to its end.
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
    /// For this one attempt.
    pub failure: RowError,
}

/// Asks until a reply is valid, an error is final, or `max_retries + 1` requests were sent; then the
/// next model in the same way, if it was the provider that failed.
///
/// Transport errors wait before the next attempt; a reply that is not valid is sent back at once,
/// and one that was cut is continued at once.
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
            let message = "not asked: the model is not known to take such images or files";
            let error = next.error(LlmErrorKind::Rejected, message);
            attempts.note(next, RowError::Llm { error, requests: 0 });
        }
    }
    let model = result.is_ok().then(|| client.name.clone());
    let Attempts { calls, errors, sources, mut repairs, incomplete, reply, .. } = attempts;
    let incomplete = incomplete.filter(|_| result.is_err());
    let (incomplete, incomplete_reply) = incomplete.map(|it| (it.items, it.json)).unzip();
    if result.is_err() {
        // Of a reply that was not taken.
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

/// All attempts for one question, and what they gave so far.
struct Attempts<'a, V: Validate> {
    operation: &'a Step,
    validator: &'a V,
    calls: Vec<Usage>,
    errors: Vec<AttemptError>,
    sources: Vec<Source>,
    repairs: Vec<Repair>,
    /// The JSON that was taken.
    reply: Option<String>,
    incomplete: Option<Incomplete<V::Output>>,
}

/// The complete items of a reply that was cut.
struct Incomplete<T> {
    count: usize,
    items: T,
    json: String,
}

/// What an attempt without a result is followed by.
enum Next {
    /// The same request, after a wait.
    Again,
    /// Another request, at once.
    Ask(Vec<Message>),
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

    /// The attempts with one model.
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

    /// Keeps the items of a question that has failed, if no model before gave more.
    async fn keep(&mut self, kept: &Continuation) {
        let most = self.incomplete.as_ref().map_or(0, |before| before.count);
        if kept.len() > most
            && let Some(json) = kept.json()
            && let Ok(items) = self.validator.validate(json.clone()).await
        {
            self.incomplete = Some(Incomplete { count: kept.len(), items, json });
        }
    }

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

    /// The reply as JSON, after what was kept of replies before it that were cut.
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

    /// A reply that ended at the limit of output tokens: its complete items are kept and the rest is
    /// asked for. If it brings no complete item, one shorter request follows; a second such reply
    /// ends the attempts, as each costs the whole limit.
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
    /// What kind of failure it is, in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Llm { error, .. } => error.kind.name(),
            Self::Invalid { .. } => "invalid",
            Self::Validator(_) => "validator",
            Self::Stopped(stop) => stop.kind(),
        }
    }

    /// Whether it lies in what the model said: to ask again costs as much, and gives no more.
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

    /// The same as the end of so many requests.
    fn after(self, sent: usize) -> Self {
        match self {
            Self::Llm { error, .. } => Self::Llm { error, requests: sent },
            Self::Invalid { problems, .. } => Self::Invalid { problems, requests: sent },
            other @ (Self::Validator(_) | Self::Stopped(_)) => other,
        }
    }
}

/// A reply that is no JSON of the schema is sent back; one that should have gone on from what was
/// kept is asked for again.
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
