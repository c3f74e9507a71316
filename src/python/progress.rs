//! Reports the progress and the requests of a running call to Python.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::llm::layers::{RequestEvent, RequestObserver};
use crate::llm::retry::seconds;
use crate::run::error::Error;
use crate::run::{
    GroundingRule, Level, Observer, OnUngrounded, Required, RowEvent, RunOptions, asked_row,
};

use super::awaitable::Abort;
use super::target::Pydantic;
use structx_common::sync::lock;

/// The shortest time between two progress reports. Chosen by hand, not measured.
const INTERVAL: Duration = Duration::from_millis(100);

/// A `structx._engine.run_context.RunContext`, as Python hands it over.
#[derive(FromPyObject)]
pub struct CallOptions {
    journal: Option<PathBuf>,
    max_cost: Option<f64>,
    max_tokens: Option<u64>,
    deadline: Option<f64>,
    fail_fast: Option<bool>,
    evidence: Option<bool>,
    grounding: Option<(RawRequired, String)>,
    progress: Option<Py<PyAny>>,
    log: Option<Py<PyAny>>,
    row_ended: Option<Py<PyAny>>,
    keeps_sources: bool,
}

/// What is required of the evidence: the name of a level for all values, or one for each field.
#[derive(FromPyObject)]
enum RawRequired {
    All(String),
    Fields(BTreeMap<String, String>),
}

/// Python has checked the names.
fn rule((required, otherwise): (RawRequired, String)) -> Result<GroundingRule, Error> {
    let unknown = |name: &str| Error::Config(format!("require_grounding: {name:?} is not known"));
    let level = |name: &str| Level::from_name(name).ok_or_else(|| unknown(name));
    let required = match required {
        RawRequired::All(name) => Required::All(level(&name)?),
        RawRequired::Fields(fields) => {
            let fields = fields.into_iter().map(|(field, name)| Ok((field, level(&name)?)));
            Required::Fields(fields.collect::<Result<_, Error>>()?)
        }
    };
    let otherwise = OnUngrounded::from_name(&otherwise).ok_or_else(|| unknown(&otherwise))?;
    Ok(GroundingRule { required, otherwise })
}

/// Functions of Python that the core calls.
#[derive(Default)]
pub struct Callbacks {
    pub progress: Option<Py<PyAny>>,
    log: Option<Py<PyAny>>,
    row_ended: Option<Py<PyAny>>,
    /// A `structx.exchanges.Reporter`.
    pub on_request: Option<Py<PyAny>>,
}

impl CallOptions {
    /// Whether the result needs what was read of the sources.
    pub const fn keeps_sources(&self) -> bool {
        self.keeps_sources
    }

    /// The options and the callbacks; `fail_fast` is for a call that does not choose.
    ///
    /// # Errors
    /// [`Error::Config`]: the deadline is not a valid duration.
    pub fn split(self, fail_fast: bool) -> Result<(RunOptions, Callbacks), Error> {
        let Self { journal, max_cost, max_tokens, deadline, evidence, grounding, .. } = self;
        let fail_fast = self.fail_fast.unwrap_or(fail_fast);
        let deadline = deadline.map(|text| seconds("deadline", text)).transpose()?;
        let options = RunOptions {
            deadline,
            max_cost,
            max_tokens,
            fail_fast,
            evidence,
            grounding: grounding.map(rule).transpose()?,
            journal,
            ..RunOptions::default()
        };
        let Self { progress, log, row_ended, .. } = self;
        Ok((options, Callbacks { progress, log, row_ended, on_request: None }))
    }
}

#[derive(Clone, Default, IntoPyObject)]
struct RawProgress {
    rows: usize,
    done: usize,
    failed: usize,
    journaled: usize,
    files: usize,
    total_files: Option<usize>,
    requests: usize,
    tokens: u64,
    cost: Option<f64>,
    seconds: f64,
}

