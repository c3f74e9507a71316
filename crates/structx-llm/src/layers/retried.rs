//! Retries after transient errors as a layer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::provider::delegate;
use crate::retry::RetryPolicy;
use crate::{LlmError, Provider, Request, ResponseFuture};
use structx_common::sync::lock;

/// The requests that may be sent for one prompt: its retries, and whatever else a caller asks for
/// it, share them.
#[derive(Debug)]
pub struct AttemptBudget {
    policy: RetryPolicy,
    begun: AtomicU32,
    failed: Mutex<Vec<LlmError>>,
}

impl AttemptBudget {
    /// A budget of `max_retries + 1` requests.
    #[must_use]
    pub const fn new(policy: RetryPolicy) -> Self {
        Self { policy, begun: AtomicU32::new(0), failed: Mutex::new(Vec::new()) }
    }

    /// Whether another request may be sent.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.begun.load(Ordering::Relaxed) <= self.policy.max_retries
    }

    /// Takes the errors of the requests that were sent again since the last call.
    #[must_use]
    pub fn take_failed(&self) -> Vec<LlmError> {
        std::mem::take(&mut *self.failed())
    }

    fn failed(&self) -> MutexGuard<'_, Vec<LlmError>> {
        lock(&self.failed)
    }
}

/// A provider that sends a request again after a transient error, with the delays of a
/// [`RetryPolicy`], while an [`AttemptBudget`] has requests left, and unless the provider asks for a
/// wait that is [too long](RetryPolicy::can_wait).
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use structx_llm::layers::{AttemptBudget, Retried};
/// use structx_llm::retry::RetryPolicy;
/// use structx_llm::{LlmError, LlmErrorKind, Provider, Request, Response, Scripted};
///
/// let busy = LlmError::new(LlmErrorKind::Server, "scripted", "busy");
/// let provider = Scripted::new([Err(busy.clone()), Ok(Response::default())]);
/// let budget = AttemptBudget::new(RetryPolicy::new(3, 0.0, 0.0).unwrap());
/// let retried = Retried::new(&provider, &budget);
/// assert!(retried.complete(&Request::default()).await.is_ok());
/// assert_eq!(budget.take_failed(), [busy]);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Retried<'a, P> {
    provider: P,
    budget: &'a AttemptBudget,
}

impl<'a, P: Provider> Retried<'a, P> {
    /// A provider whose requests are counted in `budget`.
    #[must_use]
    pub const fn new(provider: P, budget: &'a AttemptBudget) -> Self {
        Self { provider, budget }
    }

    fn is_retried(&self, error: &LlmError) -> bool {
        let can_wait = self.budget.policy.can_wait(error.retry_after);
        error.kind.is_transient() && can_wait && self.budget.has_left()
    }
}

impl<P: Provider> Provider for Retried<'_, P> {
    delegate!(self => self.provider);

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(async move {
            loop {
                let attempt = self.budget.begun.fetch_add(1, Ordering::Relaxed);
                match self.provider.complete(request).await {
                    Err(error) if self.is_retried(&error) => {
                        let delay = self.budget.policy.delay(attempt, error.retry_after);
                        // Noted before the wait, during which this future may be dropped.
                        self.budget.failed().push(error);
                        tokio::time::sleep(delay).await;
                    }
                    result => return result,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{LlmErrorKind, Response, Scripted};

    fn error(kind: LlmErrorKind) -> LlmError {
        LlmError::new(kind, "test", "as scripted")
    }

    fn policy(max_retries: i64) -> RetryPolicy {
        RetryPolicy::new(max_retries, 0.02, 10.0).unwrap()
    }

    #[tokio::test]
    async fn a_retry_waits_and_the_last_error_is_returned() {
        let scripted = Scripted::new([(); 3].map(|()| Err(error(LlmErrorKind::Timeout))));
        let budget = AttemptBudget::new(policy(2));
        let begun = tokio::time::Instant::now();
        let result = Retried::new(&scripted, &budget).complete(&Request::default()).await;
        assert_eq!(result, Err(error(LlmErrorKind::Timeout)));
        assert_eq!((scripted.requests().len(), budget.take_failed().len()), (3, 2));
        let least = policy(2).delay(0, Some(Duration::ZERO)) * 2;
        assert!(begun.elapsed() >= least, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn other_requests_take_from_the_same_budget() {
        let scripted = Scripted::new([
            Ok(Response::default()),
            Err(error(LlmErrorKind::Server)),
            Err(error(LlmErrorKind::Server)),
        ]);
        let budget = AttemptBudget::new(policy(2));
        let retried = Retried::new(&scripted, &budget);
        assert!(retried.complete(&Request::default()).await.is_ok() && budget.has_left());
        assert!(retried.complete(&Request::default()).await.is_err() && !budget.has_left());
        assert_eq!(scripted.requests().len(), 3);
    }

    #[tokio::test]
    async fn a_permanent_error_is_not_retried() {
        let scripted = Scripted::new([Err(error(LlmErrorKind::Authentication))]);
        let budget = AttemptBudget::new(policy(2));
        assert!(Retried::new(&scripted, &budget).complete(&Request::default()).await.is_err());
        assert_eq!(scripted.requests().len(), 1);
        assert!(budget.take_failed().is_empty());
    }

    #[tokio::test]
    async fn a_wait_that_is_too_long_is_the_end() {
        let retry_after = Some(Duration::from_hours(2));
        let error = LlmError { retry_after, ..error(LlmErrorKind::RateLimit) };
        let scripted = Scripted::new([Err(error.clone())]);
        let budget = AttemptBudget::new(policy(2));
        let result = Retried::new(&scripted, &budget).complete(&Request::default()).await;
        assert_eq!((result, scripted.requests().len()), (Err(error), 1));
    }

    #[tokio::test]
    async fn an_error_outlives_a_future_that_is_dropped_in_the_wait() {
        let scripted = Scripted::new([Err(error(LlmErrorKind::Server))]);
        let budget = AttemptBudget::new(policy(2));
        let retried = Retried::new(&scripted, &budget);
        let request = Request::default();
        let whole = tokio::time::timeout(Duration::from_millis(5), retried.complete(&request));
        assert!(whole.await.is_err());
        assert_eq!(budget.take_failed(), [error(LlmErrorKind::Server)]);
    }
}
