//! Replays completions and plans from the journal and the cache instead of sending requests.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::llm::{Message, Provider, Usage};
use crate::planning::plan::Plan;
use structx_common::canonical;

use super::journal::{self, Journal};
use super::record::Record;
use crate::run::attempts::{Completion, ModelChain, RowError, ask};
use crate::run::client::Client;
use crate::run::context::{RunContext, StopReason};
use crate::run::{ModelFactory, Planned, Rejection, Step, Target, Validate};

/// The version of all keys. It must be raised when stored completions no longer fit: the prompts'
/// wording, the schemas, or the reading of replies to the same request changed. It is independent
/// of the package version, so that an update does not pay for anything twice.
const VERSION: u32 = 1;

/// The messages for one row or plan, and their key in the journal and the cache, computed once.
pub(in crate::run) struct Prompt {
    messages: Vec<Message>,
    key: OnceLock<String>,
}

impl Prompt {
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, key: OnceLock::new() }
    }

    pub fn key(&self, models: &ModelChain) -> &str {
        self.key.get_or_init(|| models.key(&self.messages))
    }
}

impl ModelChain {
    /// The canonical hash of the request that `messages` make to the first model.
    fn key(&self, messages: &[Message]) -> String {
        let (client, schema) = &self.first;
        let request = client.request(messages.to_vec(), schema);
        let words = (&request.model, &request.messages, &request.options);
        hash(&(VERSION, client.provider.address(), self.first_schema(), words))
    }

    /// The hash of the first model's schema, computed once: schemas are large and the same for all
    /// rows.
    fn first_schema(&self) -> &str {
        self.schema_hash.get_or_init(|| hash(&self.first.1))
    }
}

/// The canonical hash of `data`; empty for data that can't be written as JSON, which no caller has.
pub(in crate::run) fn hash<T: Serialize>(data: &T) -> String {
    canonical::hash(data).unwrap_or_default()
}

/// The key of an operation in the journal: a hash of its target, source, query and first model.
pub(in crate::run) fn operation_key<T: Target>(
    target: &T,
    source: &str,
    query: &str,
    client: &Client,
) -> String {
    let asked = (target.name(), target.schema(), target.instructions(), source, query);
    hash(&(VERSION, asked, client.provider.address(), &client.model, &client.options))
}

impl<T> Completion<T> {
    /// The stored form of this completion.
    pub(in crate::run) fn record(&self) -> Record {
        Record {
            reply: self.reply.clone(),
            incomplete: self.incomplete_reply.clone(),
            failure: self.result.as_ref().err().cloned(),
            model: self.model.clone(),
            calls: self.calls.clone(),
            errors: self.errors.clone(),
            sources: self.sources.clone(),
            repairs: self.repairs.clone(),
        }
    }

    /// Restores a stored completion; `None` if the validator no longer accepts it. If the validator
    /// itself fails, so does the completion: another request would not help.
    pub(in crate::run) async fn replay<V>(record: Record, validator: &V) -> Option<Self>
    where
        V: Validate<Output = T>,
    {
        let Record { reply, incomplete, failure, model, calls, errors, sources, repairs } = record;
        let result = match (reply.clone(), failure) {
            (Some(json), None) => match validator.validate(json).await {
                Ok(items) => Ok(items),
                Err(Rejection::Problems(_)) => return None,
                Err(Rejection::Broken(message)) => Err(RowError::Validator(message)),
            },
            (_, Some(failure)) => Err(failure),
            (None, None) => return None,
        };
        let items = match incomplete.clone() {
            Some(json) => validator.validate(json).await.ok(),
            None => None,
        };
        Some(Self {
            result,
            incomplete: items,
            reply,
            incomplete_reply: incomplete,
            model,
            calls,
            errors,
            sources,
            repairs,
            from_journal: false,
        })
    }
}

impl Step {
    /// Replays the completion from the cache, or makes the attempts and caches their result.
    pub(in crate::run) async fn ask<V: Validate>(
        &self,
        models: &ModelChain,
        question: &Prompt,
        validator: &V,
    ) -> Completion<V::Output> {
        let Some(cache) = &self.context.cache else {
            return ask(self, models, &question.messages, validator).await;
        };
        let key = question.key(models);
        match cache.find(key).await {
            Ok(Some(record)) => {
                if let Some(answer) = Completion::replay(record, validator).await {
                    return answer;
                }
            }
            Ok(None) => {}
            Err(error) => self.context.warn(error),
        }
        let answer = ask(self, models, &question.messages, validator).await;
        // The key names the first model, so that a reply of a fallback must not be cached under it.
        let is_own = answer.model.as_ref() == Some(&models.first.0.name);
        if is_own && let Err(error) = cache.keep(key, answer.record()).await {
            self.context.warn(error);
        }
        answer
    }
}

