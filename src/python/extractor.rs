//! `_core.Extractor`: settings, and the one job behind `extract` and `extract_async`.

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use serde_json::{Map, Value};
use tokio::task::JoinError;

use crate::documents::{FileError, FileErrorKind};
use crate::embedded::{LocalOptions, LocalProvider};
use crate::error::Error;
use crate::llm::retry::{Backoff, seconds};
use crate::llm::transport::ApiKey;
use crate::llm::{Provider, Usage, registry};
use crate::run::{self, Extraction, Operation, Outcome};

use super::errors::Finished;
use super::input::Input;
use super::runtime;
use super::target::{Pydantic, PydanticTarget};
use super::worker::Caller;

/// What a caller configured. Clients and connections are made of it in each process.
struct Settings {
    model: String,
    planning_model: String,
    api_key: Option<ApiKey>,
    api_base: Option<String>,
    timeout: Duration,
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
        let (provider, model, options) = match self.weights.get(model) {
            Some(weights) => self.local(model, weights)?,
            None => self.remote(model)?,
        };
        Ok(Operation {
            provider,
            model,
            options: Arc::new(options),
            backoff: self.backoff,
            concurrency: self.concurrency,
        })
    }

    fn local(&self, model: &str, weights: &Path) -> Result<Connected, Error> {
        let options: LocalOptions = serde_json::from_value(Value::Object(self.options.clone()))
            .map_err(|error| Error::Config(format!("{model}: {error}")))?;
        let provider = LocalProvider::open(weights.to_owned(), options)?;
        Ok((Arc::new(provider), model.into(), Map::new()))
    }

    fn remote(&self, model: &str) -> Result<Connected, Error> {
        // The caller's key and address are for the provider of `model`, and for no other.
        let is_same = registry::same_provider(model, &self.model, self.api_base.is_some());
        let settings = registry::Settings {
            model: model.to_owned(),
            api_key: self.api_key.clone().filter(|_| is_same),
            api_base: self.api_base.clone().filter(|_| is_same),
            timeout: Some(self.timeout),
        };
        let (provider, model) = registry::provider(&settings, |name| std::env::var(name).ok())?;
        Ok((provider, model, self.options.clone()))
    }
}

/// A provider, its own name of the model, and the options that are sent with requests.
type Connected = (Arc<dyn Provider>, Arc<str>, Map<String, Value>);

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

    /// The one job behind both forms of `extract`. Locks are taken here, with the GIL.
    fn job(
        &self,
        py: Python<'_>,
        input: Input,
        query: String,
        target: Option<PydanticTarget>,
    ) -> PyResult<impl Future<Output = Finished<RawExtraction>> + Send + use<>> {
        let clients = self.clients()?;
        let modeller = Pydantic(Caller::get(py)?);
        Ok(async move { Finished(extract(&clients, &modeller, input, &query, target).await) })
    }
}

async fn extract(
    clients: &Clients,
    modeller: &Pydantic,
    input: Input,
    query: &str,
    target: Option<PydanticTarget>,
) -> Result<RawExtraction, Error> {
    let content = tokio::task::spawn_blocking(|| input.read());
    let panicked = |error: JoinError| {
        FileError::new(FileErrorKind::Corrupt, "data", format!("could not be read: {error}"))
    };
    let content = content.await.map_err(panicked)??.content;
    let Clients { planner, extractor } = clients;
    run::extract(planner, extractor, modeller, &content, query, target)
        .await
        .map(RawExtraction::from)
}

#[pymethods]
impl Extractor {
    #[new]
    #[pyo3(signature = (*, model, planning_model, api_key, api_base, timeout, options,
                        max_threads, max_retries, min_wait, max_wait, weights))]
    #[expect(clippy::too_many_arguments, reason = "the keyword arguments of the constructor")]
    fn new(
        model: String,
        planning_model: String,
        api_key: Option<&str>,
        api_base: Option<String>,
        timeout: f64,
        options: &str,
        max_threads: usize,
        max_retries: i64,
        min_wait: f64,
        max_wait: f64,
        weights: HashMap<String, PathBuf>,
    ) -> PyResult<Self> {
        let settings = Settings {
            model,
            planning_model,
            api_key: api_key.map(ApiKey::new),
            api_base,
            timeout: seconds("timeout", timeout)?,
            options: serde_json::from_str(options)
                .map_err(|error| Error::Config(format!("the options of the provider: {error}")))?,
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
        runtime::block_on(py, self.job(py, data, query, target)?)
    }

    /// On the running asyncio loop; raises `ExtractionError` when awaited.
    fn extract_async<'py>(
        &self,
        py: Python<'py>,
        data: Input,
        query: String,
        target: Option<PydanticTarget>,
    ) -> PyResult<Bound<'py, PyAny>> {
        runtime::into_awaitable(py, self.job(py, data, query, target)?)
    }
}

/// `structx.results.RawExtraction`: model, planning calls, rows, warnings.
#[derive(IntoPyObject)]
struct RawExtraction(Py<PyAny>, Vec<RawUsage>, Vec<RawRow>, Vec<String>);

/// `structx.results.RawRow`: position, input data, items, calls, error, sources.
#[derive(IntoPyObject)]
struct RawRow(
    usize,
    String,
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
            outcome.text.as_ref().to_owned(),
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
