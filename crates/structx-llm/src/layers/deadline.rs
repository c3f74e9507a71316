//! The deadline of a call as a layer.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::provider::delegate;
use crate::{LlmError, LlmErrorKind, Provider, Request, ResponseFuture};

/// The end of the time that a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit {
    at: Instant,
    whole: Duration,
}

impl TimeLimit {
    /// The limit for a call that starts now and may take `whole`; `None` beyond the range of the
    /// clock, which is no limit.
    #[must_use]
    pub fn from_now(whole: Duration) -> Option<Self> {
        Some(Self { at: Instant::now().checked_add(whole)?, whole })
    }
}

/// A provider whose requests are aborted at a deadline, and not sent after it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use std::time::Duration;
/// use structx_llm::layers::{Deadline, TimeLimit};
/// use structx_llm::{LlmErrorKind, Provider, Request, Scripted};
///
/// let timed = Deadline::new(Scripted::silent(), TimeLimit::from_now(Duration::from_millis(5)));
/// let error = timed.complete(&Request::default()).await.unwrap_err();
/// assert_eq!(error.kind, LlmErrorKind::Deadline);
/// assert_eq!(error.message, "the operation has had its 0.005 s");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Deadline<P> {
    provider: P,
    limit: Option<TimeLimit>,
}

impl<P: Provider> Deadline<P> {
    /// A provider with this limit, or without one.
    #[must_use]
    pub const fn new(provider: P, limit: Option<TimeLimit>) -> Self {
        Self { provider, limit }
    }

    fn passed(&self, limit: TimeLimit) -> LlmError {
        let message = format!("the operation has had its {} s", limit.whole.as_secs_f64());
        LlmError::new(LlmErrorKind::Deadline, self.provider.name(), message)
    }
}

impl<P: Provider> Provider for Deadline<P> {
    delegate!(self => self.provider);

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let Some(limit) = self.limit else { return self.provider.complete(request) };
        Box::pin(async move {
            // `timeout_at` starts the request even if the deadline has passed.
            if Instant::now() >= limit.at {
                return Err(self.passed(limit));
            }
            let result = timeout_at(limit.at, self.provider.complete(request)).await;
            result.unwrap_or_else(|_| Err(self.passed(limit)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Response, Scripted};

    #[tokio::test]
    async fn a_request_is_aborted_at_the_deadline_and_none_is_sent_after_it() {
        let limit = TimeLimit::from_now(Duration::from_millis(20));
        let timed = Deadline::new(Scripted::silent(), limit);
        let begun = Instant::now();
        let request = Request::default();
        let error = timed.complete(&request).await.unwrap_err();
        assert!(begun.elapsed() >= Duration::from_millis(20));
        assert_eq!(
            (error.kind, &*error.message),
            (LlmErrorKind::Deadline, "the operation has had its 0.02 s")
        );
        assert_eq!(timed.provider.requests().len(), 1);
        assert!(timed.complete(&request).await.is_err());
        assert_eq!(timed.provider.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_response_in_time_is_passed_on() {
        for limit in [None, TimeLimit::from_now(Duration::from_hours(1))] {
            let timed = Deadline::new(Scripted::new([Ok(Response::default())]), limit);
            assert_eq!(timed.complete(&Request::default()).await, Ok(Response::default()));
        }
        assert_eq!(TimeLimit::from_now(Duration::MAX), None);
    }
}
