//! The limiter of a provider: its queue, permits and reservations.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Instant, SystemTime};

use tokio::sync::Notify;

use super::adaptive::{AdaptiveRate, Departure};
use super::float;
use super::gcra::Gcra;
use super::headers::ReportedLimits;
use super::shared::{ConfiguredLimits, Next, SharedLimiter, wait};
use super::stats::{Stats, Totals};
use crate::retry::LONGEST_RETRY_AFTER;
use crate::{LlmError, LlmErrorKind, Response, Usage};
use structx_common::sync::lock;

/// Decides when requests of one provider may leave, first come, first served.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use structx_llm::rate_limit::{ConfiguredLimits, SharedLimiter};
/// use structx_llm::{Response, Usage};
///
/// let limiter = SharedLimiter::new(ConfiguredLimits::default()).limiter_for("a provider");
/// let permit = limiter.acquire(1_000).await;
/// let result = Ok(Response { usage: Usage::of(1_020, 80), ..Response::default() });
/// permit.report(&result);
/// assert_eq!(limiter.typical().map(|it| it.completion_tokens), Some(80.0));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RateLimiter {
    shared: Arc<SharedLimiter>,
    state: Mutex<State>,
    /// Held by the request that is next.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    adaptive: AdaptiveRate,
    /// The limits that the provider reports, in the order of a [`Cost`].
    reported: [Gcra; 4],
    typical: Option<TypicalRequest>,
    successes: f64,
    waiting: usize,
    in_flight: usize,
    totals: Totals,
}

/// The moving average of successful requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TypicalRequest {
    pub seconds: f64,
    pub completion_tokens: f64,
}

/// Permission to send one request. Dropping it without a report counts the reserved amount as spent.
#[derive(Debug)]
#[must_use = "dropping the permit counts the request as aborted"]
pub struct Permit<'a> {
    limiter: &'a RateLimiter,
    departure: Departure,
    reserved: Cost,
}

/// The cost of a request: 1 request, all tokens, prompt tokens, completion tokens.
type Cost = [f64; 4];

impl RateLimiter {
    pub(super) fn new(shared: Arc<SharedLimiter>, now: Instant) -> Self {
        let state = State {
            adaptive: AdaptiveRate::new(now),
            reported: [(); 4].map(|()| Gcra::new(None, now)),
            typical: None,
            successes: 0.0,
            waiting: 0,
            in_flight: 0,
            totals: Totals::default(),
        };
        Self {
            shared,
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Waits until the rate limit admits a request of about `prompt_tokens` tokens.
    ///
    /// First come, first served. Nothing is reserved before the future resolves; dropping it gives
    /// up the place in the queue.
    pub async fn acquire(&self, prompt_tokens: u64) -> Permit<'_> {
        let _waiting = Waiting::new(self);
        let _first = self.turn.lock().await;
        loop {
            wait(&self.changed, |now| self.state().next(now)).await;
            // Limiters take turns at the shared limits. The own limits may have changed during
            // that wait, so both are checked again before anything is reserved.
            let _turn = self.shared.turn.lock().await;
            wait(&self.shared.changed, |now| self.shared.next(now)).await;
            if let Some(permit) = self.try_acquire(prompt_tokens, Instant::now()) {
                return permit;
            }
            self.shared.pause().await;
        }
    }

    fn try_acquire(&self, prompt_tokens: u64, now: Instant) -> Option<Permit<'_>> {
        let mut state = self.state();
        if state.next(now).is_some() {
            return None;
        }
        let completion = state.typical.map_or(0.0, |typical| typical.completion_tokens);
        let reserved = cost(float(prompt_tokens), completion);
        let mut shared = lock(&self.shared.state);
        if !shared.try_take(&self.shared.limits, reserved[1], now) {
            return None;
        }
        drop(shared);
        for (gcra, amount) in state.reported.iter_mut().zip(reserved) {
            gcra.take(amount, now);
        }
        let departure = state.adaptive.send(now);
        state.in_flight += 1;
        Some(Permit { limiter: self, departure, reserved })
    }

    /// The limits that the user set.
    #[must_use]
    pub fn limits(&self) -> ConfiguredLimits {
        self.shared.limits
    }

    /// The average of recent successful requests; `None` before the first.
    #[must_use]
    pub fn typical(&self) -> Option<TypicalRequest> {
        self.state().typical
    }

