//! The end of a model after errors that every further request would get, as a layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::StopSignal;
use crate::provider::delegate;
use crate::retry::RetryPolicy;
use crate::{LlmError, LlmErrorKind, Provider, Request, ResponseFuture, Usage};

/// So many errors in a row, without a success between them, stop the requests to a model: one may be a
/// mistake of the server. Chosen by hand, not measured.
const MAX_FAILURES: u32 = 3;

/// What the requests of one call have shown about a model. Its steps share it.
#[derive(Debug, Default)]
pub struct ModelState {
    stop: Arc<StopSignal>,
    /// Lasting errors since the last success.
    failures: AtomicU32,
}

impl ModelState {
    /// The state of a model in a call that `stop` ends.
    #[must_use]
    pub fn new(stop: &Arc<StopSignal>) -> Self {
        Self { stop: stop.child(), failures: AtomicU32::new(0) }
    }

    /// Is given after three lasting errors in a row, or when the call is stopped.
    #[must_use]
    pub const fn stop(&self) -> &Arc<StopSignal> {
        &self.stop
    }
}

/// A provider that gives the [stop signal](ModelState::stop) of its model after three errors in a
/// row that every further request would get: a key or credit that is refused, an unknown model, a
/// limit that resets later than the retry policy waits.
///
/// A [`Stoppable`](super::Stoppable) in front of it then refuses requests with the last error,
/// marked as [not sent](LlmError::is_unsent).
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use std::sync::Arc;
/// use structx_llm::layers::{FailFast, ModelState, Stoppable};
/// use structx_llm::retry::RetryPolicy;
/// use structx_llm::{LlmError, LlmErrorKind, Provider, Request, Scripted};
///
/// let policy = RetryPolicy::new(3, 1.0, 10.0).unwrap();
/// let refused = LlmError::new(LlmErrorKind::Authentication, "openai", "unknown key");
/// let provider = Arc::new(Scripted::new([(); 3].map(|()| Err(refused.clone()))));
/// let state = Arc::new(ModelState::default());
/// let model = FailFast::new(provider.clone(), Some(state.clone()), policy);
/// let model = Stoppable::new(model, state.stop().clone());
/// for _ in 0..2_000 {
///     assert!(model.complete(&Request::default()).await.is_err());
/// }
/// assert_eq!(provider.requests().len(), 3);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FailFast<P> {
    provider: P,
    state: Option<Arc<ModelState>>,
    policy: RetryPolicy,
}

impl<P: Provider> FailFast<P> {
    /// A provider whose errors are counted in `state`; `None` counts nothing.
    #[must_use]
    pub const fn new(provider: P, state: Option<Arc<ModelState>>, policy: RetryPolicy) -> Self {
        Self { provider, state, policy }
    }
}

impl<P: Provider> Provider for FailFast<P> {
    delegate!(self => self.provider);

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let Some(state) = &self.state else { return self.provider.complete(request) };
        Box::pin(async move {
            let result = self.provider.complete(request).await;
            match &result {
                Ok(_) => state.failures.store(0, Ordering::Relaxed),
                Err(error) if self.is_lasting(error) => {
                    if state.failures.fetch_add(1, Ordering::Relaxed) + 1 == MAX_FAILURES {
                        state.stop.stop(unsent(error));
                    }
                }
                Err(_) => {}
            }
            result
        })
    }
}

impl<P> FailFast<P> {
    /// Whether the error is about the account or the model, not about one request.
    fn is_lasting(&self, error: &LlmError) -> bool {
        matches!(error.kind, LlmErrorKind::Authentication | LlmErrorKind::Quota)
            || matches!(error.status, Some(401..=404))
            || !self.policy.can_wait(error.retry_after)
    }
}

/// The error of requests that are not sent, after `error` has ended the last of those that were.
fn unsent(error: &LlmError) -> LlmError {
    LlmError {
        message: format!(
            "{}; not sent, as {MAX_FAILURES} requests in a row had ended so",
            error.message
        ),
        request_id: None,
        usage: Usage::default(),
        limits: None,
        is_unsent: true,
        ..error.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Stoppable;
    use super::*;
    use crate::{Response, Scripted};

    fn error(kind: LlmErrorKind, status: u16) -> LlmError {
        let error = LlmError::new(kind, "test", "refused");
        LlmError { status: Some(status), request_id: Some("id".to_owned()), ..error }
    }

    /// The number of requests that are sent of ten, and the last error.
    async fn sent(results: Vec<Result<Response, LlmError>>) -> (usize, Option<LlmError>) {
        let count = results.len();
        let scripted = Arc::new(Scripted::new(results));
        let state = Arc::new(ModelState::default());
        let policy = RetryPolicy::new(3, 1.0, 120.0).unwrap();
        let model = FailFast::new(scripted.clone(), Some(state.clone()), policy);
        let model = Stoppable::new(model, state.stop().clone());
        let mut last = None;
        for _ in 0..count {
            last = model.complete(&Request::default()).await.err();
        }
        (scripted.requests().len(), last)
    }

    #[tokio::test]
    async fn three_lasting_errors_in_a_row_stop_the_model() {
        for (kind, status) in [
            (LlmErrorKind::Authentication, 401),
            (LlmErrorKind::Authentication, 403),
            (LlmErrorKind::Quota, 402),
            (LlmErrorKind::Quota, 429),
            (LlmErrorKind::Rejected, 404),
        ] {
            let (count, last) = sent(vec![Err(error(kind, status)); 10]).await;
            let last = last.unwrap();
            assert_eq!((count, last.kind, last.is_unsent), (3, kind, true));
            assert_eq!((last.status, last.request_id), (Some(status), None));
            assert_eq!(last.message, "refused; not sent, as 3 requests in a row had ended so");
        }
    }

    #[tokio::test]
    async fn a_limit_stops_the_model_if_it_resets_later_than_a_retry_waits() {
        for (seconds, requests) in [(120, 10), (121, 3)] {
            let retry_after = Some(Duration::from_secs(seconds));
            let error = LlmError { retry_after, ..error(LlmErrorKind::RateLimit, 429) };
            let (count, last) = sent(vec![Err(error); 10]).await;
            assert_eq!((count, last.unwrap().retry_after), (requests, retry_after));
        }
    }

    #[tokio::test]
    async fn other_errors_do_not_count_and_do_not_contradict() {
        let lasting = || Err(error(LlmErrorKind::Authentication, 401));
        for (kind, status) in [
            (LlmErrorKind::Rejected, 400),
            (LlmErrorKind::RateLimit, 429),
            (LlmErrorKind::Server, 500),
        ] {
            let other = || Err(error(kind, status));
            assert_eq!(sent(vec![other(); 10]).await.0, 10);
            assert_eq!(sent(vec![lasting(), other(), lasting(), lasting(), other()]).await.0, 4);
        }
    }

    #[tokio::test]
    async fn a_success_contradicts() {
        let lasting = || Err(error(LlmErrorKind::Quota, 402));
        let success = || Ok(Response::default());
        let results = vec![lasting(), lasting(), success(), lasting(), lasting(), success()];
        assert_eq!(sent(results).await.0, 6);
    }
}
