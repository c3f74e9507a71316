//! The run context: what all steps of one call share, that is permits, deadline, budget, journal,
//! cache and observer. Its layers are put around each model's provider here and nowhere else.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::documents::Content;
use crate::llm::layers::{
    Budget, Budgeted, FailFast, ModelState, Observed, Priced, RequestObserver, StopSignal,
    Stoppable, TimeLimit,
};
use crate::llm::rate_limit::RateLimited;
use crate::llm::retry::RetryPolicy;
use crate::llm::{LlmError, LlmErrorKind, Provider};
use structx_common::sync::lock;

use super::client::Client;
use super::error::{Error, Result};
use super::grounding::GroundingRule;
use super::source::SourceId;
use super::store::cache::Cache;
use super::store::journal::Journal;

/// The options of one call.
#[derive(Clone)]
pub struct RunOptions {
    /// Rows and plans processed at the same time.
    pub concurrency: usize,
    /// For the whole call, counted from [`RunContext::open`].
    pub deadline: Option<Duration>,
    /// In US dollars.
    pub max_cost: Option<f64>,
    /// Prompt and completion tokens together.
    pub max_tokens: Option<u64>,
    /// Whether a model gets no more requests after three errors in a row about its key, credit or
    /// name. Default: true.
    pub fail_fast: bool,
    /// Whether outcomes keep what their evidence is found with. Default: those of documents do, those
    /// of tables do not.
    pub evidence: Option<bool>,
    /// Which values must stand in the source.
    pub grounding: Option<GroundingRule>,
    /// The path of the journal.
    pub journal: Option<PathBuf>,
    pub cache: Option<Cache>,
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            concurrency: 0,
            deadline: None,
            max_cost: None,
            max_tokens: None,
            fail_fast: true,
            evidence: None,
            grounding: None,
            journal: None,
            cache: None,
            observer: None,
        }
    }
}

/// Receives the progress of a call: its requests, and its rows. Methods are called from any thread
/// and must not block.
pub trait Observer: RequestObserver {
    /// An extraction of `count` rows starts.
    fn rows(&self, count: usize);

    /// A row has ended.
    fn row(&self, event: &RowEvent<'_>);

    /// All rows of a source have ended.
    fn source(&self) {}
}

/// A row that has ended.
#[derive(Debug, Clone, Copy)]
pub struct RowEvent<'a> {
    pub row: AskedRow,
    pub source: &'a SourceId,
    /// The kind of its error; `None` if it has none.
    pub failure: Option<&'static str>,
    /// The caller's name of the model that gave the items.
    pub model: Option<&'a str>,
    pub from_journal: bool,
}

/// A row that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct AskedRow {
    /// The number among the rows of the call, those of other queries included.
    pub number: usize,
    pub position: usize,
    /// When it had its permit.
    pub begun: Instant,
}

tokio::task_local! {
    /// Set while a row is asked about: layers know nothing of rows, but their observers may.
    pub(super) static ASKED_ROW: AskedRow;
}

/// The row that the current task asks about; `None` for a plan.
#[must_use]
pub fn asked_row() -> Option<AskedRow> {
    ASKED_ROW.try_with(|row| *row).ok()
}

/// What all steps of one call share.
pub struct RunContext {
    permits: Semaphore,
    pub(super) deadline: Option<TimeLimit>,
    budget: Option<Arc<Budget>>,
    fail_fast: bool,
    evidence: Option<bool>,
    grounding: Option<GroundingRule>,
    pub(super) journal: Option<Journal>,
    pub(super) cache: Option<Cache>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    stop: Arc<StopSignal>,
    /// By the caller's names of the models.
    models: Mutex<HashMap<Arc<str>, Arc<ModelState>>>,
    warnings: Mutex<Vec<String>>,
    /// Rows that have begun.
    begun: AtomicUsize,
}

impl RunContext {
    /// Makes a context with the default options.
    #[must_use]
    pub fn new(concurrency: usize) -> Self {
        Self {
            permits: Semaphore::new(concurrency),
            deadline: None,
            budget: None,
            fail_fast: true,
            evidence: None,
            grounding: None,
            journal: None,
            cache: None,
            observer: None,
            stop: Arc::default(),
            models: Mutex::default(),
            warnings: Mutex::default(),
            begun: AtomicUsize::new(0),
        }
    }

