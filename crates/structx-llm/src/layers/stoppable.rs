//! The stop of a call as a layer.

use std::sync::{Arc, OnceLock};

use crate::provider::delegate;
use crate::{LlmError, Provider, Request, ResponseFuture};

/// Tells layers to send no further requests, and why. The first reason wins.
#[derive(Debug, Default)]
pub struct StopSignal {
    reason: OnceLock<LlmError>,
    parent: Option<Arc<Self>>,
}

impl StopSignal {
    /// A signal that is also given when `self` is.
    #[must_use]
    pub fn child(self: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { reason: OnceLock::new(), parent: Some(self.clone()) })
    }

    /// Gives the signal: requests from now on fail with `reason`.
    pub fn stop(&self, reason: LlmError) {
        // A signal that was given before keeps its reason.
        drop(self.reason.set(reason));
    }

    /// The reason, if the signal was given.
    #[must_use]
    pub fn reason(&self) -> Option<&LlmError> {
        let parent = || self.parent.as_ref().and_then(|parent| parent.reason());
        self.reason.get().or_else(parent)
    }
}

/// A provider that sends no requests once a [`StopSignal`] is given. Requests in flight go on.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use std::sync::Arc;
/// use structx_llm::layers::{StopSignal, Stoppable};
/// use structx_llm::{LlmError, LlmErrorKind, Provider, Request, Response, Scripted};
///
/// let signal = Arc::new(StopSignal::default());
/// let provider = Scripted::new([Ok(Response::default())]);
/// let stoppable = Stoppable::new(provider, signal.clone());
/// assert!(stoppable.complete(&Request::default()).await.is_ok());
///
/// signal.stop(LlmError::new(LlmErrorKind::Stopped, "scripted", "the disk is full"));
/// let error = stoppable.complete(&Request::default()).await.unwrap_err();
/// assert_eq!(error.message, "the disk is full");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stoppable<P> {
    provider: P,
    signal: Arc<StopSignal>,
}

impl<P: Provider> Stoppable<P> {
    /// A provider that heeds `signal`.
    #[must_use]
    pub const fn new(provider: P, signal: Arc<StopSignal>) -> Self {
        Self { provider, signal }
    }
}

impl<P: Provider> Provider for Stoppable<P> {
    delegate!(self => self.provider);

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        match self.signal.reason() {
            None => self.provider.complete(request),
            Some(reason) => {
                let error = Err(reason.clone());
                Box::pin(async { error })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::{ConfiguredLimits, RateLimited, SharedLimiter};
    use crate::{LlmErrorKind, Response, Scripted};

    fn reason(message: &str) -> LlmError {
        LlmError::new(LlmErrorKind::Stopped, "test", message)
    }

    #[test]
    fn a_child_has_its_parent_s_reason_and_not_the_other_way() {
        let parent = Arc::new(StopSignal::default());
        let (one, other) = (parent.child(), parent.child());
        one.stop(reason("own"));
        assert!(parent.reason().is_none() && other.reason().is_none());
        parent.stop(reason("first"));
        parent.stop(reason("second"));
        let reasons = [&one, &other].map(|signal| signal.reason().unwrap().message.clone());
        assert_eq!(reasons, ["own", "first"]);
    }

    #[tokio::test]
    async fn a_stop_while_the_rate_limit_is_awaited_sends_nothing_and_frees_the_permit() {
        let signal = Arc::new(StopSignal::default());
        let limits = ConfiguredLimits { max_concurrency: Some(1), ..ConfiguredLimits::default() };
        let limiter = SharedLimiter::new(limits).limiter_for("test");
        let scripted = Arc::new(Scripted::new([Ok(Response::default())]));
        let stoppable = Stoppable::new(scripted.clone(), signal.clone());
        let limited = RateLimited::new(stoppable, limiter.clone());
        let held = limiter.acquire(0).await;
        let request = Request::default();
        let stop = async {
            signal.stop(reason("stopped"));
            drop(held);
        };
        let (result, ()) = tokio::join!(limited.complete(&request), stop);
        assert_eq!(result.unwrap_err().message, "stopped");
        assert!(scripted.requests().is_empty());
        drop(limiter.acquire(0).await);
    }
}