    /// What it counts.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let State { adaptive, reported, waiting, in_flight, totals, .. } = &*self.state();
        Stats {
            waiting: *waiting,
            in_flight: *in_flight,
            found_requests_per_minute: adaptive.per_minute(),
            reported_requests_per_minute: reported[0].limit(),
            reported_tokens_per_minute: reported[1].limit(),
            totals: *totals,
        }
    }

    /// Whether a request has to tell the tokens of its prompt, because the user or the provider
    /// limits them.
    #[must_use]
    pub fn counts_tokens(&self) -> bool {
        let is_reported = |state: &State| state.reported[1..].iter().any(Gcra::is_limited);
        self.shared.limits.tokens_per_minute.is_some() || is_reported(&self.state())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Counts a request that waits.
struct Waiting<'a>(&'a RateLimiter);

impl<'a> Waiting<'a> {
    fn new(limiter: &'a RateLimiter) -> Self {
        limiter.state().waiting += 1;
        Self(limiter)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

impl State {
    fn next(&mut self, now: Instant) -> Option<Next> {
        let reported = self.reported.iter().map(Gcra::next).max();
        let next = self.adaptive.next(now).max(reported.unwrap_or(now));
        (next > now).then_some(Next::At(next))
    }

    fn learn(&mut self, limits: ReportedLimits, now: Instant) {
        let ReportedLimits { requests, tokens, input_tokens, output_tokens, .. } = limits;
        let limits = [requests, tokens, input_tokens, output_tokens];
        for (gcra, limit) in self.reported.iter_mut().zip(limits) {
            if let Some(limit) = limit {
                gcra.set(limit, now);
            }
        }
    }

    fn succeeded(&mut self, seconds: f64, completion_tokens: f64) {
        /// The window of the moving average, in requests; chosen by hand, not measured.
        const WINDOW: f64 = 50.0;
        self.successes = (self.successes + 1.0).min(WINDOW);
        let first = TypicalRequest { seconds, completion_tokens };
        let typical = self.typical.get_or_insert(first);
        typical.seconds += (seconds - typical.seconds) / self.successes;
        typical.completion_tokens +=
            (completion_tokens - typical.completion_tokens) / self.successes;
    }
}

impl Permit<'_> {
    /// Reports how the request ended: adapts the rate, learns reported limits, and replaces the
    /// reserved tokens by those that were used.
    pub fn report(self, result: &Result<Response, LlmError>) {
        self.report_at(result, Instant::now());
    }

    fn report_at(self, result: &Result<Response, LlmError>, now: Instant) {
        let seconds = now.duration_since(self.departure.at).as_secs_f64();
        let mut state = self.limiter.state();
        let is_throttled = matches!(result, Err(error) if is_throttled(error));
        state.totals.count(result, is_throttled);
        let (limits, usage) = match result {
            Ok(reply) => {
                state.adaptive.accepted(self.departure, now);
                state.succeeded(seconds, float(reply.usage.completion_tokens));
                let limits = ReportedLimits::of(&reply.headers, SystemTime::now());
                (limits, used(&reply.usage))
            }
            Err(error) if is_throttled => {
                let wait = error.retry_after.map(|wait| wait.min(LONGEST_RETRY_AFTER));
                state.adaptive.throttled(self.departure, wait, now);
                if let Some(wait) = wait
                    && error.limits.as_ref().is_some_and(|limits| limits.is_exhausted)
                {
                    state.adaptive.hold(wait, now);
                }
                (error.limits.as_deref().copied(), Some((0.0, 0.0)))
            }
            Err(error) => {
                if error.status.is_some() {
                    state.adaptive.accepted(self.departure, now);
                }
                (error.limits.as_deref().copied(), used(&error.usage))
            }
        };
        if let Some(limits) = limits {
            state.learn(limits, now);
        }
        if let Some((prompt, completion)) = usage {
            let used = cost(prompt, completion);
            for ((gcra, reserved), used) in state.reported.iter_mut().zip(self.reserved).zip(used) {
                gcra.give_back(reserved - used);
            }
            lock(&self.limiter.shared.state).give_back(self.reserved[1] - used[1], now);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limiter.state().in_flight -= 1;
        lock(&self.limiter.shared.state).in_flight -= 1;
        self.limiter.changed.notify_one();
        self.limiter.shared.changed.notify_one();
    }
}

/// Whether the provider throttled the request: a temporary 429, or an overloaded server (529 is
/// Anthropic's, platform.claude.com/docs/en/api/errors).
fn is_throttled(error: &LlmError) -> bool {
    error.kind == LlmErrorKind::RateLimit || matches!(error.status, Some(503 | 529))
}

fn cost(prompt: f64, completion: f64) -> Cost {
    [1.0, prompt + completion, prompt, completion]
}

/// Tokens of prompt and reply, if the provider reports them.
fn used(usage: &Usage) -> Option<(f64, f64)> {
    let tokens = (float(usage.prompt_tokens), float(usage.completion_tokens));
    (usage.total_tokens > 0).then_some(tokens)
}

#[cfg(test)]
mod tests;
