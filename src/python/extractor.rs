//! `_core.Extractor`: the settings of an extractor, and its jobs.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use tokio::sync::Semaphore;

use crate::llm::http::{ApiKey, Timeouts};
use crate::llm::price::Price;
use crate::llm::providers::registry;
use crate::llm::retry::{RetryPolicy, seconds};
use crate::run::error::Error;
use crate::run::{self, RunOptions, Sources, Step, Target};
use crate::schema::definition::ExtractionRequest;

use super::errors;
use super::input::{Input, Prepared, read};
use super::job::Job;
use super::limits::Limits;
use super::progress::{CallOptions, ProgressReporter};
use super::raw::{QueryResult, RawEstimate, RawExtraction, RawPlan, RawSchema, RawStats};
use super::settings::{Account, Clients, Settings, StepSettings};
use super::sources::{Call, Kept, ReadSources, sources};
use super::stream::{RowStream, StreamSetup};
use super::target::{ModelTarget, Pydantic};
use structx_common::sync::lock;

#[pyclass(frozen, module = "structx._core")]
pub struct Extractor {
    settings: Settings,
    /// The clients and the process that made them; None once closed.
    clients: Mutex<Option<(u32, Clients)>>,
}

/// What [`Extractor::prepare`] reads.
#[derive(IntoPyObject)]
enum RawPrepared {
    One(Prepared),
    Several(ReadSources),
}

/// The state that each job starts with. Locks are taken here, with the GIL.
struct PendingCall {
    clients: Clients,
    pydantic: Pydantic,
    options: RunOptions,
    reporter: Option<Arc<ProgressReporter>>,
}

impl PendingCall {
    async fn open(self) -> Result<OpenCall, Error> {
        let Self { clients, pydantic, options, reporter } = self;
        let clients = clients.for_call(options).await?;
        Ok(OpenCall { clients, pydantic, reporter })
    }
}

/// A call whose files are open.
struct OpenCall {
    clients: Clients,
    pydantic: Pydantic,
    reporter: Option<Arc<ProgressReporter>>,
}

impl OpenCall {
    /// The sources, read for the models of extraction.
    fn sources(&self, input: Input, kept: Option<Arc<Kept>>) -> Sources {
        self.sources_for(&self.clients.extractor, input, kept)
    }

    fn sources_for(&self, step: &Step, input: Input, kept: Option<Arc<Kept>>) -> Sources {
        let (pydantic, reporter) = (&self.pydantic, self.reporter.as_ref());
        sources(input, &Call { pydantic, reporter, sees_images: step.sees_images(), kept })
    }

    /// The output of `work`, after the call is closed and all progress is reported to Python.
    async fn reported<T>(&self, work: impl Future<Output = T>) -> T {
        let done = work.await;
        self.clients.extractor.context.close().await;
        if let Some(reporter) = &self.reporter {
            reporter.finish().await;
        }
        done
    }
}

impl Extractor {
    fn clients(&self) -> PyResult<Clients> {
        let mut slot = lock(&self.clients);
        let process = std::process::id();
        let (owner, clients) = slot.as_mut().ok_or_else(errors::closed)?;
        if *owner != process {
            let own = self.settings.connect()?;
            // Connections of a parent process belong to its runtime: leaked, not closed.
            std::mem::forget(std::mem::replace(clients, own));
            *owner = process;
        }
        Ok(clients.clone())
    }

    fn start(&self, py: Python<'_>, run: CallOptions, plans: bool) -> PyResult<PendingCall> {
        let clients = self.clients()?;
        let (options, mut callbacks) = run.split(self.settings.fail_fast)?;
        callbacks.on_request = self.settings.on_request.as_ref().map(|hook| hook.clone_ref(py));
        if options.max_cost.is_some() {
            clients.check_prices(plans)?;
        }
        let pydantic = Pydantic::new(py, callbacks, self.settings.validator_threads)?;
        let reporter = ProgressReporter::new(&pydantic);
        let observer = reporter.clone().map(|reporter| reporter as Arc<dyn run::Observer>);
        Ok(PendingCall { clients, pydantic, options: RunOptions { observer, ..options }, reporter })
    }
}

