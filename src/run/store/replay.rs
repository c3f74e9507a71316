//! Answers that were given before: in the journal of an operation, in the cache of all.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::llm::Provider;
use crate::llm::{Message, Usage};
use crate::planning::plan::Plan;
use structx_common::canonical;

use super::journal::{self, Journal};
use super::record::Record;
use crate::run::attempts::{Completion, ModelChain, RowError, ask};
use crate::run::client::Client;
use crate::run::context::{RunContext, StopReason};
use crate::run::{ModelFactory, Planned, Rejection, Step, Target, Validate};

/// Raised whenever an answer of an earlier version does not answer today's question: other words of
/// a prompt, another schema or another reading of the reply under the same request. No part of it is
/// the version of the package, so that an update does not pay for anything twice.
const VERSION: u32 = 1;

/// What a model is asked, and its name in a journal and a cache, which is made once.
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
    /// Names the question that `messages` are to the first model: the canonical hash of its request.
    fn key(&self, messages: &[Message]) -> String {
        let (client, schema) = &self.first;
        let request = client.request(messages.to_vec(), schema);
        let words = (&request.model, &request.messages, &request.options);
        hash(&(VERSION, client.provider.address(), self.first_schema(), words))
    }

    /// The hash of the first model's schema, which is large and the same for all rows.
    fn first_schema(&self) -> &str {
        self.schema_hash.get_or_init(|| hash(&self.first.1))
    }
}

/// The name of plain data; of what can't be written as JSON, which is none of ours, of nothing.
pub(in crate::run) fn hash<T: Serialize>(data: &T) -> String {
    canonical::hash(data).unwrap_or_default()
}

/// Names an operation: whatever else differs, its rows are asked the same.
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

    /// The answer that was kept; None where the validator does not take it any more. A validator that
    /// is broken fails it, and is no reason to ask again.
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
    /// Asks, unless the cache has the answer.
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
        // What another model has answered is not what this one would.
        let is_own = answer.model.as_ref() == Some(&models.first.0.name);
        if is_own && let Err(error) = cache.keep(key, answer.record()).await {
            self.context.warn(error);
        }
        answer
    }
}

/// The plan of an earlier run with the same query, columns, sample and planning model; else that of
/// `ask`, which is kept before it is used.
///
/// # Errors
/// That of `ask`, and [`Error::Journal`]: it can't be read or written.
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

/// None where this version has no such plans any more.
fn read(kept: Value) -> Option<Plan> {
    let plan: Plan = serde_json::from_value(kept).ok()?;
    // Types are written as words alone.
    Some(Plan { schema: plan.schema.normalise().ok()?, ..plan })
}

/// A plan with its target, and one entry for each request.
type Plans<M> = (Planned<<M as ModelFactory>::Target>, Vec<Usage>);

/// The journal of one operation.
pub(in crate::run) struct JournalSession {
    journal: Journal,
    operation: i64,
    /// How often each question was asked so far, by its key: rows that are the same are kept each.
    asked: Mutex<HashMap<u64, u32>>,
}

impl JournalSession {
    /// # Errors
    /// [`Error::Journal`]: it can't be written.
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

    /// How often the question was asked before in this operation.
    fn occurrence(&self, key: &str) -> u32 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(hasher.finish()).or_default();
        *count += 1;
        *count - 1
    }

    /// The answer of an earlier run, else that of `ask`, which is kept before it is given.
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

    /// Notes that all rows of the operation have ended.
    pub async fn end(&self, context: &RunContext, rows: usize) {
        if let Err(error) = self.journal.end(self.operation, rows).await {
            context.warn(error);
        }
    }
}

impl<T> Completion<T> {
    /// Whether asking again would give the same, for the same money: a result, or a failure in what
    /// the model said. All other failures cost next to nothing, and say nothing of the row.
    fn is_final(&self) -> bool {
        self.result.as_ref().err().is_none_or(RowError::is_final)
    }
}
