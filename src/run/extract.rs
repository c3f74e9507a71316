//! Runs one extraction: source in, row outcomes out.

use std::pin::pin;
use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::documents::Content;
use crate::llm::{File, Image, Usage};

use super::error::Result;
use super::model_chain::ModelChain;
use super::row::{self, Row};
use super::step::{RowOutcome, Step};
use super::store::replay::{self, JournalSession};
use super::target::{ModelFactory, Planned, Target};
use super::visual_input::VisualInput;

/// The most characters in the sample for planning; chosen by hand, not measured.
pub const SAMPLE_CHARACTERS: usize = 4_000;
/// The same for models that plan flat definitions: they read slowly, and plan needless fields from
/// a longer sample. Chosen by hand, not measured.
pub(super) const SMALL_SAMPLE_CHARACTERS: usize = 600;
/// The most page images in the sample for planning; chosen by hand, not measured.
pub(super) const SAMPLE_PAGES: usize = 3;

/// The result of an extraction: one outcome for each row, in the order of the source.
#[derive(Debug)]
pub struct Extraction<T: Target> {
    pub target: T,
    /// One entry for each planning request; empty if the caller gave the target.
    pub planning: Vec<Usage>,
    pub outcomes: Vec<RowOutcome<T::Item>>,
    /// About pages that need vision, models without schema enforcement, the cache and the journal.
    pub warnings: Vec<String>,
}

/// An extraction that is planned but has sent no request for a row yet.
pub struct PreparedExtraction<T: Target> {
    pub target: T,
    /// One entry for each planning request; empty if the caller gave the target.
    pub planning: Vec<Usage>,
    /// About pages that need vision, and models without schema enforcement.
    pub warnings: Vec<String>,
    columns: Vec<String>,
    images: Arc<[Image]>,
    file: Option<File>,
    models: ModelChain,
    journal_session: Option<JournalSession>,
}

