//! The rate limit as a layer around a provider.

use std::sync::Arc;

use super::RateLimiter;
use crate::provider::delegate;
use crate::{Provider, Request, ResponseFuture, tokens};

/// A provider whose requests wait for a permit of a [`RateLimiter`].
///
/// Each outcome is reported to the limiter. Dropping the future gives up the place in the queue, or
/// aborts the request and counts its reserved amount as spent.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use structx_llm::rate_limit::{ConfiguredLimits, RateLimited, SharedLimiter};
/// use structx_llm::{Provider, Request, Response, Scripted};
///
/// let limits = ConfiguredLimits { max_concurrency: Some(2), ..Default::default() };
/// let provider = Scripted::new([Ok(Response::default())]);
/// let limiter = SharedLimiter::new(limits).limiter_for(&provider.address());
/// let limited = RateLimited::new(provider, limiter);
/// assert!(limited.complete(&Request::default()).await.is_ok());
/// # });
/// # Ok::<(), std::io::Error>(())
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
}

impl<P: Provider> Provider for RateLimited<P> {
    delegate!(self => self.provider);

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(async move {
            let is_counted = self.limiter.counts_tokens();
            let prompt_tokens =
                if is_counted { tokens::of_messages(&request.messages) as u64 } else { 0 };
            let permit = self.limiter.acquire(prompt_tokens).await;
            let result = self.provider.complete(request).await;
            permit.report(&result);
            result
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tokio::time::timeout;

    use super::*;
    use crate::rate_limit::{ConfiguredLimits, SharedLimiter};
    use crate::{LlmError, LlmErrorKind, Response, Scripted, Usage, VisionLimits};

    const SHORT: Duration = Duration::from_millis(60);

    fn limited(provider: Scripted) -> RateLimited<Scripted> {
        let limits = ConfiguredLimits { max_concurrency: Some(1), ..ConfiguredLimits::default() };
        let limiter = SharedLimiter::new(limits).limiter_for(&provider.address());
        RateLimited::new(provider, limiter)
    }

    #[tokio::test]
    async fn requests_wait_and_outcomes_are_reported() {
        let response = Response { usage: Usage::of(10, 7), ..Response::default() };
        let (limited, request) = (limited(Scripted::new([Ok(response)])), Request::default());
        let held = limited.limiter.acquire(0).await;
        assert!(timeout(SHORT, limited.complete(&request)).await.is_err());
        let error = LlmError::new(LlmErrorKind::Connection, "scripted", "no connection");
        held.report(&Err(error));
        assert!(limited.provider.requests().is_empty());
        assert!(limited.limiter.typical().is_none());
        let response = timeout(SHORT, limited.complete(&request)).await.unwrap().unwrap();
        assert_eq!(response.usage.completion_tokens, 7);
        assert_eq!(limited.limiter.typical().map(|it| it.completion_tokens), Some(7.0));
    }

    #[tokio::test]
    async fn a_dropped_request_frees_its_permit() {
        let (limited, request) = (limited(Scripted::silent()), Request::default());
        for sent in 1..4 {
            assert!(timeout(SHORT, limited.complete(&request)).await.is_err());
            assert_eq!(limited.provider.requests().len(), sent);
        }
    }

    #[test]
    fn everything_else_is_the_provider_s() {
        let limited = limited(Scripted::silent().deterministic());
        assert_eq!((limited.name(), &*limited.address()), ("scripted", "scripted"));
        assert!(limited.is_deterministic() && limited.plans_nested() && !limited.hides_schema("m"));
        assert_eq!(limited.schema_key("m"), "scripted/m");
        assert_eq!(limited.vision_limits("m"), VisionLimits::NONE);
        assert!(limited.compile("m", "answer", &json!({"type": "object"})).is_ok());
    }
}