    /// Makes a context with these options, and opens the journal if they name one.
    ///
    /// # Errors
    /// [`Error::Journal`]: the journal can't be opened.
    pub async fn open(options: RunOptions) -> Result<Self> {
        let deadline = options.deadline.and_then(TimeLimit::from_now);
        let journal = match options.journal {
            Some(path) => Some(Journal::open(&path).await.map_err(Error::Journal)?),
            None => None,
        };
        let (max_cost, max_tokens) = (options.max_cost, options.max_tokens);
        let budget = (max_cost.is_some() || max_tokens.is_some())
            .then(|| Arc::new(Budget::new(max_cost, max_tokens)));
        let RunOptions { concurrency, fail_fast, evidence, grounding, cache, observer, .. } =
            options;
        let new = Self::new(concurrency);
        Ok(Self {
            deadline,
            budget,
            fail_fast,
            evidence,
            grounding,
            journal,
            cache,
            observer,
            ..new
        })
    }

    /// Whether the outcomes of `content` keep what their evidence is found with.
    #[must_use]
    pub fn keeps_evidence(&self, content: &Content) -> bool {
        self.evidence.unwrap_or(matches!(content, Content::Document(_)))
    }

    pub(super) fn grounding_rule(&self) -> Option<&GroundingRule> {
        self.grounding.as_ref()
    }

    /// Waits for the permit that one row or plan holds until it ends.
    pub(super) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so this is always `Some`.
        self.permits.acquire().await.ok()
    }

    /// Counts a row that begins.
    pub(super) fn begin_row(&self, position: usize) -> AskedRow {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        AskedRow { number, position, begun: Instant::now() }
    }

    /// The provider of a model with the [layers](crate::llm::layers) of this call, but for
    /// `Deadline` and `Retried`: these are put around the attempts for one prompt.
    pub(super) fn layered(&self, client: &Client, policy: RetryPolicy) -> Arc<dyn Provider> {
        let state = self.model_state(&client.name);
        let stop = state.stop().clone();
        let observer = self.observer.clone().map(|observer| observer as Arc<dyn RequestObserver>);
        let provider = Priced::new(client.provider.clone(), client.price);
        let provider = Observed::new(provider, client.name.clone(), observer);
        let provider = FailFast::new(provider, self.fail_fast.then_some(state), policy);
        let provider = Stoppable::new(provider, stop.clone());
        let provider = RateLimited::new(provider, client.limiter.clone());
        let provider = Budgeted::new(provider, self.budget.clone(), client.price);
        Arc::new(Stoppable::new(provider, stop))
    }

    fn model_state(&self, name: &Arc<str>) -> Arc<ModelState> {
        let new = || Arc::new(ModelState::new(&self.stop));
        lock(&self.models).entry(name.clone()).or_insert_with(new).clone()
    }

    /// Stops the call, since the journal failed; the first reason wins.
    pub(super) fn stop(&self, reason: String) {
        self.stop.stop(LlmError::new(LlmErrorKind::Stopped, "journal", reason));
    }

    /// Adds a warning for the end of the call; repeated ones are kept once.
    pub(super) fn warn(&self, warning: String) {
        let mut warnings = lock(&self.warnings);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// [`warn`](Self::warn) while there are fewer than `most` warnings; says once that more are left out.
    pub(super) fn warn_at_most(&self, most: usize, warning: String) {
        let mut warnings = lock(&self.warnings);
        match warnings.len() {
            count if count < most => warnings.push(warning),
            count if count == most => {
                warnings.push("further warnings of sources are left out".to_owned());
            }
            _ => {}
        }
    }

    /// Closes the journal. A single file remains unless another process has it open.
    pub async fn close(&self) {
        if let Some(journal) = &self.journal {
            journal.close().await;
        }
    }

    /// Takes the warnings added since the last call.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.warnings))
    }
}