/// Replays the plan of an earlier run with the same query, columns, sample and planning model, or
/// runs `ask` and journals its plan before it is used.
///
/// # Errors
/// The error of `ask`, or [`Error::Journal`]: the journal can't be read or written.
pub(in crate::run) async fn planned<M: ModelFactory>(
    operation: &Step,
    model_factory: &M,
    question: &impl Serialize,
    query: &str,
    ask: impl Future<Output = Result<Plans<M>>>,
) -> Result<Plans<M>> {
    let Some(journal) = &operation.context.journal else { return ask.await };
    let client = &operation.client;
    let key = hash(&(VERSION, question, client.provider.address(), &client.model, &client.options));
    if let Some(kept) = journal.plan(&key).await.map_err(Error::Journal)?
        && let Some(plan) = read(kept.plan)
    {
        match model_factory.target(&plan).await {
            Ok(target) => return Ok((Planned { plan, target }, kept.calls)),
            Err(Rejection::Problems(_)) => {}
            Err(Rejection::Broken(message)) => {
                let failure = RowError::Validator(message);
                return Err(Error::Plan { failure, calls: Vec::new() });
            }
        }
    }
    let (planned, calls) = ask.await?;
    let plan = json!(planned.plan);
    journal.keep_plan(&key, query, &client.name, &plan, &calls).await.map_err(Error::Journal)?;
    Ok((planned, calls))
}

/// Reads a stored plan; `None` if this version can't use it.
fn read(kept: Value) -> Option<Plan> {
    let plan: Plan = serde_json::from_value(kept).ok()?;
    // Stored types are text; `normalise` parses them.
    Some(Plan { schema: plan.schema.normalise().ok()?, ..plan })
}

/// A plan with its target, and one usage entry for each request.
type Plans<M> = (Planned<<M as ModelFactory>::Target>, Vec<Usage>);

/// One operation in the journal.
pub(in crate::run) struct JournalSession {
    journal: Journal,
    operation: i64,
    /// How often each key has occurred so far, by hash: equal rows are stored separately.
    asked: Mutex<HashMap<u64, u32>>,
}

impl JournalSession {
    /// Begins or resumes the operation; `None` if the call has no journal.
    ///
    /// # Errors
    /// [`Error::Journal`]: the journal can't be written.
    pub async fn open<T: Target>(
        context: &RunContext,
        target: &T,
        source: &str,
        query: &str,
        client: &Client,
    ) -> Result<Option<Self>> {
        let Some(journal) = context.journal.clone() else { return Ok(None) };
        let operation = journal
            .begin(&journal::JournaledStep {
                key: operation_key(target, source, query, client),
                source: source.to_owned(),
                query: query.to_owned(),
                model: client.name.to_string(),
                target: target.name().to_owned(),
                schema: target.schema().clone(),
            })
            .await
            .map_err(Error::Journal)?;
        Ok(Some(Self { journal, operation, asked: Mutex::default() }))
    }

    /// How often `key` has occurred before in this session.
    fn occurrence(&self, key: &str) -> u32 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(hasher.finish()).or_default();
        *count += 1;
        *count - 1
    }

    /// Replays the completion of an earlier run, or runs `ask` and journals its completion before
    /// returning it. If the journal fails, the call is stopped.
    pub async fn answer<T: Target>(
        &self,
        context: &RunContext,
        target: &T,
        position: usize,
        key: String,
        ask: impl Future<Output = Completion<Vec<T::Item>>>,
    ) -> Completion<Vec<T::Item>> {
        let occurrence = self.occurrence(&key);
        match self.journal.find(&key, occurrence).await {
            Ok(Some(record)) => {
                if let Some(answer) = Completion::replay(record, target).await {
                    return Completion { from_journal: true, ..answer };
                }
            }
            Ok(None) => {}
            Err(error) => drop(context.stop(StopReason::Journal(error))),
        }
        let answer = ask.await;
        if matches!(&answer.result, Err(RowError::Stopped(_))) && answer.calls.is_empty() {
            return answer;
        }
        let row = journal::Row {
            operation: self.operation,
            key,
            occurrence,
            position,
            is_final: answer.is_final(),
            record: answer.record(),
        };
        if let Err(error) = self.journal.keep(row).await {
            context.warn(error.clone());
            context.stop(StopReason::Journal(error));
        }
        answer
    }

    /// Records that all rows of the operation have ended.
    pub async fn end(&self, context: &RunContext, rows: usize) {
        if let Err(error) = self.journal.end(self.operation, rows).await {
            context.warn(error);
        }
    }
}

impl<T> Completion<T> {
    /// Whether a later run should reuse it: a result, or a failure caused by the model's reply.
    /// Other failures cost almost nothing and do not depend on the row.
    fn is_final(&self) -> bool {
        self.result.as_ref().err().is_none_or(RowError::is_final)
    }
}
