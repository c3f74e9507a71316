//! Runs one extraction: source in, row outcomes out.

use std::future::ready;
use std::sync::{Arc, Mutex};

use futures_util::stream::{self, Stream, StreamExt};
use structx_common::sync::lock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::llm::Usage;

use super::error::{Error, Result};
use super::model_chain::ModelChain;
use super::row::{self, Row};
use super::sample::{SAMPLE_PAGES, SAMPLE_SOURCES, Sample};
use super::source::{AskedSource, AskedSources, First, Sources, Unread};
use super::step::{RowOutcome, Step};
use super::store::replay::{self, JournalSession};
use super::target::{ModelFactory, Planned, Target};

/// The name of several sources in the journal.
const SEVERAL: &str = "several sources";

/// The result of an extraction: one outcome for each row, in the order of the sources.
#[derive(Debug)]
pub struct Extraction<T: Target> {
    pub target: T,
    /// One entry for each planning request; empty if the caller gave the target.
    pub planning: Vec<Usage>,
    pub outcomes: Vec<RowOutcome<T::Item>>,
    /// Of readers, about pages that need vision, models without schema enforcement, the cache and the
    /// journal.
    pub warnings: Vec<String>,
    /// Why there are no more sources, if that is an error.
    pub failure: Option<Error>,
}

/// An extraction that is planned but has sent no request for a row yet.
pub struct PreparedExtraction<T: Target> {
    pub target: T,
    /// One entry for each planning request; empty if the caller gave the target.
    pub planning: Vec<Usage>,
    /// Of the reader, about pages that need vision, and models without schema enforcement. Those about
    /// one of several sources are given once its rows are: see
    /// [`take_warnings`](super::RunContext::take_warnings).
    pub warnings: Vec<String>,
    /// The columns of tables that the plan knew and did not choose.
    left_out: Vec<String>,
    sources: Mutex<Option<AskedSources>>,
    are_several: bool,
    failure: Mutex<Option<Error>>,
    models: ModelChain,
    journal_session: Option<JournalSession>,
}

/// An outcome that the caller has yet to take. It occupies a slot of the output buffer until it is
/// dropped.
pub struct PendingOutcome<I> {
    pub outcome: RowOutcome<I>,
    _room: Option<OwnedSemaphorePermit>,
}

/// A row of a source, or the only one of a source that can't be read.
enum Task {
    Row(Row),
    Unread(usize, Unread),
}

/// Extracts the items that `query` describes from every row of the sources. Without a `target`, one
/// is planned first.
///
/// # Errors
/// The errors of [`start`]. A row that fails is an outcome, not an error.
pub async fn extract<M: ModelFactory>(
    planner: &Step,
    extractor: &Step,
    model_factory: &M,
    sources: impl Into<Sources>,
    query: &str,
    target: Option<M::Target>,
) -> Result<Extraction<M::Target>> {
    let prepared = start(planner, extractor, model_factory, sources, query, target).await?;
    let pending = prepared.outcomes(extractor, query, Semaphore::MAX_PERMITS);
    let mut outcomes: Vec<_> = pending.map(|pending| pending.outcome).collect().await;
    let failure = prepared.end(extractor, outcomes.len()).await.err();
    outcomes.sort_unstable_by_key(|outcome| outcome.position);
    let PreparedExtraction { target, planning, mut warnings, .. } = prepared;
    warnings.extend(extractor.context.take_warnings());
    Ok(Extraction { target, planning, outcomes, warnings, failure })
}

/// Prepares an extraction: plans it from the first sources unless there is a target, and compiles the
/// schema for every model.
///
/// # Errors
/// [`Error::Plan`](crate::Error::Plan): planning failed permanently.
/// [`Error::Schema`](crate::Error::Schema): the schema can't be compiled for a model.
/// [`Error::File`](crate::Error::File): no source has anything that the models can read.
/// [`Error::Sources`](crate::Error::Sources): there is no first source.
/// [`Error::Journal`](crate::Error::Journal): the journal can't be read or written.
pub async fn start<M: ModelFactory>(
    planner: &Step,
    extractor: &Step,
    model_factory: &M,
    sources: impl Into<Sources>,
    query: &str,
    target: Option<M::Target>,
) -> Result<PreparedExtraction<M::Target>> {
    let sources = sources.into();
    let are_several = sources.are_several();
    let mut sources = sources.asked(extractor, usize::MAX);
    let most = if target.is_some() { 1 } else { SAMPLE_SOURCES };
    let is_planned = target.is_none();
    let mut first = First::take(&mut sources, most, |source| {
        if is_planned { planner.can_plan_from(&source.content) } else { Ok(()) }
    })
    .await?;
    let (target, left_out, planning) = if let Some(target) = target {
        (target, Vec::new(), Vec::new())
    } else {
        let sample = first.sample(planner, are_several)?;
        let (Planned { plan, target }, calls) =
            plan_with(planner, model_factory, &sample, query).await?;
        (target, left_out(sample.columns, &plan.target_columns), calls)
    };
    let models = extractor.models(|client| target.reply_schema(client))?;
    let one = first.taken.iter().find_map(|source| source.as_ref().ok()).filter(|_| !are_several);
    let name = one.map_or(SEVERAL, |source| source.content.name());
    let of_source = one.map_or(Vec::new(), |source| source.warnings.clone());
    let warnings = [of_source, models.warnings()].concat();
    let (context, client) = (&extractor.context, &extractor.client);
    let journal_session = JournalSession::open(context, &target, name, query, client).await?;
    Ok(PreparedExtraction {
        target,
        planning,
        warnings,
        left_out,
        sources: Mutex::new(Some(first.and(sources))),
        are_several,
        failure: Mutex::default(),
        models,
        journal_session,
    })
}

