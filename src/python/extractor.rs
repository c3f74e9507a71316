//! `_core.Extractor`: settings, and the jobs that it makes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use pyo3::prelude::*;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::embedded::{LocalOptions, LocalProvider};
use crate::error::Error;
use crate::llm::registry;
use crate::llm::retry::{Backoff, seconds};
use crate::llm::transport::ApiKey;
use crate::run::{self, Client, Operation, Target};
use crate::schema::Method;
use crate::schema::definition::ExtractionRequest;

use super::errors;
use super::input::{Input, Prepared, read};
use super::job::Job;
use super::raw::{RawExtraction, RawPlan, RawSchema, Tried};
use super::stream::{Begun, RowStream};
use super::target::{ModelTarget, Pydantic};

/// What a caller configured. Clients and connections are made of it in each process.
struct Settings {
    extraction: Step,
    planning: Step,
    api_key: Option<ApiKey>,
    api_base: Option<String>,
    api_version: Option<String>,
    output_mode: Option<Method>,
    timeout: Duration,
    concurrency: usize,
    backoff: Backoff,
    /// Files of the `local/` models among those of the steps.
    weights: HashMap<String, PathBuf>,
}

/// The models of a step, asked in turn, and the options that are sent with its requests.
#[derive(PartialEq)]
struct Step {
    model: String,
    fallbacks: Vec<String>,
    options: Arc<Map<String, Value>>,
}

/// Who plans and who extracts.
#[derive(Clone)]
struct Clients {
    planner: Operation,
    extractor: Operation,
}

#[pyclass(frozen, module = "structx._core")]
pub struct Extractor {
    settings: Settings,
    /// The clients, and the process they were made in; None once closed.
    clients: Mutex<Option<(u32, Clients)>>,
}

impl Step {
    fn new(models: Vec<String>, options: &str) -> Result<Self, Error> {
        let options = serde_json::from_str(options)
            .map_err(|error| Error::Config(format!("the options of the provider: {error}")))?;
        let mut models = models.into_iter();
        let model = models.next().ok_or_else(|| Error::Config("there is no model".to_owned()))?;
        Ok(Self { model, fallbacks: models.collect(), options: Arc::new(options) })
    }
}

impl Settings {
    fn connect(&self) -> Result<Clients, Error> {
        let extractor = self.operation(&self.extraction)?;
        let planner = if self.planning == self.extraction {
            extractor.clone()
        } else {
            self.operation(&self.planning)?
        };
        Ok(Clients { planner, extractor })
    }

    fn operation(&self, step: &Step) -> Result<Operation, Error> {
        let client = |model: &String| self.client(model, &step.options);
        Ok(Operation {
            client: client(&step.model)?,
            fallbacks: step.fallbacks.iter().map(client).collect::<Result<_, _>>()?,
            backoff: self.backoff,
            concurrency: self.concurrency,
            permits: Arc::new(Semaphore::new(self.concurrency)),
        })
    }

    fn client(&self, name: &str, options: &Arc<Map<String, Value>>) -> Result<Client, Error> {
        match self.weights.get(name) {
            Some(weights) if self.output_mode.is_none_or(|mode| mode == Method::Strict) => {
                local(name, weights, options)
            }
            Some(_) => Err(Error::Config(format!("{name} takes the output_mode strict alone"))),
            None => self.remote(name, options),
        }
    }

    fn remote(&self, name: &str, options: &Arc<Map<String, Value>>) -> Result<Client, Error> {
        // The caller's key and address are for one provider: that of the first model that
        // extracts, or where it is in this process, of any other.
        let first = &self.extraction.model;
        let is_theirs = self.weights.contains_key(first)
            || registry::same_provider(name, first, self.api_base.is_some());
        let settings = registry::Settings {
            model: name.to_owned(),
            api_key: self.api_key.clone().filter(|_| is_theirs),
            api_base: self.api_base.clone().filter(|_| is_theirs),
            api_version: self.api_version.clone().filter(|_| is_theirs),
            timeout: Some(self.timeout),
            output_mode: self.output_mode,
        };
        let (provider, model) = registry::provider(&settings, |name| std::env::var(name).ok())?;
        Ok(Client { provider, model, name: name.into(), options: options.clone() })
    }
}

fn local(name: &str, weights: &Path, options: &Map<String, Value>) -> Result<Client, Error> {
    let options: LocalOptions = serde_json::from_value(Value::Object(options.clone()))
        .map_err(|error| Error::Config(format!("{name}: {error}")))?;
    let provider = Arc::new(LocalProvider::open(weights.to_owned(), options)?);
    let name: Arc<str> = name.into();
    Ok(Client { provider, model: name.clone(), name, options: Arc::default() })
}

impl Clients {
    /// For one call, whose operations share its permits.
    fn for_call(&self) -> Self {
        let permits = Arc::new(Semaphore::new(self.extractor.concurrency));
        Self {
            planner: self.planner.with_permits(&permits),
            extractor: self.extractor.with_permits(&permits),
        }
    }

    async fn extract(
        &self,
        pydantic: &Pydantic,
        prepared: Prepared,
        query: &str,
        target: Option<Arc<ModelTarget>>,
    ) -> Result<RawExtraction, Error> {
        let target = target.map(|target| pydantic.target(target));
        let Self { planner, extractor } = self;
        run::extract(planner, extractor, pydantic, &prepared.content, query, target)
            .await
            .map(|extraction| RawExtraction::new(extraction, prepared))
    }
}

/// What each job starts with. Locks are taken here, with the GIL.
struct Start {
    clients: Clients,
    pydantic: Pydantic,
}

