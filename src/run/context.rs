//! The run context: what all steps of one call share, that is permits, deadline, budget, journal,
//! cache and observer.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};
use crate::llm::tokens;
use crate::llm::{LlmError, LlmErrorKind, Request, Response};

use super::budget::Budget;
use super::client::Client;
use super::store::cache::Cache;
use super::store::journal::Journal;

/// The options of one call.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// Rows and plans processed at the same time.
    pub concurrency: usize,
    /// For the whole call, counted from [`RunContext::open`].
    pub deadline: Option<Duration>,
    /// In US dollars.
    pub max_cost: Option<f64>,
    /// Prompt and completion tokens together.
    pub max_tokens: Option<u64>,
    /// The path of the journal.
    pub journal: Option<PathBuf>,
    pub cache: Option<Cache>,
    pub watch: Option<Arc<dyn Observer>>,
}

/// Receives the progress of a call. Methods are called from any thread and must not block.
pub trait Observer: Send + Sync {
    /// An extraction of `count` rows starts.
    fn rows(&self, count: usize);

    /// A request has ended, with a response or an error.
    fn request(&self, sent: &RequestEvent<'_>);

    /// A row has ended.
    fn row(&self, has_failed: bool, from_journal: bool);
}

/// A request that has ended.
pub struct RequestEvent<'a> {
    /// The caller's name of the model.
    pub model: &'a str,
    pub result: Result<&'a Response, &'a LlmError>,
    /// Measured from the moment the rate limiter admitted the request.
    pub took: Duration,
}

/// Why a call sends no more requests. Rows without a completion then fail with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    #[error("budget: {0}")]
    Budget(String),
    #[error("deadline: {0}")]
    Deadline(String),
    /// The journal can't be read or written.
    #[error("{0}")]
    Journal(String),
}

impl StopReason {
    /// The reason in one word, for reports.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Budget(_) => "budget",
            Self::Deadline(_) => "deadline",
            Self::Journal(_) => "journal",
        }
    }
}

/// What all steps of one call share.
pub struct RunContext {
    permits: Semaphore,
    deadline: Option<(Instant, Duration)>,
    budget: Option<Budget>,
    pub(super) journal: Option<Journal>,
    pub(super) cache: Option<Cache>,
    pub(super) watch: Option<Arc<dyn Observer>>,
    stopped: OnceLock<StopReason>,
    warnings: Mutex<Vec<String>>,
}

impl RunContext {
    /// Makes a context that limits concurrency only.
    #[must_use]
    pub fn new(concurrency: usize) -> Self {
        Self {
            permits: Semaphore::new(concurrency),
            deadline: None,
            budget: None,
            journal: None,
            cache: None,
            watch: None,
            stopped: OnceLock::new(),
            warnings: Mutex::default(),
        }
    }

    /// Makes a context with these options, and opens the journal if they name one.
    ///
    /// # Errors
    /// [`Error::Journal`]: the journal can't be opened.
    pub async fn open(options: RunOptions) -> Result<Self> {
        let RunOptions { concurrency, deadline, max_cost, max_tokens, journal, cache, watch } =
            options;
        // A deadline beyond the range of the clock is no deadline.
        let deadline = deadline.and_then(|all| Some((Instant::now().checked_add(all)?, all)));
        let journal = match journal {
            Some(path) => Some(Journal::open(&path).await.map_err(Error::Journal)?),
            None => None,
        };
        let budget =
            (max_cost.is_some() || max_tokens.is_some()).then(|| Budget::new(max_cost, max_tokens));
        Ok(Self { deadline, budget, journal, cache, watch, ..Self::new(concurrency) })
    }

    /// Waits for the permit that one row or plan holds until it ends.
    pub(super) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so this is always `Some`.
        self.permits.acquire().await.ok()
    }

    /// Runs `work`; at the deadline, drops it and stops the call.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, StopReason> {
        let Some((at, all)) = self.deadline else { return Ok(work.await) };
        timeout_at(at, work).await.map_err(|_| {
            let message = format!("the operation has had its {} s", all.as_secs_f64());
            self.stop(StopReason::Deadline(message))
        })
    }

    /// Sends a request as soon as the budget and the rate limits admit it, and reports it to the
    /// observer. The inner result is the provider's.
    ///
    /// # Errors
    /// The call has stopped; the request was not sent, or was aborted at the deadline.
    pub(super) async fn send(
        &self,
        client: &Client,
        request: &Request,
    ) -> Result<Result<Response, LlmError>, StopReason> {
        if let Some(stop) = self.stopped.get() {
            return Err(stop.clone());
        }
        self.in_time(async {
            let reserved = match &self.budget {
                Some(budget) => Some(
                    budget
                        .reserve(
                            tokens::of_messages(&request.messages) as u64,
                            reply_limit(request),
                            client.price,
                        )
                        .await
                        .map_err(|message| self.stop(StopReason::Budget(message)))?,
                ),
                None => None,
            };
            let mut begun = Instant::now();
            let admitted = || {
                begun = Instant::now();
                self.stopped.get().cloned()
            };
            let mut result = client.provider.complete_unless(request, admitted).await?;
            let took = begun.elapsed();
            let usage = match &mut result {
                Ok(reply) => &mut reply.usage,
                Err(error) => &mut error.usage,
            };
            usage.cost = client.price.map(|price| price.of(usage));
            let usage = *usage;
            if let Some(reserved) = reserved {
                reserved.settle(may_be_billed(&result), &usage);
            }
            if let Some(watch) = &self.watch {
                let model = &*client.name;
                watch.request(&RequestEvent { model, result: result.as_ref(), took });
            }
            Ok(result)
        })
        .await?
    }

    /// Stops the call; the first reason wins and is returned.
    pub(super) fn stop(&self, stop: StopReason) -> StopReason {
        self.stopped.get_or_init(|| stop).clone()
    }

    /// Adds a warning for the end of the call; repeated ones are kept once.
    pub(super) fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
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
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The limit on completion tokens, if the user has set one in the request options.
fn reply_limit(request: &Request) -> Option<u64> {
    const NAMES: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    NAMES.iter().find_map(|name| request.options.get(*name)?.as_u64())
}

/// Whether the provider may charge for the request: it succeeded, or failed in a way that leaves
/// open whether a reply was generated.
fn may_be_billed(result: &Result<Response, LlmError>) -> bool {
    const UNKNOWN: [LlmErrorKind; 4] = [
        LlmErrorKind::Timeout,
        LlmErrorKind::FirstByteTimeout,
        LlmErrorKind::Connection,
        LlmErrorKind::BadReply,
    ];
    result.as_ref().err().is_none_or(|error| UNKNOWN.contains(&error.kind))
}