#[pymethods]
impl Extractor {
    #[new]
    #[pyo3(signature = (*, models, planning_models, api_key, api_base, api_version, organization,
                        project, headers, ca_file, output_mode, timeout, connect_timeout, first_byte_timeout, extraction_options, planning_options, max_threads, validator_threads, max_retries,
                        min_wait, max_wait, fail_fast, limits, cache, cache_size, prices, on_request, weights))]
    #[expect(clippy::too_many_arguments, reason = "the keyword arguments of the constructor")]
    fn new(
        models: Vec<String>,
        planning_models: Vec<String>,
        api_key: Option<&str>,
        api_base: Option<String>,
        api_version: Option<String>,
        organization: Option<String>,
        project: Option<String>,
        headers: Vec<(String, String)>,
        ca_file: Option<PathBuf>,
        output_mode: Option<&str>,
        timeout: f64,
        connect_timeout: f64,
        first_byte_timeout: Option<f64>,
        extraction_options: &str,
        planning_options: &str,
        max_threads: usize,
        validator_threads: usize,
        max_retries: i64,
        min_wait: f64,
        max_wait: f64,
        fail_fast: bool,
        limits: Option<Py<Limits>>,
        cache: Option<PathBuf>,
        cache_size: u64,
        prices: HashMap<String, (f64, f64, Option<f64>)>,
        on_request: Option<Py<PyAny>>,
        weights: HashMap<String, PathBuf>,
    ) -> PyResult<Self> {
        let price = |(name, (input, output, cached))| (name, Price { input, output, cached });
        let seconds = |name, value| seconds(name, value).map_err(Error::from);
        let output_mode = output_mode.map(registry::output_mode).transpose();
        let retry_policy = RetryPolicy::new(max_retries, min_wait, max_wait);
        let settings = Settings {
            extraction: StepSettings::new(models, extraction_options)?,
            planning: StepSettings::new(planning_models, planning_options)?,
            account: Account {
                api_key: api_key.map(ApiKey::new),
                api_base,
                api_version,
                organization,
                project,
                headers,
            },
            ca_file,
            output_mode: output_mode.map_err(Error::from)?,
            timeouts: Timeouts {
                connect: seconds("connect_timeout", connect_timeout)?,
                first_byte: first_byte_timeout
                    .map(|limit| seconds("first_byte_timeout", limit))
                    .transpose()?,
                whole: seconds("timeout", timeout)?,
            },
            concurrency: max_threads.min(Semaphore::MAX_PERMITS),
            validator_threads,
            retry_policy: retry_policy.map_err(Error::from)?,
            fail_fast,
            limits,
            cache: cache.map(|path| (path, cache_size)),
            prices: prices.into_iter().map(price).collect(),
            weights,
            on_request,
        };
        let clients = Mutex::new(Some((std::process::id(), settings.connect()?)));
        Ok(Self { settings, clients })
    }

    /// The caller's function may hold the extractor: Python's collector must see it.
    #[expect(clippy::needless_pass_by_value, reason = "the signature that pyo3 asks for")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.settings.on_request.as_ref().map_or(Ok(()), |hook| visit.call(hook))
    }

    fn extract(
        &self,
        py: Python<'_>,
        input: Input,
        query: String,
        target: Option<ModelTarget>,
        run: CallOptions,
    ) -> PyResult<Job> {
        let kept = run.keeps_sources().then(Arc::<Kept>::default);
        let start = self.start(py, run, target.is_none())?;
        let target = target.map(Arc::new);
        Ok(Job::new(start.pydantic.clone(), target.clone(), async move {
            let call = start.open().await?;
            let sources = call.sources(input, kept.clone());
            let OpenCall { clients, pydantic, .. } = &call;
            let extract = Box::pin(clients.extract(pydantic, sources, &query, target));
            let extraction = call.reported(extract).await?;
            let kept = kept.map_or_else(Vec::new, |kept| kept.take());
            Ok::<_, Error>(RawExtraction::new(extraction, kept))
        }))
    }

    fn stream(
        &self,
        py: Python<'_>,
        input: Input,
        query: String,
        target: Option<ModelTarget>,
        run: CallOptions,
    ) -> PyResult<RowStream> {
        let start = self.start(py, run, target.is_none())?;
        let pydantic = start.pydantic.clone();
        let target = target.map(Arc::new);
        let (python, given) = (pydantic.clone(), target.clone());
        Ok(RowStream::new(pydantic, target, async move {
            let call = start.open().await?;
            let sources = call.sources(input, None);
            let target = given.map(|target| python.target(target));
            let Clients { planner, extractor, .. } = &call.clients;
            let started = run::start(planner, extractor, &python, sources, &query, target).await;
            let started = match started {
                Ok(started) => started,
                Err(error) => return call.reported(ready(Err(error))).await,
            };
            let OpenCall { clients, reporter, .. } = call;
            Ok(StreamSetup { started, step: clients.extractor, query, reporter })
        }))
    }

    /// Runs all queries at the same time, on data that is read once.
    fn extract_queries(
        &self,
        py: Python<'_>,
        input: Input,
        queries: Vec<String>,
        run: CallOptions,
    ) -> PyResult<Job> {
        let start = self.start(py, run, true)?;
        Ok(Job::new(start.pydantic.clone(), None, async move {
            let call = start.open().await?;
            let kept = Arc::new(Kept::default());
            let sources = call.sources(input, Some(kept.clone()));
            let (are_several, read) = (sources.are_several(), sources.read_all().await?);
            let kept = kept.take();
            let OpenCall { clients, pydantic, .. } = &call;
            let jobs = queries.iter().map(|query| {
                let sources = Sources::read(read.clone(), are_several);
                clients.extract(pydantic, sources, query, None)
            });
            let results = call.reported(join_all(jobs)).await.into_iter();
            let raw = |extraction| RawExtraction::new(extraction, kept.clone());
            Ok::<_, Error>(results.map(|it| QueryResult(it.map(raw))).collect::<Vec<_>>())
        }))
    }

    fn plan(&self, py: Python<'_>, input: Input, query: String, run: CallOptions) -> PyResult<Job> {
        let start = self.start(py, run, true)?;
        Ok(Job::new(start.pydantic.clone(), None, async move {
            let call = start.open().await?;
            let sources = call.sources_for(&call.clients.planner, input, None);
            let OpenCall { clients, pydantic, .. } = &call;
            let plan = run::plan(&clients.planner, pydantic, sources, &query);
            call.reported(Box::pin(plan)).await.map(RawPlan::from)
        }))
    }

    /// `definition` is an `ExtractionRequest` as JSON.
    fn refine(
        &self,
        py: Python<'_>,
        definition: &str,
        instructions: String,
        model_name: Option<String>,
        run: CallOptions,
    ) -> PyResult<Job> {
        let definition: ExtractionRequest = serde_json::from_str(definition)
            .map_err(|error| Error::Schema(format!("the definition: {error}")))?;
        let start = self.start(py, run, true)?;
        Ok(Job::new(start.pydantic.clone(), None, async move {
            let call = start.open().await?;
            let name = model_name.as_deref();
            let OpenCall { clients, pydantic, .. } = &call;
            let refine = clients.planner.refine(pydantic, &definition, &instructions, name);
            call.reported(refine).await?.planned().map(RawPlan::from)
        }))
    }

    /// The compiled schema for each model, in the order in which they are asked. Sends nothing.
    fn explain(&self, py: Python<'_>, target: ModelTarget) -> PyResult<Vec<RawSchema>> {
        let clients = self.clients()?;
        let target = Pydantic::without_validators(py)?.target(Arc::new(target));
        let explained = clients.extractor.clients().map(|client| {
            let schema = target.reply_schema(client)?;
            Ok(RawSchema::new(client, &schema))
        });
        explained.collect()
    }

    /// The likely size, cost and duration of an extraction. Sends nothing.
    fn estimate(
        &self,
        py: Python<'_>,
        input: Input,
        query: String,
        target: Option<ModelTarget>,
    ) -> PyResult<Job> {
        let clients = self.clients()?;
        let pydantic = Pydantic::without_validators(py)?;
        let target = target.map(Arc::new);
        Ok(Job::new(pydantic.clone(), target.clone(), async move {
            let sees_images = clients.extractor.sees_images();
            let call = Call { pydantic: &pydantic, reporter: None, sees_images, kept: None };
            let sources = sources(input, &call);
            let target = target.map(|target| pydantic.target(target));
            let Clients { planner, extractor, .. } = clients;
            let estimate = run::estimate(&planner, &extractor, sources, &query, target.as_ref());
            estimate.await.map(RawEstimate::from)
        }))
    }

    /// What was counted for each model, those of planning last.
    fn stats(&self) -> PyResult<Vec<RawStats>> {
        let Clients { planner, extractor, .. } = self.clients()?;
        let mut models: Vec<RawStats> = Vec::new();
        for client in extractor.clients().chain(planner.clients()) {
            if models.iter().all(|known| *known.model != *client.name) {
                models.push(RawStats::of(client));
            }
        }
        Ok(models)
    }

    /// What is read of one source, or of several.
    fn prepare(&self, py: Python<'_>, input: Input) -> PyResult<Job> {
        let sees_images = self.clients()?.extractor.sees_images();
        let pydantic = Pydantic::without_validators(py)?;
        let python = pydantic.clone();
        Ok(Job::new(pydantic, None, async move {
            if input.is_several() {
                ReadSources::read(input, &python, sees_images).await.map(RawPrepared::Several)
            } else {
                read(input, sees_images).await.map(RawPrepared::One).map_err(Error::from)
            }
        }))
    }

    /// Raises `ExtractionError` once it is closed.
    fn check_open(&self) -> PyResult<()> {
        let slot = lock(&self.clients);
        slot.is_some().then_some(()).ok_or_else(errors::closed)
    }

    /// Refuses further calls; calls in progress finish, and the last one closes the connections.
    fn close(&self) {
        lock(&self.clients).take();
    }
}
