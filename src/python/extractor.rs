//! `_core.Extractor`: settings, and the one job behind `extract` and `extract_async`.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::llm::retry::Backoff;
use crate::llm::{Usage, registry};
use crate::run::{self, Extraction, Operation, Outcome};

use super::errors::Finished;
use super::input::Input;
use super::runtime;
use super::target::{Pydantic, PydanticTarget};

/// What a caller configured. Clients and connections are made of it in each process.
struct Settings {
    model: String,
    planning_model: String,
    api_key: Option<String>,
    api_base: Option<String>,
    options: Map<String, Value>,
    concurrency: usize,
    backoff: Backoff,
    /// Files of the `local/` models among `model` and `planning_model`.
    weights: HashMap<String, PathBuf>,
}

/// Who plans and who extracts.
struct Clients {
    planner: Operation,
    extractor: Operation,
}

#[pyclass(frozen, module = "structx._core")]
pub struct Extractor {
    settings: Settings,
    /// The clients, and the process they were made in.
    clients: Mutex<(u32, Arc<Clients>)>,
}

impl Settings {
    fn connect(&self) -> Result<Arc<Clients>, Error> {
        let extractor = self.operation(&self.model)?;
        let planner = if self.planning_model == self.model {
            extractor.clone()
        } else {
            self.operation(&self.planning_model)?
        };
        Ok(Arc::new(Clients { planner, extractor }))
    }

    fn operation(&self, model: &str) -> Result<Operation, Error> {
        let (provider, model, options) = registry::provider(
            &registry::Settings {
                model,
                api_key: self.api_key.as_deref(),
                api_base: self.api_base.as_deref(),
                weights: self.weights.get(model).map(PathBuf::as_path),
                options: &self.options,
            },
            |name| std::env::var(name).ok(),
        )?;
        Ok(Operation {
            provider,
            model: model.into(),
            options: Arc::new(options),
            backoff: self.backoff,
            concurrency: self.concurrency,
        })
    }
}

impl Extractor {
    fn clients(&self) -> Result<Arc<Clients>, Error> {
        let mut slot = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        if slot.0 != process {
            // Connections of a parent process belong to its runtime: they are forgotten, not closed.
            std::mem::forget(std::mem::replace(&mut *slot, (process, self.settings.connect()?)));
        }
        Ok(slot.1.clone())
    }

    /// The one job behind both forms of `extract`.
    fn job(
        &self,
        input: Input,
        query: String,
        target: Option<PydanticTarget>,
    ) -> impl Future<Output = Finished<RawExtraction>> + Send + use<> {
        let clients = self.clients();
        async move {
            Finished(match clients {
                Ok(clients) => extract(&clients, input, &query, target).await,
                Err(error) => Err(error),
            })
        }
    }
}

async fn extract(
    clients: &Clients,
    input: Input,
    query: &str,
    target: Option<PydanticTarget>,
) -> Result<RawExtraction, Error> {
    let content = tokio::task::spawn_blocking(|| input.read());
    let content = content.await.map_err(|error| Error::Config(error.to_string()))??;
    let Clients { planner, extractor } = clients;
    run::extract(planner, extractor, &Pydantic, &content, query, target).await.map(RawExtraction::from)
}

#[pymethods]
impl Extractor {
    #[new]
    #[pyo3(signature = (*, model, planning_model, api_key, api_base, options, max_threads,
                        max_retries, min_wait, max_wait, weights))]
    #[expect(clippy::too_many_arguments, reason = "the keyword arguments of the constructor")]
    fn new(
        model: String,
        planning_model: String,
        api_key: Option<String>,
        api_base: Option<String>,
        options: &Bound<'_, PyDict>,
        max_threads: usize,
        max_retries: i64,
        min_wait: f64,
        max_wait: f64,
        weights: HashMap<String, PathBuf>,
    ) -> PyResult<Self> {
        let settings = Settings {
            model,
            planning_model,
            api_key,
            api_base,
            options: pythonize::depythonize(options)?,
            concurrency: max_threads,
            backoff: Backoff::new(max_retries, min_wait, max_wait)?,
            weights,
        };
        let clients = Mutex::new((std::process::id(), settings.connect()?));
        Ok(Self { settings, clients })
    }

    /// Waits without the GIL; raises `ExtractionError`.
    fn extract(
        &self,
        py: Python<'_>,
        data: Input,
        query: String,
        target: Option<PydanticTarget>,
    ) -> PyResult<Finished<RawExtraction>> {
        runtime::block_on(py, self.job(data, query, target))
    }

    /// On the running asyncio loop; raises `ExtractionError` when awaited.
    fn extract_async<'py>(
        &self,
        py: Python<'py>,
        data: Input,
        query: String,
        target: Option<PydanticTarget>,
    ) -> PyResult<Bound<'py, PyAny>> {
        runtime::into_awaitable(py, self.job(data, query, target))
    }
}

/// `structx.results.RawExtraction`: model, planning calls, rows, warnings.
#[derive(IntoPyObject)]
struct RawExtraction(Py<PyAny>, Vec<RawUsage>, Vec<RawRow>, Vec<String>);

/// `structx.results.RawRow`: position, input data, items, calls, error, sources.
#[derive(IntoPyObject)]
struct RawRow(
    usize,
    Arc<str>,
    Vec<Py<PyAny>>,
    Vec<RawUsage>,
    Option<String>,
    HashMap<String, String>,
);

/// `structx.results.RawUsage`: the fields of `StepUsage`, in order.
#[derive(IntoPyObject)]
struct RawUsage(u64, u64, u64, Option<u64>, Option<u64>);

impl From<Extraction<PydanticTarget>> for RawExtraction {
    fn from(extraction: Extraction<PydanticTarget>) -> Self {
        Self(
            extraction.target.model,
            extraction.planning.into_iter().map(RawUsage::from).collect(),
            extraction.outcomes.into_iter().map(RawRow::from).collect(),
            extraction.warnings,
        )
    }
}

impl From<Outcome<Py<PyAny>>> for RawRow {
    fn from(outcome: Outcome<Py<PyAny>>) -> Self {
        let (items, error) = match outcome.result {
            Ok(items) => (items, None),
            Err(failure) => (Vec::new(), Some(failure.to_string())),
        };
        Self(
            outcome.position,
            outcome.text,
            items,
            outcome.calls.into_iter().map(RawUsage::from).collect(),
            error,
            outcome.sources.into_iter().map(|source| (source.pointer, source.literal)).collect(),
        )
    }
}

impl From<Usage> for RawUsage {
    fn from(usage: Usage) -> Self {
        Self(
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.total_tokens,
            usage.thinking_tokens,
            usage.cached_tokens,
        )
    }
}
