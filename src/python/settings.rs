//! The settings of an extractor, and the clients made of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::prelude::*;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::embedded::{LocalOptions, LocalProvider};
use crate::llm::Provider;
use crate::llm::http::{ApiKey, Timeouts};
use crate::llm::price::Price;
use crate::llm::providers::registry;
use crate::llm::rate_limit::{self, SharedLimiter};
use crate::llm::retry::RetryPolicy;
use crate::run::error::Error;
use crate::run::{self, Cache, Client, Extraction, RunContext, RunOptions, Sources, Step};
use crate::schema::OutputMode;

use super::limits::Limits;
use super::target::{ModelTarget, Pydantic, PydanticTarget};

/// The settings of an extractor. Each process makes its own clients and connections of them.
pub struct Settings {
    pub extraction: StepSettings,
    pub planning: StepSettings,
    pub account: Account,
    /// The trusted certificate authorities.
    pub ca_file: Option<PathBuf>,
    pub output_mode: Option<OutputMode>,
    pub timeouts: Timeouts,
    pub concurrency: usize,
    /// Validators of one call that run at a time.
    pub validator_threads: usize,
    pub retry_policy: RetryPolicy,
    /// For calls that do not choose.
    pub fail_fast: bool,
    pub limits: Option<Py<Limits>>,
    /// The file and its largest size in bytes.
    pub cache: Option<(PathBuf, u64)>,
    /// By the caller's names of models.
    pub prices: HashMap<String, Price>,
    /// The files of the `local/` models of the steps.
    pub weights: HashMap<String, PathBuf>,
    /// Called after each request.
    pub on_request: Option<Py<PyAny>>,
}

/// The settings for one provider: that of the first extraction model, or of any other model if that
/// one runs in this process.
#[derive(Clone, Default)]
pub struct Account {
    pub api_key: Option<ApiKey>,
    pub api_base: Option<String>,
    pub api_version: Option<String>,
    pub organization: Option<String>,
    pub project: Option<String>,
    pub headers: Vec<(String, String)>,
}

/// The models of a step, asked in turn, and the options sent with its requests.
#[derive(PartialEq)]
pub struct StepSettings {
    model: String,
    fallbacks: Vec<String>,
    options: Arc<Map<String, Value>>,
}

/// The clients for planning and for extraction.
#[derive(Clone)]
pub struct Clients {
    pub planner: Step,
    pub extractor: Step,
    pub cache: Option<CacheFile>,
}

/// A cache file, opened at its first use.
#[derive(Clone)]
pub struct CacheFile {
    path: PathBuf,
    bytes: u64,
    open: Arc<OnceCell<Cache>>,
}

impl CacheFile {
    async fn open(&self) -> Result<Cache, Error> {
        let open = || async { Cache::open(&self.path, self.bytes).await.map_err(Error::Config) };
        self.open.get_or_try_init(open).await.cloned()
    }
}

impl StepSettings {
    pub fn new(models: Vec<String>, options: &str) -> Result<Self, Error> {
        let options = serde_json::from_str(options)
            .map_err(|error| Error::Config(format!("the options of the provider: {error}")))?;
        let mut models = models.into_iter();
        let model = models.next().ok_or_else(|| Error::Config("there is no model".to_owned()))?;
        Ok(Self { model, fallbacks: models.collect(), options: Arc::new(options) })
    }
}

impl Settings {
    pub fn connect(&self) -> Result<Clients, Error> {
        let limiter = match &self.limits {
            Some(limits) => limits
                .get()
                .limiter()
                .map_err(|error| Error::Config(format!("the file of the limits: {error}")))?,
            None => SharedLimiter::new(rate_limit::ConfiguredLimits::default()),
        };
        let extractor = self.step(&self.extraction, &limiter)?;
        let planner = if self.planning == self.extraction {
            extractor.clone()
        } else {
            self.step(&self.planning, &limiter)?
        };
        let cache = self.cache.clone();
        let cache = cache.map(|(path, bytes)| CacheFile { path, bytes, open: Arc::default() });
        Ok(Clients { planner, extractor, cache })
    }

