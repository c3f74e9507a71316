//! Replays completions and plans from the journal and the cache instead of sending requests.
//!
//! Neither is a layer around a provider: they keep what the attempts for a prompt came to, never an
//! invalid reply on the way there.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

use serde::Serialize;
use serde_json::{Value, json};

use crate::llm::{Usage, cpu};
use crate::planning::plan::Plan;
use crate::run::attempts::Completion;
use crate::run::client::Client;
use crate::run::context::RunContext;
use crate::run::error::{Error, Result, RowError};
use crate::run::model_chain::ModelChain;
use crate::run::target::{ModelFactory, Planned, Rejection, Target, Validate};

use super::journal::{self, Journal};
use super::record::Record;
use super::request_key::{Prompt, operation_key, plan_key};
use structx_common::sync::lock;

impl<T> Completion<T> {
    /// The stored form of this completion.
    fn record(&self) -> Record {
        Record {
            reply: self.reply.clone(),
            incomplete: self.incomplete_reply.clone(),
            failure: self.result.as_ref().err().cloned(),
            model: self.model.clone(),
            calls: self.calls.clone(),
            errors: self.errors.clone(),
            repairs: self.repairs.clone(),
        }
    }

    /// Restores a stored completion; `None` if the validator no longer accepts it. If the validator
    /// itself fails, so does the completion: another request would not help.
    async fn replay<V>(record: Record, validator: &V) -> Option<Self>
    where
        V: Validate<Output = T>,
    {
        let Record { reply, incomplete, failure, model, calls, errors, repairs } = record;
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
            repairs,
            from_journal: false,
        })
    }

    /// Whether a later run should reuse it: a result, or a failure caused by the model's reply.
    /// Other failures cost almost nothing and do not depend on the row.
    fn is_final(&self) -> bool {
        self.result.as_ref().err().is_none_or(RowError::is_final)
    }
}

/// Replays the completion of `prompt` from the cache, or makes the attempts and caches their result.
pub async fn complete<V: Validate>(
    context: &RunContext,
    models: &ModelChain,
    prompt: &Prompt,
    validator: &V,
) -> Completion<V::Output> {
    // Boxed, since the futures of the callers hold it several times over.
    let complete = || Box::pin(models.complete(&prompt.messages, validator));
    let Some(cache) = &context.cache else { return complete().await };
    let key = prompt.key(models);
    match cache.find(key).await {
        Ok(Some(record)) => {
            if let Some(completion) = Completion::replay(record, validator).await {
                return completion;
            }
        }
        Ok(None) => {}
        Err(error) => context.warn(error),
    }
    let completion = complete().await;
    // The key names the first model, so that a reply of a fallback must not be cached under it.
    let is_own = completion.model.as_ref() == Some(&models.first.client.name);
    if is_own && let Err(error) = cache.keep(key, completion.record()).await {
        context.warn(error);
    }
    completion
}

/// A plan with its target, and one usage entry for each request.
type Planning<M> = (Planned<<M as ModelFactory>::Target>, Vec<Usage>);

/// Replays the plan of an earlier run that was made from the same data by the same model, or runs
/// `planning` and journals its plan before it is used.
///
/// # Errors
/// The error of `planning`, or [`Error::Journal`]: the journal can't be read or written.
pub async fn planned<M: ModelFactory>(
    context: &RunContext,
    client: &Client,
    model_factory: &M,
    made_from: &impl Serialize,
    query: &str,
    planning: impl Future<Output = Result<Planning<M>>>,
) -> Result<Planning<M>> {
    let Some(journal) = &context.journal else { return planning.await };
    // It may be made from images, however large; a call has one plan.
    let key = cpu::run(usize::MAX, || plan_key(made_from, client));
    if let Some(stored) = journal.plan(&key).await.map_err(Error::Journal)?
        && let Some(plan) = read_plan(stored.plan)
    {
        match model_factory.target(&plan).await {
            Ok(target) => return Ok((Planned { plan, target }, stored.calls)),
            Err(Rejection::Problems(_)) => {}
            Err(Rejection::Broken(message)) => {
                let failure = RowError::Validator(message);
                return Err(Error::Plan { failure, calls: Vec::new() });
            }
        }
    }
    let (planned, calls) = planning.await?;
    let (name, plan) = (&client.name, json!(planned.plan));
    journal.keep_plan(&key, query, name, &plan, &calls).await.map_err(Error::Journal)?;
    Ok((planned, calls))
}

/// Reads a stored plan; `None` if this version can't use it.
fn read_plan(stored: Value) -> Option<Plan> {
    let plan: Plan = serde_json::from_value(stored).ok()?;
    // Stored types are text; `normalise` parses them.
    Some(Plan { schema: plan.schema.normalise().ok()?, ..plan })
}

/// One operation in the journal.
pub struct JournalSession {
    journal: Journal,
    operation_id: i64,
    /// How often each key has occurred so far, by hash: equal rows are stored separately.
    occurrences: Mutex<HashMap<u64, u32>>,
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
        let operation_id = journal
            .begin(&journal::Operation {
                key: operation_key(target, source, query, client),
                source: source.to_owned(),
                query: query.to_owned(),
                model: client.name.to_string(),
                target: target.name().to_owned(),
                schema: target.schema().clone(),
            })
            .await
            .map_err(Error::Journal)?;
        Ok(Some(Self { journal, operation_id, occurrences: Mutex::default() }))
    }

    /// How often `key` has occurred before in this session.
    fn occurrence(&self, key: &str) -> u32 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let mut occurrences = lock(&self.occurrences);
        let count = occurrences.entry(hasher.finish()).or_default();
        *count += 1;
        *count - 1
    }

    /// Replays the completion of an earlier run, or awaits `completion` and journals it before
    /// returning it. If the journal fails, the call is stopped.
    pub async fn complete<V: Validate>(
        &self,
        context: &RunContext,
        validator: &V,
        position: usize,
        key: String,
        completion: impl Future<Output = Completion<V::Output>>,
    ) -> Completion<V::Output> {
        let occurrence = self.occurrence(&key);
        match self.journal.find(&key, occurrence).await {
            Ok(Some(record)) => {
                if let Some(completion) = Completion::replay(record, validator).await {
                    return Completion { from_journal: true, ..completion };
                }
            }
            Ok(None) => {}
            Err(error) => context.stop(error),
        }
        let completion = completion.await;
        let is_final = completion.is_final();
        if !is_final && completion.calls.is_empty() {
            // No request was sent: there is nothing to record.
            return completion;
        }
        let row = journal::Row {
            operation_id: self.operation_id,
            key,
            occurrence,
            position,
            is_final,
            record: completion.record(),
        };
        if let Err(error) = self.journal.keep(row).await {
            context.warn(error.clone());
            context.stop(error);
        }
        completion
    }

    /// Records that all rows of the operation have ended.
    pub async fn end(&self, context: &RunContext, rows: usize) {
        if let Err(error) = self.journal.end(self.operation_id, rows).await {
            context.warn(error);
        }
    }
}

#[cfg(test)]
mod tests;
