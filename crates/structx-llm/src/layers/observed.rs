//! The report of each request as a layer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::provider::delegate;
use crate::{LlmError, Provider, Request, Response, ResponseFuture};

/// Receives requests as they end. The method is called from any thread and must not block.
pub trait RequestObserver: Send + Sync {
    /// A request has ended, with a response or an error. An aborted one is not reported.
    fn request(&self, event: &RequestEvent<'_>);
}

/// A request that has ended.
#[derive(Debug, Clone, Copy)]
pub struct RequestEvent<'a> {
    /// The caller's name of the model.
    pub model: &'a str,
    pub result: Result<&'a Response, &'a LlmError>,
    pub duration: Duration,
}

/// A provider that reports each request to a [`RequestObserver`].
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use std::sync::{Arc, Mutex};
/// use structx_llm::layers::{Observed, RequestEvent, RequestObserver};
/// use structx_llm::{Provider, Request, Response, Scripted};
///
/// struct Log(Mutex<Vec<String>>);
///
/// impl RequestObserver for Log {
///     fn request(&self, event: &RequestEvent<'_>) {
///         self.0.lock().unwrap().push(format!("{}: {}", event.model, event.result.is_ok()));
///     }
/// }
///
/// let log = Arc::new(Log(Mutex::default()));
/// let provider = Scripted::new([Ok(Response::default())]);
/// let observed = Observed::new(provider, "openai/gpt-4o".into(), Some(log.clone()));
/// assert!(observed.complete(&Request::default()).await.is_ok());
/// assert_eq!(*log.0.lock().unwrap(), ["openai/gpt-4o: true"]);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Observed<P> {
    provider: P,
    model: Arc<str>,
    observer: Option<Arc<dyn RequestObserver>>,
}

impl<P: Provider> Observed<P> {
    /// A provider whose requests are reported under the caller's name of the model.
    #[must_use]
    pub const fn new(
        provider: P,
        model: Arc<str>,
        observer: Option<Arc<dyn RequestObserver>>,
    ) -> Self {
        Self { provider, model, observer }
    }
}

impl<P: Provider> Provider for Observed<P> {
    delegate!(self => self.provider);

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let Some(observer) = &self.observer else { return self.provider.complete(request) };
        Box::pin(async move {
            let begun = Instant::now();
            let mut result = self.provider.complete(request).await;
            let duration = begun.elapsed();
            observer.request(&RequestEvent {
                model: &self.model,
                result: result.as_ref(),
                duration,
            });
            // Only the observer needs the exchange, which holds the whole request.
            match &mut result {
                Ok(response) => response.exchange = None,
                Err(error) => error.exchange = None,
            }
            result
        })
    }
}