/// The columns that a plan did not choose; none if it chose none.
fn left_out(mut known: Vec<String>, chosen: &[String]) -> Vec<String> {
    known.retain(|column| !chosen.is_empty() && !chosen.contains(column));
    known
}

impl<T: Target> PreparedExtraction<T> {
    /// Processes the rows, `concurrency` at a time, and yields outcomes as rows end. At most `room`
    /// rows are in flight or yielded and not yet dropped; sources are read no further ahead than these
    /// rows need. Dropping the stream aborts the requests in flight. Works once.
    pub fn outcomes<'a>(
        &'a self,
        extractor: &'a Step,
        query: &'a str,
        room: usize,
    ) -> impl Stream<Item = PendingOutcome<T::Item>> + Send + 'a {
        let sources = lock(&self.sources).take().unwrap_or_else(|| Box::pin(stream::empty()));
        let room = Arc::new(Semaphore::new(room));
        sources
            .scan(0, move |next, source| {
                let tasks = match source {
                    Ok(source) => Some(stream::iter(self.tasks(extractor, source, next))),
                    Err(failure) => {
                        *lock(&self.failure) = Some(failure);
                        None
                    }
                };
                ready(tasks)
            })
            .flatten()
            .map(move |task| {
                let room = room.clone();
                async move {
                    let room = room.acquire_owned().await.ok();
                    PendingOutcome {
                        outcome: self.ended(extractor, query, task).await,
                        _room: room,
                    }
                }
            })
            .buffer_unordered(extractor.concurrency)
    }

    /// The rows of a source, the first one at position `next`, which becomes that of the source after it.
    fn tasks(
        &self,
        extractor: &Step,
        source: Result<AskedSource, Unread>,
        next: &mut usize,
    ) -> Box<dyn Iterator<Item = Task> + Send> {
        let (first, context) = (*next, &extractor.context);
        let count = source.as_ref().map_or(1, |source| source.content.row_count());
        *next += count;
        if let Some(observer) = &context.observer {
            observer.rows(count);
            if count == 0 {
                observer.source();
            }
        }
        match source {
            Ok(source) => {
                if self.are_several {
                    source.warn(context);
                }
                let rows = row::rows(&Arc::new(source), first, &self.left_out);
                Box::new(rows.map(Task::Row))
            }
            Err(unread) => Box::new(std::iter::once(Task::Unread(first, unread))),
        }
    }

    async fn ended(&self, extractor: &Step, query: &str, task: Task) -> RowOutcome<T::Item> {
        match task {
            Task::Row(row) => {
                let (models, session) = (&self.models, self.journal_session.as_ref());
                extractor.row(&self.target, query, models, session, row).await
            }
            Task::Unread(position, unread) => {
                let outcome = RowOutcome::of_unread(position, unread);
                extractor.ended(&outcome, None, true);
                outcome
            }
        }
    }

    /// Records in the journal that all `rows` rows have ended.
    ///
    /// # Errors
    /// What ended the sources, if that is an error.
    pub async fn end(&self, extractor: &Step, rows: usize) -> Result<()> {
        if let Some(failure) = lock(&self.failure).take() {
            return Err(failure);
        }
        if let Some(session) = &self.journal_session {
            session.end(&extractor.context, rows).await;
        }
        Ok(())
    }
}

/// Plans an extraction without running it: the plan with its target, and one usage entry for each
/// request.
///
/// # Errors
/// [`Error::Plan`](crate::Error::Plan): planning failed permanently.
/// [`Error::File`](crate::Error::File): no source has anything that the model can read.
/// [`Error::Sources`](crate::Error::Sources): there is no first source.
pub async fn plan<M: ModelFactory>(
    planner: &Step,
    model_factory: &M,
    sources: impl Into<Sources>,
    query: &str,
) -> Result<(Planned<M::Target>, Vec<Usage>)> {
    let sources = sources.into();
    let are_several = sources.are_several();
    let mut sources = sources.asked(planner, SAMPLE_PAGES);
    let mut first = First::take(&mut sources, SAMPLE_SOURCES, |_| Ok(())).await?;
    let sample = first.sample(planner, are_several)?;
    plan_with(planner, model_factory, &sample, query).await
}

async fn plan_with<M: ModelFactory>(
    planner: &Step,
    model_factory: &M,
    sample: &Sample,
    query: &str,
) -> Result<(Planned<M::Target>, Vec<Usage>)> {
    let _permit = planner.context.permit().await;
    let planning = async { planner.plan(model_factory, query, sample).await?.planned() };
    let (context, client) = (&planner.context, &planner.client);
    replay::planned(context, client, model_factory, &sample.made_from(query), query, planning).await
}

#[cfg(test)]
mod tests;