#[derive(IntoPyObject)]
struct RawRequest {
    model: String,
    outcome: &'static str,
    status: Option<u16>,
    seconds: f64,
    prompt_tokens: u64,
    completion_tokens: u64,
    request_id: Option<String>,
    row: Option<usize>,
    row_number: Option<usize>,
    /// Since the row had its permit; 0 for a plan.
    row_seconds: f64,
}

#[derive(IntoPyObject)]
struct RawRowEnd {
    row: usize,
    row_number: usize,
    source: String,
    failure: Option<&'static str>,
    model: Option<String>,
    from_journal: bool,
    seconds: f64,
}

#[derive(IntoPyObject)]
struct RawExchange {
    url: String,
    /// Of several with one name the last.
    request_headers: BTreeMap<String, String>,
    request_body: String,
    status: Option<u16>,
    response_headers: BTreeMap<String, String>,
    response_body: String,
    error: Option<String>,
    seconds: f64,
}

/// Counts rows, requests and tokens of a call, and reports them to Python.
pub struct ProgressReporter {
    pydantic: Pydantic,
    counts: Arc<Mutex<Counts>>,
}

struct Counts {
    started: Instant,
    /// Without the seconds.
    progress: RawProgress,
    reported_at: Instant,
    /// Whether a report is due, or has not reached Python yet.
    is_waiting: bool,
    /// The report that is due later.
    due: Option<Abort>,
}

impl Counts {
    fn raw(&self) -> RawProgress {
        RawProgress { seconds: self.started.elapsed().as_secs_f64(), ..self.progress.clone() }
    }
}

impl ProgressReporter {
    /// None if there is no callback.
    pub fn new(pydantic: &Pydantic) -> Option<Arc<Self>> {
        let Callbacks { progress, log, row_ended, on_request } = &*pydantic.callbacks;
        if [progress, log, row_ended, on_request].into_iter().all(Option::is_none) {
            return None;
        }
        let now = Instant::now();
        let counts = Counts {
            started: now,
            progress: RawProgress {
                cost: Some(0.0),
                total_files: Some(0),
                ..RawProgress::default()
            },
            // So that the first report is sent at once.
            reported_at: now.checked_sub(INTERVAL).unwrap_or(now),
            is_waiting: false,
            due: None,
        };
        Some(Arc::new(Self { pydantic: pydantic.clone(), counts: Arc::new(Mutex::new(counts)) }))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    /// Counts sources that will follow; `None` if nobody knows how many.
    pub fn sources(&self, count: Option<usize>) {
        let mut counts = self.counts();
        let total = &mut counts.progress.total_files;
        *total = total.zip(count).map(|(total, more)| total + more);
    }

    /// One of the sources is an archive of so many.
    pub fn archive(&self, count: usize) {
        let mut counts = self.counts();
        let total = &mut counts.progress.total_files;
        *total = total.map(|total| (total + count).saturating_sub(1));
    }

    /// Reports the final progress and waits until all callbacks have returned.
    pub async fn finish(&self) {
        self.counts().due = None;
        let Callbacks { log, row_ended, on_request, .. } = &*self.pydantic.callbacks;
        if [log, row_ended, on_request].into_iter().any(Option::is_some) {
            self.pydantic.call_back(|_| None, || ()).await;
        }
        if self.pydantic.callbacks.progress.is_some() {
            let raw = self.counts().raw();
            self.pydantic.report(move || raw).await;
        }
    }
}

impl RequestObserver for ProgressReporter {
    fn request(&self, event: &RequestEvent<'_>) {
        let usage = match event.result {
            Ok(reply) => &reply.usage,
            Err(error) => &error.usage,
        };
        let mut counts = self.counts();
        let progress = &mut counts.progress;
        progress.requests += 1;
        progress.tokens += usage.total_tokens;
        progress.cost = progress.cost.zip(usage.cost).map(|(sum, cost)| sum + cost);
        self.report(counts);
        if self.pydantic.callbacks.log.is_some() {
            let raw = raw_request(event);
            // Dropping the future does not cancel the call.
            drop(self.pydantic.call_back(|callbacks| callbacks.log.as_ref(), move || raw));
        }
        if let Some(raw) = raw_exchange(event) {
            drop(self.pydantic.call_back(|callbacks| callbacks.on_request.as_ref(), move || raw));
        }
    }
}

impl Observer for ProgressReporter {
    fn rows(&self, count: usize) {
        let mut counts = self.counts();
        counts.progress.rows += count;
        self.report(counts);
    }

