//! The whole of one extraction: source in, outcomes out.

use std::sync::Arc;

use futures_util::StreamExt;

use crate::documents::Content;
use crate::error::Result;
use crate::llm::{Image, Usage};
use crate::table::Row;

use super::{Modeller, Operation, Outcome, Planned, Target};

/// The samples that a plan is made from hold no more characters than this; a small model reads
/// slowly, and takes more for more to plan.
pub const SAMPLE_CHARACTERS: usize = 4_000;
const SMALL_SAMPLE_CHARACTERS: usize = 600;
/// And of no more pages as images than this.
const SAMPLE_PAGES: usize = 3;

/// What an extraction gave: one outcome for each row, in the order of the source.
#[derive(Debug)]
pub struct Extraction<T: Target> {
    pub target: T,
    /// One entry for each planning request; empty where the caller gave the target.
    pub planning: Vec<Usage>,
    pub outcomes: Vec<Outcome<T::Item>>,
    /// What became of the pages that are to be seen.
    pub warnings: Vec<String>,
}

/// Extracts what `query` asks for from every row of `content`, into `target` or, without one, into
/// a target planned with one request.
///
/// # Errors
/// [`Error::Plan`](crate::Error::Plan): the planning request failed for good.
/// [`Error::Schema`](crate::Error::Schema): a provider can't be asked for the schema.
/// [`Error::File`](crate::Error::File): there is nothing that the models can read.
/// A row that fails is an outcome, not an error.
pub async fn extract<M: Modeller>(
    planner: &Operation,
    extractor: &Operation,
    modeller: &M,
    content: &Arc<Content>,
    query: &str,
    target: Option<M::Target>,
) -> Result<Extraction<M::Target>> {
    let all = content.columns();
    if let (None, Content::Document(document)) = (&target, &**content) {
        planner.wanted(document)?;
    }
    let shown = extractor.show(content, usize::MAX).await?;
    let (target, columns, planning) = if let Some(target) = target {
        (target, all.to_vec(), Vec::new())
    } else {
        let images = if planner.sees(content) { shown.first(SAMPLE_PAGES) } else { &[] };
        let planned = plan_shown(planner, modeller, content, images, query).await?;
        let (Planned { plan, target }, calls) = planned;
        (target, plan.target_columns, calls)
    };
    let rows = content.rows(&columns).map(|row| Row { images: shown.images.clone(), ..row });
    let stream = extractor.rows(&target, query, rows)?;
    let mut outcomes: Vec<_> = stream.collect().await;
    outcomes.sort_unstable_by_key(|outcome| outcome.position);
    Ok(Extraction { target, planning, outcomes, warnings: shown.warnings })
}

/// Plans the extraction of what `query` asks for from `content`, without extracting: the plan with
/// its target, and one entry for each request.
///
/// # Errors
/// [`Error::Plan`](crate::Error::Plan): the planning request failed for good.
/// [`Error::File`](crate::Error::File): there is nothing that the model can read.
pub async fn plan<M: Modeller>(
    planner: &Operation,
    modeller: &M,
    content: &Arc<Content>,
    query: &str,
) -> Result<(Planned<M::Target>, Vec<Usage>)> {
    let shown = planner.show(content, SAMPLE_PAGES).await?;
    plan_shown(planner, modeller, content, &shown.images, query).await
}

async fn plan_shown<M: Modeller>(
    planner: &Operation,
    modeller: &M,
    content: &Content,
    images: &[Image],
    query: &str,
) -> Result<(Planned<M::Target>, Vec<Usage>)> {
    let nested = planner.provider.plans_nested();
    let characters = if nested { SAMPLE_CHARACTERS } else { SMALL_SAMPLE_CHARACTERS };
    let sample = content.sample(characters).into();
    let _permit = planner.permits.acquire().await;
    planner.plan(modeller, query, content.columns(), sample, images).await?.planned()
}