    fn step(&self, step: &StepSettings, limiter: &Arc<SharedLimiter>) -> Result<Step, Error> {
        let client = |model: &String| self.client(model, &step.options, limiter);
        Ok(Step {
            client: client(&step.model)?,
            fallbacks: step.fallbacks.iter().map(client).collect::<Result<_, _>>()?,
            retry_policy: self.retry_policy,
            concurrency: self.concurrency,
            context: Arc::new(RunContext::new(self.concurrency)),
        })
    }

    fn client(
        &self,
        name: &str,
        options: &Arc<Map<String, Value>>,
        limiter: &Arc<SharedLimiter>,
    ) -> Result<Client, Error> {
        let price = self.prices.get(name).copied();
        let (provider, model, options, price) = match self.weights.get(name) {
            Some(weights) if self.output_mode.is_none_or(|mode| mode == OutputMode::Strict) => {
                let provider = local(name, weights, options)?;
                (provider, name.into(), Arc::default(), price.or(Some(Price::NOTHING)))
            }
            Some(_) => {
                let message = format!("{name} takes the output_mode strict alone");
                return Err(Error::Config(message));
            }
            None => {
                let (provider, model) = self.remote(name)?;
                (provider, model, options.clone(), price)
            }
        };
        // Providers have separate limits for each model.
        let limiter = limiter.limiter_for(&format!("{} {model}", provider.address()));
        Ok(Client { provider, limiter, model, name: name.into(), options, price })
    }

    fn remote(&self, name: &str) -> Result<(Arc<dyn Provider>, Arc<str>), Error> {
        let (first, has_base) = (&self.extraction.model, self.account.api_base.is_some());
        let is_theirs =
            self.weights.contains_key(first) || registry::same_provider(name, first, has_base);
        let account = if is_theirs { self.account.clone() } else { Account::default() };
        let Account { api_key, api_base, api_version, organization, project, headers } = account;
        let settings = registry::ModelSettings {
            model: name.to_owned(),
            api_key,
            api_base,
            api_version,
            organization,
            project,
            headers,
            ca_file: self.ca_file.clone(),
            timeouts: self.timeouts,
            output_mode: self.output_mode,
            records: self.on_request.is_some(),
        };
        Ok(registry::provider(&settings, |name| std::env::var(name).ok())?)
    }
}

fn local(
    name: &str,
    weights: &Path,
    options: &Map<String, Value>,
) -> Result<Arc<dyn Provider>, Error> {
    let options: LocalOptions = serde_json::from_value(Value::Object(options.clone()))
        .map_err(|error| Error::Config(format!("{name}: {error}")))?;
    Ok(Arc::new(LocalProvider::open(weights.to_owned(), options)?))
}

impl Clients {
    /// The clients of one call, whose steps share its permits and bounds.
    pub async fn for_call(self, options: RunOptions) -> Result<Self, Error> {
        let Self { planner, extractor, cache } = self;
        let opened = match &cache {
            Some(file) => Some(file.open().await?),
            None => None,
        };
        let concurrency = extractor.concurrency;
        let context =
            RunContext::open(RunOptions { concurrency, cache: opened, ..options }).await?;
        let context = Arc::new(context);
        let planner = Step { context: context.clone(), ..planner };
        Ok(Self { planner, extractor: Step { context, ..extractor }, cache })
    }

    pub async fn extract(
        &self,
        pydantic: &Pydantic,
        sources: Sources,
        query: &str,
        target: Option<Arc<ModelTarget>>,
    ) -> Result<Extraction<PydanticTarget>, Error> {
        let target = target.map(|target| pydantic.target(target));
        let Self { planner, extractor, .. } = self;
        run::extract(planner, extractor, pydantic, sources, query, target).await
    }

    /// # Errors
    /// [`Error::Config`]: the price of a model is not known.
    pub fn check_prices(&self, plans: bool) -> Result<(), Error> {
        let planners = self.planner.clients().filter(|_| plans);
        match planners.chain(self.extractor.clients()).find(|client| client.price.is_none()) {
            None => Ok(()),
            Some(Client { name, .. }) => Err(Error::Config(format!(
                "max_cost needs the price of {name}: give the extractor prices={{\"{name}\": \
                 {{\"input\": ..., \"output\": ...}}}}, in US dollars for a million tokens, or \
                 prices=\"genai-prices\" for those that this package knows"
            ))),
        }
    }
}
