//! What a limiter counts, for those who watch it.

use crate::{LlmError, Response};

/// The state of a [`RateLimiter`](super::RateLimiter) at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stats {
    /// Requests that wait until they may leave.
    pub waiting: usize,
    pub in_flight: usize,
    /// The rate found from what the provider throttles, in requests a minute; none while it
    /// throttles nothing.
    pub found_requests_per_minute: Option<f64>,
    /// The limits that the provider reports.
    pub reported_requests_per_minute: Option<f64>,
    pub reported_tokens_per_minute: Option<f64>,
    pub totals: Totals,
}

/// Requests since the limiter was made, aborted ones left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Those that were answered or failed.
    pub requests: u64,
    /// Those of them that were throttled.
    pub throttled: u64,
    /// Those of them that failed for another reason.
    pub failed: u64,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
}

impl Totals {
    pub(super) fn count(&mut self, result: &Result<Response, LlmError>, is_throttled: bool) {
        let usage = match result {
            Ok(response) => &response.usage,
            Err(error) => &error.usage,
        };
        self.requests += 1;
        self.throttled += u64::from(is_throttled);
        self.failed += u64::from(result.is_err() && !is_throttled);
        self.prompt_tokens += usage.prompt_tokens;
        self.completion_tokens += usage.completion_tokens;
    }
}

/// A rate in requests a second, by the minute; none if it is unlimited.
pub(super) fn by_minute(rate: f64) -> Option<f64> {
    rate.is_finite().then_some(rate * 60.0)
}
