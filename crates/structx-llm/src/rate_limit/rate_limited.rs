//! The rate limit as a layer around a provider.

use std::convert::Infallible;
use std::sync::Arc;

use serde_json::Value;
use structx_schema::{OutputSchema, SchemaError};

use super::RateLimiter;
use crate::{LlmError, Provider, Request, Response, ResponseFuture, VisionLimits, tokens};

/// A provider whose requests wait for a permit of a [`RateLimiter`].
///
/// Each outcome is reported to the limiter. Dropping the future gives up the place in the queue, or
/// aborts the request and counts its reserved amount as spent.
///
/// ```
/// use structx_llm::providers::registry::{ModelSettings, provider};
/// use structx_llm::rate_limit::{ConfiguredLimits, RateLimited, SharedLimiter};
/// use structx_llm::{Provider, Request};
///
/// let settings = ModelSettings { model: "ollama/llama3.2".to_owned(), ..Default::default() };
/// let (ollama, model) = provider(&settings, |_| None)?;
/// let limits = ConfiguredLimits { max_concurrency: Some(2), ..Default::default() };
/// let limiter = SharedLimiter::new(limits).limiter_for(&ollama.address());
/// let limited = RateLimited::new(ollama, limiter);
/// assert_eq!(limited.name(), "ollama");
///
/// // Waits for a permit, but sends nothing: the caller has stopped meanwhile.
/// let request = Request { model, messages: vec![], schema: None, options: Default::default() };
/// let result = tokio::runtime::Builder::new_current_thread()
///     .enable_all()
///     .build()?
///     .block_on(limited.complete_unless(&request, || Some("stopped")));
/// assert_eq!(result, Err("stopped"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RateLimited<P> {
    provider: P,
    limiter: Arc<RateLimiter>,
}

impl<P: Provider> RateLimited<P> {
    /// A provider that shares `limiter` with all others that hold it.
    #[must_use]
    pub const fn new(provider: P, limiter: Arc<RateLimiter>) -> Self {
        Self { provider, limiter }
    }

    /// The limiter, for its limits and its average request.
    #[must_use]
    pub fn limiter(&self) -> &RateLimiter {
        &self.limiter
    }

    /// Waits for a permit, then sends the request unless `stopped` returns a reason. The wait may be
    /// long, so a caller that can be stopped checks here, not before the call.
    ///
    /// # Errors
    /// The reason of `stopped`; nothing was sent then. The inner result is the provider's.
    pub async fn complete_unless<S>(
        &self,
        request: &Request,
        stopped: impl FnOnce() -> Option<S>,
    ) -> Result<Result<Response, LlmError>, S> {
        let prompt_tokens = tokens::of_messages(&request.messages) as u64;
        let permit = self.limiter.acquire(prompt_tokens).await;
        if let Some(reason) = stopped() {
            return Err(reason);
        }
        let result = self.provider.complete(request).await;
        permit.report(&result);
        Ok(result)
    }
}

impl<P: Provider> Provider for RateLimited<P> {
    fn name(&self) -> &str {
        self.provider.name()
    }

    fn address(&self) -> String {
        self.provider.address()
    }

    fn compile(
        &self,
        model: &str,
        name: &str,
        schema: &Value,
    ) -> Result<OutputSchema, SchemaError> {
        self.provider.compile(model, name, schema)
    }

    fn schema_key(&self, model: &str) -> String {
        self.provider.schema_key(model)
    }

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(async move {
            match self.complete_unless(request, || None::<Infallible>).await {
                Ok(result) => result,
                Err(never) => match never {},
            }
        })
    }

    fn is_deterministic(&self) -> bool {
        self.provider.is_deterministic()
    }

    fn plans_nested(&self) -> bool {
        self.provider.plans_nested()
    }

    fn hides_schema(&self, model: &str) -> bool {
        self.provider.hides_schema(model)
    }

    fn vision_limits(&self, model: &str) -> VisionLimits {
        self.provider.vision_limits(model)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::rate_limit::{ConfiguredLimits, SharedLimiter};
    use crate::{LlmErrorKind, Usage};

    const SHORT: Duration = Duration::from_millis(60);

    /// Counts requests; never answers if `hangs`.
    #[derive(Default)]
    struct Counting {
        asked: AtomicUsize,
        hangs: bool,
    }

    impl Provider for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }

        fn address(&self) -> String {
            "here".to_owned()
        }

        fn compile(&self, _: &str, name: &str, _: &Value) -> Result<OutputSchema, SchemaError> {
            structx_schema::dialect::compile(
                structx_schema::dialect::Dialect::OpenAi,
                crate::Capabilities::of("openai", "gpt-4o").methods,
                name,
                &serde_json::json!({"type": "object"}),
            )
        }

        fn complete<'a>(&'a self, _: &'a Request) -> ResponseFuture<'a> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {
                if self.hangs {
                    pending::<()>().await;
                }
                Ok(Response { usage: Usage::of(10, 7), ..Response::default() })
            })
        }

        fn is_deterministic(&self) -> bool {
            true
        }

        fn vision_limits(&self, _: &str) -> VisionLimits {
            VisionLimits::NONE
        }
    }

    fn limited(hangs: bool) -> RateLimited<Arc<Counting>> {
        let limits = ConfiguredLimits { max_concurrency: Some(1), ..ConfiguredLimits::default() };
        let provider = Arc::new(Counting { hangs, ..Counting::default() });
        let limiter = SharedLimiter::new(limits).limiter_for(&provider.address());
        RateLimited::new(provider, limiter)
    }

    fn request() -> Request {
        Request { model: "m".into(), messages: vec![], schema: None, options: Arc::default() }
    }

    #[tokio::test]
    async fn requests_wait_and_outcomes_are_reported() {
        let (limited, request) = (limited(false), request());
        let held = limited.limiter().acquire(0).await;
        assert!(timeout(SHORT, limited.complete(&request)).await.is_err());
        let error = LlmError::new(LlmErrorKind::Connection, "counting", "no connection");
        held.report(&Err(error));
        assert_eq!(limited.provider.asked.load(Ordering::Relaxed), 0);
        assert!(limited.limiter().typical().is_none());
        let response = timeout(SHORT, limited.complete(&request)).await.unwrap().unwrap();
        assert_eq!(response.usage.completion_tokens, 7);
        assert_eq!(limited.limiter().typical().map(|it| it.completion_tokens), Some(7.0));
    }

    #[tokio::test]
    async fn a_stop_during_the_wait_sends_nothing_and_frees_the_permit() {
        let (limited, request) = (limited(false), request());
        let result = limited.complete_unless(&request, || Some("stopped")).await;
        assert_eq!(result, Err("stopped"));
        assert_eq!(limited.provider.asked.load(Ordering::Relaxed), 0);
        assert!(timeout(SHORT, limited.complete(&request)).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_dropped_request_frees_its_permit() {
        let (limited, request) = (limited(true), request());
        for asked in 1..4 {
            assert!(timeout(SHORT, limited.complete(&request)).await.is_err());
            assert_eq!(limited.provider.asked.load(Ordering::Relaxed), asked);
        }
    }

    #[test]
    fn everything_else_is_the_provider_s() {
        let limited = limited(false);
        assert_eq!((limited.name(), &*limited.address()), ("counting", "here"));
        assert!(limited.is_deterministic() && limited.plans_nested() && !limited.hides_schema("m"));
        assert_eq!(limited.schema_key("m"), "counting/m");
        assert_eq!(limited.vision_limits("m"), VisionLimits::NONE);
        assert!(limited.compile("m", "answer", &Value::Null).is_ok());
    }
}