/// An outcome that the caller has yet to take. It occupies a slot of the output buffer until it is
/// dropped.
pub struct PendingOutcome<I> {
    pub outcome: RowOutcome<I>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Extracts the items that `query` describes from every row of `content`. Without a `target`, one
/// is planned first.
///
/// # Errors
/// The errors of [`start`]. A row that fails is an outcome, not an error.
pub async fn extract<M: ModelFactory>(
    planner: &Step,
    extractor: &Step,
    model_factory: &M,
    content: &Arc<Content>,
    query: &str,
    target: Option<M::Target>,
) -> Result<Extraction<M::Target>> {
    let prepared = start(planner, extractor, model_factory, content, query, target).await?;
    // At once, as a list that grows is copied, and there may be a million rows.
    let mut outcomes = Vec::with_capacity(content.row_count());
    {
        let room = Semaphore::MAX_PERMITS;
        let mut pending = pin!(prepared.outcomes(extractor, content, query, room));
        while let Some(pending) = pending.next().await {
            outcomes.push(pending.outcome);
        }
    }
    prepared.end(extractor, outcomes.len()).await;
    outcomes.sort_unstable_by_key(|outcome| outcome.position);
    let PreparedExtraction { target, planning, mut warnings, .. } = prepared;
    warnings.extend(extractor.context.take_warnings());
    Ok(Extraction { target, planning, outcomes, warnings })
}

/// Prepares an extraction: plans it unless there is a target, and compiles the schema for every
/// model.
///
/// # Errors
/// [`Error::Plan`](crate::Error::Plan): planning failed permanently.
/// [`Error::Schema`](crate::Error::Schema): the schema can't be compiled for a model.
/// [`Error::File`](crate::Error::File): the source has nothing that the models can read.
/// [`Error::Journal`](crate::Error::Journal): the journal can't be read or written.
pub async fn start<M: ModelFactory>(
    planner: &Step,
    extractor: &Step,
    model_factory: &M,
    content: &Arc<Content>,
    query: &str,
    target: Option<M::Target>,
) -> Result<PreparedExtraction<M::Target>> {
    if let (None, Content::Document(document)) = (&target, &**content) {
        planner.visual_pages(document)?;
    }
    let visual_input = extractor.visual_input(content, usize::MAX).await?;
    let (target, columns, planning) = if let Some(target) = target {
        (target, content.columns().to_vec(), Vec::new())
    } else {
        let images =
            if planner.accepts_images_of(content) { visual_input.first(SAMPLE_PAGES) } else { &[] };
        let file = visual_input.file.as_ref().filter(|file| planner.accepts_file(file));
        let planned = plan_with(planner, model_factory, content, images, file, query).await?;
        let (Planned { plan, target }, calls) = planned;
        (target, plan.target_columns, calls)
    };
    let models = extractor.models(|client| target.reply_schema(client))?;
    let warnings = [visual_input.warnings, models.warnings()].concat();
    let (context, client) = (&extractor.context, &extractor.client);
    let journal_session =
        JournalSession::open(context, &target, content.name(), query, client).await?;
    let VisualInput { images, file, .. } = visual_input;
    Ok(PreparedExtraction {
        target,
        planning,
        warnings,
        columns,
        images,
        file,
        models,
        journal_session,
    })
}

impl<T: Target> PreparedExtraction<T> {
    /// Processes the rows, `concurrency` at a time, and yields outcomes as rows end. At most `room`
    /// rows are in flight or yielded and not yet dropped. Dropping the stream aborts the requests
    /// in flight.
    pub fn outcomes<'a>(
        &'a self,
        extractor: &'a Step,
        content: &'a Content,
        query: &'a str,
        room: usize,
    ) -> impl Stream<Item = PendingOutcome<T::Item>> + Send + 'a {
        if let Some(observer) = &extractor.context.observer {
            observer.rows(content.row_count());
        }
        let keeps_replies = extractor.context.keeps_evidence(content);
        let room = Arc::new(Semaphore::new(room));
        let rows = row::rows(content, &self.columns);
        let with_visual_input =
            |row| Row { images: self.images.clone(), file: self.file.clone(), ..row };
        stream::iter(rows.map(with_visual_input))
            .map(move |row| {
                let room = room.clone();
                async move {
                    let room = room.acquire_owned().await.ok();
                    let (models, session) = (&self.models, self.journal_session.as_ref());
                    let row = extractor.row(&self.target, query, models, session, content, row);
                    let mut outcome = row.await;
                    if !keeps_replies {
                        outcome.reply = None;
                    }
                    PendingOutcome { outcome, _room: room }
                }
            })
            .buffer_unordered(extractor.concurrency)
    }

    /// Records in the journal that all `rows` rows have ended.
    pub async fn end(&self, extractor: &Step, rows: usize) {
        if let Some(session) = &self.journal_session {
            session.end(&extractor.context, rows).await;
        }
    }
}

/// Plans an extraction without running it: the plan with its target, and one usage entry for each
/// request.
///
/// # Errors
/// [`Error::Plan`](crate::Error::Plan): planning failed permanently.
/// [`Error::File`](crate::Error::File): the source has nothing that the model can read.
pub async fn plan<M: ModelFactory>(
    planner: &Step,
    model_factory: &M,
    content: &Arc<Content>,
    query: &str,
) -> Result<(Planned<M::Target>, Vec<Usage>)> {
    let visual_input = planner.visual_input(content, SAMPLE_PAGES).await?;
    plan_with(
        planner,
        model_factory,
        content,
        &visual_input.images,
        visual_input.file.as_ref(),
        query,
    )
    .await
}

async fn plan_with<M: ModelFactory>(
    planner: &Step,
    model_factory: &M,
    content: &Content,
    images: &[Image],
    file: Option<&File>,
    query: &str,
) -> Result<(Planned<M::Target>, Vec<Usage>)> {
    let nested = planner.plans_nested();
    let characters = if nested { SAMPLE_CHARACTERS } else { SMALL_SAMPLE_CHARACTERS };
    let sample: Arc<str> = content.sample(characters).into();
    let columns = content.columns();
    let _permit = planner.context.permit().await;
    let made_from = (query, columns, sample.clone(), images, file);
    let planning = async {
        planner.plan(model_factory, query, columns, sample, images, file).await?.planned()
    };
    let (context, client) = (&planner.context, &planner.client);
    replay::planned(context, client, model_factory, &made_from, query, planning).await
}

#[cfg(test)]
mod tests;