impl Extractor {
    fn start(&self, py: Python<'_>) -> PyResult<Start> {
        let mut slot = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        let (owner, clients) = slot.as_mut().ok_or_else(errors::closed)?;
        if *owner != process {
            let own = self.settings.connect()?;
            // Connections of a parent process belong to its runtime: forgotten, not closed.
            std::mem::forget(std::mem::replace(clients, own));
            *owner = process;
        }
        Ok(Start { clients: clients.for_call(), pydantic: Pydantic::new(py)? })
    }
}

#[pymethods]
impl Extractor {
    #[new]
    #[pyo3(signature = (*, models, planning_models, api_key, api_base, api_version, output_mode,
                        timeout, extraction_options, planning_options, max_threads, max_retries,
                        min_wait, max_wait, weights))]
    #[expect(clippy::too_many_arguments, reason = "the keyword arguments of the constructor")]
    fn new(
        models: Vec<String>,
        planning_models: Vec<String>,
        api_key: Option<&str>,
        api_base: Option<String>,
        api_version: Option<String>,
        output_mode: Option<&str>,
        timeout: f64,
        extraction_options: &str,
        planning_options: &str,
        max_threads: usize,
        max_retries: i64,
        min_wait: f64,
        max_wait: f64,
        weights: HashMap<String, PathBuf>,
    ) -> PyResult<Self> {
        let settings = Settings {
            extraction: Step::new(models, extraction_options)?,
            planning: Step::new(planning_models, planning_options)?,
            api_key: api_key.map(ApiKey::new),
            api_base,
            api_version,
            output_mode: output_mode.map(registry::output_mode).transpose()?,
            timeout: seconds("timeout", timeout)?,
            concurrency: max_threads.min(Semaphore::MAX_PERMITS),
            backoff: Backoff::new(max_retries, min_wait, max_wait)?,
            weights,
        };
        let clients = Mutex::new(Some((std::process::id(), settings.connect()?)));
        Ok(Self { settings, clients })
    }

    fn extract(
        &self,
        py: Python<'_>,
        input: Input,
        query: String,
        target: Option<ModelTarget>,
    ) -> PyResult<Job> {
        let Start { clients, pydantic } = self.start(py)?;
        let target = target.map(Arc::new);
        Ok(Job::new(pydantic.clone(), target.clone(), async move {
            clients.extract(&pydantic, read(input).await?, &query, target).await
        }))
    }

    fn stream(
        &self,
        py: Python<'_>,
        input: Input,
        query: String,
        target: Option<ModelTarget>,
    ) -> PyResult<RowStream> {
        let Start { clients: Clients { planner, extractor }, pydantic } = self.start(py)?;
        let target = target.map(Arc::new);
        let (python, given) = (pydantic.clone(), target.clone());
        Ok(RowStream::new(pydantic, target, async move {
            let prepared = read(input).await?;
            let target = given.map(|target| python.target(target));
            let content = &prepared.content;
            let started =
                run::start(&planner, &extractor, &python, content, &query, target).await?;
            Ok(Begun { started, operation: extractor, prepared, query })
        }))
    }

    /// All queries at the same time, on data that is read once.
    fn extract_queries(&self, py: Python<'_>, input: Input, queries: Vec<String>) -> PyResult<Job> {
        let Start { clients, pydantic } = self.start(py)?;
        Ok(Job::new(pydantic.clone(), None, async move {
            let prepared = read(input).await?;
            let jobs = queries
                .iter()
                .map(|query| clients.extract(&pydantic, prepared.clone(), query, None));
            let tried = join_all(jobs).await;
            Ok::<_, Error>(tried.into_iter().map(Tried).collect::<Vec<_>>())
        }))
    }

    fn plan(&self, py: Python<'_>, input: Input, query: String) -> PyResult<Job> {
        let Start { clients, pydantic } = self.start(py)?;
        Ok(Job::new(pydantic.clone(), None, async move {
            let content = read(input).await?.content;
            run::plan(&clients.planner, &pydantic, &content, &query).await.map(RawPlan::from)
        }))
    }

    /// `definition` is an `ExtractionRequest` as JSON.
    fn refine(
        &self,
        py: Python<'_>,
        definition: &str,
        instructions: String,
        model_name: Option<String>,
    ) -> PyResult<Job> {
        let definition: ExtractionRequest = serde_json::from_str(definition)
            .map_err(|error| Error::Schema(format!("the definition: {error}")))?;
        let Start { clients, pydantic } = self.start(py)?;
        Ok(Job::new(pydantic.clone(), None, async move {
            let name = model_name.as_deref();
            let refine = clients.planner.refine(&pydantic, &definition, &instructions, name);
            refine.await?.planned().map(RawPlan::from)
        }))
    }

    /// What each model is asked for a target, in the order in which they are asked; nothing is sent.
    fn explain(&self, py: Python<'_>, target: ModelTarget) -> PyResult<Vec<RawSchema>> {
        let Start { clients, pydantic } = self.start(py)?;
        let target = pydantic.target(Arc::new(target));
        let explained = clients.extractor.clients().map(|client| {
            let schema = target.reply_schema(client)?;
            Ok(RawSchema::new(client, &schema))
        });
        explained.collect()
    }

    fn prepare(&self, py: Python<'_>, input: Input) -> PyResult<Job> {
        let Start { pydantic, .. } = self.start(py)?;
        Ok(Job::new(pydantic, None, async { read(input).await.map_err(Error::from) }))
    }

    /// Raises `ExtractionError` once it is closed.
    fn check_open(&self) -> PyResult<()> {
        let slot = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        slot.is_some().then_some(()).ok_or_else(errors::closed)
    }

    /// Calls under way go on; the connections are closed with the last of them.
    fn close(&self) {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
