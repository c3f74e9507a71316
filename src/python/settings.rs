//! The settings of an extractor, and the clients made of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::prelude::*;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::embedded::{LocalOptions, LocalProvider};
use crate::error::Error;
use crate::llm::Provider;
use crate::llm::limit::{self, Limiter};
use crate::llm::price::Price;
use crate::llm::registry;
use crate::llm::retry::Backoff;
use crate::llm::transport::{ApiKey, Timeouts};
use crate::run::{self, Cache, Call, CallOptions, Client, Operation};
use crate::schema::Method;

use super::input::Prepared;
use super::limits::Limits;
use super::raw::RawExtraction;
use super::target::{ModelTarget, Pydantic};

/// The settings of an extractor. Each process makes its own clients and connections of them.
pub struct Settings {
    pub extraction: Step,
    pub planning: Step,
    pub api_key: Option<ApiKey>,
    pub api_base: Option<String>,
    pub api_version: Option<String>,
    pub output_mode: Option<Method>,
    pub timeouts: Timeouts,
    pub concurrency: usize,
    /// Validators of one call that run at a time.
    pub validator_threads: usize,
    pub backoff: Backoff,
    pub limits: Option<Py<Limits>>,
    /// The file and its largest size in bytes.
    pub cache: Option<(PathBuf, u64)>,
    /// By the caller's names of models.
    pub prices: HashMap<String, Price>,
    /// The files of the `local/` models of the steps.
    pub weights: HashMap<String, PathBuf>,
}

/// The models of a step, asked in turn, and the options sent with its requests.
#[derive(PartialEq)]
pub struct Step {
    model: String,
    fallbacks: Vec<String>,
    options: Arc<Map<String, Value>>,
}

/// The clients for planning and for extraction.
#[derive(Clone)]
pub struct Clients {
    pub planner: Operation,
    pub extractor: Operation,
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

impl Step {
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
            Some(limits) => limits.get().limiter(),
            None => Limiter::new(limit::Limits::default()),
        };
        let extractor = self.operation(&self.extraction, &limiter)?;
        let planner = if self.planning == self.extraction {
            extractor.clone()
        } else {
            self.operation(&self.planning, &limiter)?
        };
        let cache = self.cache.clone();
        let cache = cache.map(|(path, bytes)| CacheFile { path, bytes, open: Arc::default() });
        Ok(Clients { planner, extractor, cache })
    }

    fn operation(&self, step: &Step, limiter: &Arc<Limiter>) -> Result<Operation, Error> {
        let client = |model: &String| self.client(model, &step.options, limiter);
        Ok(Operation {
            client: client(&step.model)?,
            fallbacks: step.fallbacks.iter().map(client).collect::<Result<_, _>>()?,
            backoff: self.backoff,
            concurrency: self.concurrency,
            call: Arc::new(Call::new(self.concurrency)),
        })
    }

    fn client(
        &self,
        name: &str,
        options: &Arc<Map<String, Value>>,
        limiter: &Arc<Limiter>,
    ) -> Result<Client, Error> {
        let price = self.prices.get(name).copied();
        let (provider, model, options, price) = match self.weights.get(name) {
            Some(weights) if self.output_mode.is_none_or(|mode| mode == Method::Strict) => {
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
        let gate = limiter.gate(&format!("{} {model}", provider.address()));
        Ok(Client { provider, model, name: name.into(), options, gate, price })
    }

    fn remote(&self, name: &str) -> Result<(Arc<dyn Provider>, Arc<str>), Error> {
        // The caller's key and address are for one provider: that of the first extraction model, or
        // of any other model if that one runs in this process.
        let first = &self.extraction.model;
        let is_theirs = self.weights.contains_key(first)
            || registry::same_provider(name, first, self.api_base.is_some());
        let settings = registry::Settings {
            model: name.to_owned(),
            api_key: self.api_key.clone().filter(|_| is_theirs),
            api_base: self.api_base.clone().filter(|_| is_theirs),
            api_version: self.api_version.clone().filter(|_| is_theirs),
            timeouts: self.timeouts,
            output_mode: self.output_mode,
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
    /// The clients of one call, whose operations share its permits and bounds.
    pub async fn for_call(self, options: CallOptions) -> Result<Self, Error> {
        let Self { planner, extractor, cache } = self;
        let opened = match &cache {
            Some(file) => Some(file.open().await?),
            None => None,
        };
        let concurrency = extractor.concurrency;
        let call = Call::open(CallOptions { concurrency, cache: opened, ..options }).await?;
        let call = Arc::new(call);
        let planner = Operation { call: call.clone(), ..planner };
        Ok(Self { planner, extractor: Operation { call, ..extractor }, cache })
    }

    pub async fn extract(
        &self,
        pydantic: &Pydantic,
        prepared: Prepared,
        query: &str,
        target: Option<Arc<ModelTarget>>,
    ) -> Result<RawExtraction, Error> {
        let target = target.map(|target| pydantic.target(target));
        let Self { planner, extractor, .. } = self;
        run::extract(planner, extractor, pydantic, &prepared.content, query, target)
            .await
            .map(|extraction| RawExtraction::new(extraction, prepared))
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