    fn row(&self, event: &RowEvent<'_>) {
        let mut counts = self.counts();
        let progress = &mut counts.progress;
        progress.done += 1;
        progress.failed += usize::from(event.failure.is_some());
        progress.journaled += usize::from(event.from_journal);
        self.report(counts);
        if self.pydantic.callbacks.row_ended.is_some() {
            let raw = raw_row_end(event);
            drop(self.pydantic.call_back(|callbacks| callbacks.row_ended.as_ref(), move || raw));
        }
    }

    fn source(&self) {
        let mut counts = self.counts();
        counts.progress.files += 1;
        self.report(counts);
    }
}

impl ProgressReporter {
    /// Reports the progress, once the last report is old enough.
    fn report(&self, mut counts: MutexGuard<'_, Counts>) {
        if counts.is_waiting || self.pydantic.callbacks.progress.is_none() {
            return;
        }
        counts.is_waiting = true;
        let (pydantic, shared) = (self.pydantic.clone(), self.counts.clone());
        let report = move || {
            lock(&shared).reported_at = Instant::now();
            let raw = move || {
                let mut counts = lock(&shared);
                counts.is_waiting = false;
                counts.raw()
            };
            drop(pydantic.report(raw));
        };
        match INTERVAL.checked_sub(counts.reported_at.elapsed()) {
            Some(wait) if !wait.is_zero() => {
                let later = tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    report();
                });
                counts.due = Some(Abort(later.abort_handle()));
            }
            _ => {
                drop(counts);
                report();
            }
        }
    }
}

fn raw_request(event: &RequestEvent<'_>) -> RawRequest {
    let (outcome, status, usage, request_id) = match event.result {
        Ok(reply) => ("ok", Some(200), &reply.usage, &reply.request_id),
        Err(error) => (error.kind.name(), error.status, &error.usage, &error.request_id),
    };
    let row = asked_row();
    RawRequest {
        row: row.map(|row| row.position),
        row_number: row.map(|row| row.number),
        row_seconds: row.map_or(0.0, |row| row.begun.elapsed().as_secs_f64()),
        model: event.model.to_owned(),
        outcome,
        status,
        seconds: event.duration.as_secs_f64(),
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        request_id: request_id.clone(),
    }
}

fn raw_row_end(event: &RowEvent<'_>) -> RawRowEnd {
    RawRowEnd {
        row: event.row.position,
        row_number: event.row.number,
        source: event.source.to_string(),
        failure: event.failure,
        model: event.model.map(str::to_owned),
        from_journal: event.from_journal,
        seconds: event.row.begun.elapsed().as_secs_f64(),
    }
}

/// The exchange, if it is recorded; replies from a cache have none.
fn raw_exchange(event: &RequestEvent<'_>) -> Option<RawExchange> {
    let (exchange, error) = match event.result {
        Ok(reply) => (&reply.exchange, None),
        Err(error) => (&error.exchange, Some(error)),
    };
    let exchange = exchange.as_deref()?.clone();
    Some(RawExchange {
        url: exchange.url,
        request_headers: exchange.request_headers.into_iter().collect(),
        request_body: exchange.request_body,
        status: exchange.status,
        response_headers: exchange.response_headers.into_iter().collect(),
        response_body: exchange.response_body,
        error: error.map(ToString::to_string),
        seconds: exchange.seconds,
    })
}
