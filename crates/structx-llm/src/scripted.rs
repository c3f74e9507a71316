//! A provider with scripted responses, for tests and examples.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Mutex;

use serde_json::Value;
use structx_schema::dialect::{Dialect, compile};
use structx_schema::{OutputSchema, SchemaError};

use crate::{
    Capabilities, LlmError, LlmErrorKind, Provider, Request, Response, ResponseFuture, VisionLimits,
};
use structx_common::sync::lock;

/// A provider that returns given results in order, and remembers the requests.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use structx_llm::{Provider, Request, Response, Scripted};
///
/// let provider = Scripted::new([Ok(Response::default())]);
/// assert!(provider.complete(&Request::default()).await.is_ok());
/// assert!(provider.complete(&Request::default()).await.is_err());
/// assert_eq!(provider.requests().len(), 2);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Scripted {
    results: Mutex<VecDeque<Result<Response, LlmError>>>,
    requests: Mutex<Vec<Request>>,
    is_silent: bool,
    is_deterministic: bool,
}

impl Scripted {
    /// A provider that returns `results`, then errors of the kind [`LlmErrorKind::Engine`].
    #[must_use]
    pub fn new(results: impl IntoIterator<Item = Result<Response, LlmError>>) -> Self {
        Self { results: Mutex::new(results.into_iter().collect()), ..Self::default() }
    }

    /// A provider that never responds.
    #[must_use]
    pub fn silent() -> Self {
        Self { is_silent: true, ..Self::default() }
    }

    /// The same provider, for a model that gives equal responses to equal requests.
    #[must_use]
    pub fn deterministic(self) -> Self {
        Self { is_deterministic: true, ..self }
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }
}

impl Provider for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn address(&self) -> String {
        "scripted".to_owned()
    }

    fn compile(
        &self,
        _model: &str,
        name: &str,
        schema: &Value,
    ) -> Result<OutputSchema, SchemaError> {
        compile(Dialect::OpenAi, Capabilities::of("openai", "gpt-4o").methods, name, schema)
    }

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(async {
            lock(&self.requests).push(request.clone());
            if self.is_silent {
                return pending().await;
            }
            let end =
                || Err(LlmError::new(LlmErrorKind::Engine, "scripted", "the script has ended"));
            let next = lock(&self.results).pop_front();
            next.unwrap_or_else(end)
        })
    }

    fn is_deterministic(&self) -> bool {
        self.is_deterministic
    }

    fn vision_limits(&self, _model: &str) -> VisionLimits {
        VisionLimits::NONE
    }
}
