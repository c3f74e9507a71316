//! The whole of one extraction: source in, outcomes out.

use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::documents::Content;
use crate::error::Result;
use crate::llm::{File, Image, Usage};
use crate::run::Row;

use super::attempts::ModelChain;
use super::row;
use super::store::replay::{self, JournalSession};
use super::visual_input::VisualInput;
use super::{ModelFactory, Planned, RowOutcome, Step, Target};

/// The samples that a plan is made from hold no more characters than this; a small model reads
/// slowly, and takes more for more to plan.
pub const SAMPLE_CHARACTERS: usize = 4_000;
pub(super) const SMALL_SAMPLE_CHARACTERS: usize = 600;
/// And of no more pages as images than this.
pub(super) const SAMPLE_PAGES: usize = 3;

/// What an extraction gave: one outcome for each row, in the order of the source.
#[derive(Debug)]
pub struct Extraction<T: Target> {
    pub target: T,
    /// One entry for each planning request; empty where the caller gave the target.
    pub planning: Vec<Usage>,
    pub outcomes: Vec<RowOutcome<T::Item>>,
    /// What became of the pages that are to be seen, and which models are not held to the schema.
    pub warnings: Vec<String>,
}

/// An extraction that is planned, and of which no row is asked yet.
pub struct PreparedExtraction<T: Target> {
    pub target: T,
    /// As in [`Extraction`].
    pub planning: Vec<Usage>,
    /// As in [`Extraction`].
    pub warnings: Vec<String>,
    columns: Vec<String>,
    images: Arc<[Image]>,
    file: Option<File>,
    models: ModelChain,
    book: Option<JournalSession>,
}

/// An outcome that waits to be taken, and takes room as long.
pub struct PendingOutcome<I> {
    pub outcome: RowOutcome<I>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Extracts what `query` asks for from every row of `content`, into `target` or, without one, into
/// a target planned with one request.
///
/// # Errors
/// Those of [`start`]. A row that fails is an outcome, not an error.
pub async fn extract<M: ModelFactory>(
    planner: &Step,
    extractor: &Step,
    model_factory: &M,
    content: &Arc<Content>,
    query: &str,
    target: Option<M::Target>,
) -> Result<Extraction<M::Target>> {
    let started = start(planner, extractor, model_factory, content, query, target).await?;
    let ready = started.outcomes(extractor, content, query, Semaphore::MAX_PERMITS);
    let mut outcomes: Vec<_> = ready.map(|ready| ready.outcome).collect().await;
    started.end(extractor, outcomes.len()).await;
    outcomes.sort_unstable_by_key(|outcome| outcome.position);
    let PreparedExtraction { target, planning, mut warnings, .. } = started;
    warnings.extend(extractor.context.take_warnings());
    Ok(Extraction { target, planning, outcomes, warnings })
}

/// Plans the extraction unless there is a target, and compiles its schema for every model.
///
/// # Errors
/// [`Error::Plan`](crate::Error::Plan): the planning request failed for good.
/// [`Error::Schema`](crate::Error::Schema): a model can't be asked for the schema.
/// [`Error::File`](crate::Error::File): there is nothing that the models can read.
/// [`Error::Journal`](crate::Error::Journal): it can't be read or written.
pub async fn start<M: ModelFactory>(
    planner: &Step,
    extractor: &Step,
    model_factory: &M,
    content: &Arc<Content>,
    query: &str,
    target: Option<M::Target>,
) -> Result<PreparedExtraction<M::Target>> {
    if let (None, Content::Document(document)) = (&target, &**content) {
        planner.wanted(document)?;
    }
    let shown = extractor.show(content, usize::MAX).await?;
    let (target, columns, planning) = if let Some(target) = target {
        (target, content.columns().to_vec(), Vec::new())
    } else {
        let images = if planner.sees(content) { shown.first(SAMPLE_PAGES) } else { &[] };
        let file = shown.file.as_ref().filter(|file| planner.reads(file));
        let planned = plan_shown(planner, model_factory, content, images, file, query).await?;
        let (Planned { plan, target }, calls) = planned;
        (target, plan.target_columns, calls)
    };
    let models = extractor.models(|client| target.reply_schema(client))?;
    let warnings = [shown.warnings, models.warnings()].concat();
    let book =
        JournalSession::open(&extractor.context, &target, content.name(), query, &extractor.client)
            .await?;
    let VisualInput { images, file, .. } = shown;
    Ok(PreparedExtraction { target, planning, warnings, columns, images, file, models, book })
}

impl<T: Target> PreparedExtraction<T> {
    /// Asks for every row, `concurrency` at a time; outcomes come as rows end. No more than `room`
    /// of them are asked or wait to be taken. Dropping the stream aborts the requests under way.
    pub fn outcomes<'a>(
        &'a self,
        extractor: &'a Step,
        content: &'a Content,
        query: &'a str,
        room: usize,
    ) -> impl Stream<Item = PendingOutcome<T::Item>> + Send + 'a {
        if let Some(watch) = &extractor.context.watch {
            watch.rows(content.row_count());
        }
        let room = Arc::new(Semaphore::new(room));
        let rows = row::rows(content, &self.columns);
        let shown = |row| Row { images: self.images.clone(), file: self.file.clone(), ..row };
        let rows = rows.map(shown);
        stream::iter(rows)
            .map(move |row| {
                let room = room.clone();
                async move {
                    let room = room.acquire_owned().await.ok();
                    let (models, book) = (&self.models, self.book.as_ref());
                    let outcome = extractor.row(&self.target, query, models, book, row).await;
                    PendingOutcome { outcome, _room: room }
                }
            })
            .buffer_unordered(extractor.concurrency)
    }

    /// Is told that all of so many rows have ended.
    pub async fn end(&self, extractor: &Step, rows: usize) {
        if let Some(book) = &self.book {
            book.end(&extractor.context, rows).await;
        }
    }
}

/// Plans the extraction of what `query` asks for from `content`, without extracting: the plan with
/// its target, and one entry for each request.
///
/// # Errors
/// [`Error::Plan`](crate::Error::Plan): the planning request failed for good.
/// [`Error::File`](crate::Error::File): there is nothing that the model can read.
pub async fn plan<M: ModelFactory>(
    planner: &Step,
    model_factory: &M,
    content: &Arc<Content>,
    query: &str,
) -> Result<(Planned<M::Target>, Vec<Usage>)> {
    let shown = planner.show(content, SAMPLE_PAGES).await?;
    plan_shown(planner, model_factory, content, &shown.images, shown.file.as_ref(), query).await
}

async fn plan_shown<M: ModelFactory>(
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
    let question = (query, columns, sample.clone(), images, file);
    let ask = async {
        planner.plan(model_factory, query, columns, sample, images, file).await?.planned()
    };
    replay::planned(planner, model_factory, &question, query, ask).await
}
