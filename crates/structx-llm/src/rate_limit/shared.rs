//! The limits that all providers share, in this process or through a file.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::gcra::Gcra;
use super::limiter::RateLimiter;
use super::rate_file::{Departures, RateFile};
use structx_common::sync::lock;

/// Limits set by the user, for all providers together. The default is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ConfiguredLimits {
    /// Concurrent requests.
    pub max_concurrency: Option<usize>,
    pub requests_per_minute: Option<f64>,
    /// Tokens of prompts and replies.
    pub tokens_per_minute: Option<f64>,
}

/// Enforces the user's limits, with one [`RateLimiter`] for each provider.
///
/// ```
/// use std::sync::Arc;
/// use structx_llm::rate_limit::{ConfiguredLimits, SharedLimiter};
///
/// let limits = ConfiguredLimits { requests_per_minute: Some(600.0), ..Default::default() };
/// let shared = SharedLimiter::new(limits);
/// let limiter = shared.limiter_for("openai https://api.openai.com/v1");
/// assert!(Arc::ptr_eq(&limiter, &shared.limiter_for("openai https://api.openai.com/v1")));
/// assert_eq!(limiter.limits(), limits);
/// ```
#[derive(Debug)]
pub struct SharedLimiter {
    pub(super) limits: ConfiguredLimits,
    pub(super) state: Mutex<SharedState>,
    /// Held by the limiter that is next.
    pub(super) turn: tokio::sync::Mutex<()>,
    pub(super) changed: Notify,
    pub(super) limiters: Mutex<HashMap<Box<str>, Weak<RateLimiter>>>,
}

/// The state that the limiters share.
#[derive(Debug)]
pub(super) struct SharedState {
    pub(super) in_flight: usize,
    rates: Rates,
    file: Option<RateFile>,
    /// Tokens that were reserved and not used, which the file has yet to be told.
    unused: f64,
}

#[derive(Debug)]
struct Rates {
    requests: Gcra,
    tokens: Gcra,
}

/// The earliest departure of the next request.
pub(super) enum Next {
    At(Instant),
    /// After another request has ended.
    AfterAnother,
}

impl SharedLimiter {
    /// A limiter without history; share it to share its limits.
    #[must_use]
    pub fn new(limits: ConfiguredLimits) -> Arc<Self> {
        Self::with(limits, None)
    }

    /// A limiter whose rates are shared with all that open the same file, in this process and in
    /// others of this machine. `max_concurrency` is that of this one.
    ///
    /// # Errors
    /// The file can't be opened or locked, or is another kind of file.
    pub fn open(limits: ConfiguredLimits, file: &Path) -> io::Result<Arc<Self>> {
        RateFile::open(file).map(|file| Self::with(limits, Some(file)))
    }

    fn with(limits: ConfiguredLimits, file: Option<RateFile>) -> Arc<Self> {
        let now = Instant::now();
        let state = SharedState {
            in_flight: 0,
            rates: Rates {
                requests: Gcra::new(limits.requests_per_minute, now),
                tokens: Gcra::new(limits.tokens_per_minute, now),
            },
            file,
            unused: 0.0,
        };
        Arc::new(Self {
            limits,
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            limiters: Mutex::default(),
        })
    }

    /// The limiter of the provider at this address. All callers get the same one while any of them
    /// holds it.
    pub fn limiter_for(self: &Arc<Self>, address: &str) -> Arc<RateLimiter> {
        let mut limiters = lock(&self.limiters);
        if let Some(limiter) = limiters.get(address).and_then(Weak::upgrade) {
            return limiter;
        }
        limiters.retain(|_, limiter| limiter.strong_count() > 0);
        let limiter = Arc::new(RateLimiter::new(Arc::clone(self), Instant::now()));
        limiters.insert(address.into(), Arc::downgrade(&limiter));
        limiter
    }

    pub(super) fn next(&self, now: Instant) -> Option<Next> {
        let SharedState { in_flight, rates, file, .. } = &mut *lock(&self.state);
        if limits_concurrency(&self.limits, *in_flight) {
            return Some(Next::AfterAnother);
        }
        // A file that can't be read any more leaves this process its own count.
        if let Some(departures) = file.as_ref().and_then(|file| file.read(now).ok()) {
            rates.set(departures);
        }
        rates.next(now)
    }

    /// Waits after another process was faster, or has the lock of the file.
    pub(super) async fn pause(&self) {
        /// The lock is held for microseconds; the resolution of tokio's timers.
        const BUSY: Duration = Duration::from_millis(1);
        let is_shared = lock(&self.state).file.is_some();
        if is_shared {
            tokio::time::sleep(BUSY).await;
        }
    }
}

fn limits_concurrency(limits: &ConfiguredLimits, in_flight: usize) -> bool {
    limits.max_concurrency.is_some_and(|most| in_flight >= most)
}

impl SharedState {
    /// Takes a request of about `tokens` tokens, if all limits admit it now.
    pub(super) fn try_take(
        &mut self,
        limits: &ConfiguredLimits,
        tokens: f64,
        now: Instant,
    ) -> bool {
        if limits_concurrency(limits, self.in_flight) {
            return false;
        }
        let is_taken = self.change(now, |rates| {
            let is_admitted = rates.next(now).is_none();
            if is_admitted {
                rates.requests.take(1.0, now);
                rates.tokens.take(tokens, now);
            }
            is_admitted
        });
        let is_taken = is_taken.unwrap_or(false);
        self.in_flight += usize::from(is_taken);
        is_taken
    }

    /// Returns the tokens that were reserved and not used; a negative number takes more.
    pub(super) fn give_back(&mut self, tokens: f64, now: Instant) {
        self.unused += tokens;
        // If another process has the file, the next change does it.
        self.change(now, |_| ());
    }

    /// Changes the rates, in the file if there is one; None while another process has it.
    fn change<T>(&mut self, now: Instant, change: impl FnOnce(&mut Rates) -> T) -> Option<T> {
        let Self { rates, file, unused, .. } = self;
        let locked = match file {
            Some(file) => Some(file.try_lock()?),
            None => None,
        };
        if let Some(departures) = locked.as_ref().and_then(|file| file.read(now).ok()) {
            rates.set(departures);
        }
        rates.tokens.give_back(std::mem::take(unused));
        let changed = change(rates);
        if let Some(file) = locked {
            // As when reading: the own count goes on.
            let _ = file.write([rates.requests.next(), rates.tokens.next()], now);
        }
        Some(changed)
    }
}

impl Rates {
    fn next(&self, now: Instant) -> Option<Next> {
        let limited = [&self.requests, &self.tokens].into_iter().filter(|gcra| gcra.is_limited());
        let next = limited.map(Gcra::next).max()?;
        (next > now).then_some(Next::At(next))
    }

    fn set(&mut self, [requests, tokens]: Departures) {
        self.requests.set_next(requests);
        self.tokens.set_next(tokens);
    }
}

/// Waits until `next` returns `None`; evaluates it again after each notification.
pub(super) async fn wait(changed: &Notify, next: impl Fn(Instant) -> Option<Next>) {
    while let Some(next) = next(Instant::now()) {
        match next {
            Next::At(time) => {
                tokio::select! {
                    () = tokio::time::sleep_until(time.into()) => {}
                    () = changed.notified() => {}
                }
            }
            Next::AfterAnother => changed.notified().await,
        }
    }
}
