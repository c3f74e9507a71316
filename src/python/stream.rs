//! The rows of an extraction as they end: each job takes the next batch.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use structx_common::sync::lock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::run::error::{Error, Result};
use crate::run::{PendingOutcome, PreparedExtraction, Step};

use super::awaitable::Abort;
use super::errors;
use super::job::{Job, Raise};
use super::progress::ProgressReporter;
use super::raw::RawStart;
use super::row::RawRows;
use super::target::{Compiled, ModelTarget, Pydantic, PydanticTarget};

/// The most rows of one batch. Chosen by hand, not measured.
const BATCH: usize = 256;
/// Rows in progress or waiting to be taken, for each concurrent request. Chosen by hand.
const ROOM: usize = 4;

/// Made by `Extractor.stream`. A background task extracts rows while there is room for them.
#[pyclass(frozen, module = "structx._core")]
pub struct RowStream {
    pydantic: Pydantic,
    target: Option<Arc<ModelTarget>>,
    setup: Mutex<Option<Setup>>,
    rows: Arc<tokio::sync::Mutex<Option<Rows>>>,
    background: Arc<Mutex<Option<Abort>>>,
    /// The warnings of the whole extraction, complete after the last row.
    warnings: Arc<Mutex<Vec<String>>>,
    closed: watch::Sender<bool>,
}

type Setup = Pin<Box<dyn Future<Output = Result<StreamSetup>> + Send>>;
type Row = PendingOutcome<Py<PyAny>>;

/// An extraction that is read and planned.
pub struct StreamSetup {
    pub started: PreparedExtraction<PydanticTarget>,
    pub step: Step,
    pub query: String,
    pub reporter: Option<Arc<ProgressReporter>>,
}

/// The output of the background task.
struct Rows {
    receiver: UnboundedReceiver<Row>,
    task: JoinHandle<()>,
    target: Arc<Compiled>,
    failure: Arc<Mutex<Option<Error>>>,
}

impl RowStream {
    pub fn new(
        pydantic: Pydantic,
        target: Option<Arc<ModelTarget>>,
        setup: impl Future<Output = Result<StreamSetup>> + Send + 'static,
    ) -> Self {
        let setup = Mutex::new(Some(Box::pin(setup) as Setup));
        let (rows, background, warnings) = (Arc::default(), Arc::default(), Arc::default());
        let closed = watch::Sender::new(false);
        Self { pydantic, target, setup, rows, background, warnings, closed }
    }

    fn job<T, E>(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Job
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
        E: Raise,
    {
        Job::new(self.pydantic.clone(), self.target.clone(), work)
    }
}

#[pymethods]
impl RowStream {
    /// The first job: reads, plans and starts the background task. None if it was closed meanwhile.
    fn start(&self) -> PyResult<Job> {
        let setup = lock(&self.setup).take();
        let setup = setup.ok_or_else(|| PyRuntimeError::new_err("a stream starts once"))?;
        let (rows, background) = (self.rows.clone(), self.background.clone());
        let warnings = self.warnings.clone();
        let mut closed = self.closed.subscribe();
        Ok(self.job::<_, Error>(async move {
            let setup = tokio::select! {
                setup = setup => setup?,
                _ = closed.wait_for(|is_closed| *is_closed) => return Ok(None),
            };
            let start = RawStart::new(&setup.started);
            let target = setup.started.target.target.schema.clone();
            let (sender, receiver) = unbounded_channel();
            let failure = Arc::default();
            let task = tokio::spawn(setup.send(sender, warnings, Arc::clone(&failure)));
            let abort = Abort(task.abort_handle());
            *lock(&background) = Some(abort);
            *rows.lock().await = Some(Rows { receiver, task, target, failure });
            if *closed.borrow() {
                drop(lock(&background).take());
            }
            Ok(Some(start))
        }))
    }

    /// The rows that have ended, at least one; none at the end.
    fn next(&self) -> Job {
        let rows = self.rows.clone();
        self.job(async move {
            match &mut *rows.lock().await {
                Some(rows) => rows.next().await,
                None => Ok(RawRows::new(Vec::new(), None)),
            }
        })
    }

    /// The warnings that are known after the last row.
    fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).clone()
    }

    /// Aborts the requests in progress and ends the stream.
    fn close(&self) {
        self.closed.send_replace(true);
        drop(lock(&self.background).take());
    }
}

impl StreamSetup {
    /// Sends outcomes until the receiver is gone.
    async fn send(
        self,
        sender: UnboundedSender<Row>,
        warnings: Arc<Mutex<Vec<String>>>,
        failure: Arc<Mutex<Option<Error>>>,
    ) {
        let Self { started, step, query, reporter } = self;
        let room = step.concurrency.saturating_mul(ROOM);
        let mut count = 0;
        {
            let mut outcomes = std::pin::pin!(started.outcomes(&step, &query, room));
            while let Some(row) = outcomes.next().await {
                count += 1;
                if sender.send(row).is_err() {
                    return;
                }
            }
        }
        if let Err(error) = started.end(&step, count).await {
            *lock(&failure) = Some(error);
        }
        step.context.close().await;
        *lock(&warnings) = step.context.take_warnings();
        if let Some(reporter) = reporter {
            reporter.finish().await;
        }
    }
}

impl Rows {
    /// # Errors
    /// What ended the sources, after the last row; or a panic.
    async fn next(&mut self) -> Result<RawRows, Ended> {
        let mut batch = Vec::new();
        if self.receiver.recv_many(&mut batch, BATCH).await == 0 {
            if let Err(error) = (&mut self.task).await
                && let Ok(panic) = error.try_into_panic()
            {
                let message = structx_common::panics::message(&*panic);
                return Err(Ended::Panic(format!("panic: {message}")));
            }
            if let Some(error) = lock(&self.failure).take() {
                return Err(Ended::Failure(error));
            }
        }
        let outcomes = batch.into_iter().map(|ready| ready.outcome).collect();
        Ok(RawRows::new(outcomes, Some(self.target.clone())))
    }
}

/// Why a stream ended early.
enum Ended {
    /// The message of a panic in the background task.
    Panic(String),
    Failure(Error),
}

impl Raise for Ended {
    fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Panic(text) => errors::internal_error(py, text),
            Self::Failure(error) => error.raise(py),
        }
    }
}
