//! How many requests leave, and when: what the user has configured, what providers tell of their
//! limits, and what they throttle.

mod adaptive;
mod headers;
mod pace;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::retry::LONGEST_RETRY_AFTER;
use super::{LlmError, LlmErrorKind, Reply, Usage};
use adaptive::Adaptive;
use pace::Pace;

pub use headers::RateLimits;

/// What the user allows, for all providers together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// Requests at a time.
    pub max_concurrency: Option<usize>,
    pub requests_per_minute: Option<f64>,
    /// Of prompts and replies.
    pub tokens_per_minute: Option<f64>,
}

/// Lets requests leave as the user allows it, through one gate for each provider.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    shared: Mutex<Shared>,
    /// Held by the gate that is next.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
    gates: Mutex<HashMap<Box<str>, Weak<Gate>>>,
}

/// What all gates share.
#[derive(Debug)]
struct Shared {
    in_flight: usize,
    requests: Pace,
    tokens: Pace,
}

/// Lets requests of one provider leave, those that come first before the others.
#[derive(Debug)]
pub struct Gate {
    limiter: Arc<Limiter>,
    state: Mutex<State>,
    /// Held by the request that is next.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    adaptive: Adaptive,
    /// The limits that the provider tells, in the order of a [`Cost`].
    told: [Pace; 4],
    typical: Option<Typical>,
    successes: f64,
}

/// What requests that succeed are like, on the average of the last ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Typical {
    pub seconds: f64,
    pub completion_tokens: f64,
}

/// A request that has left. Dropped, it was aborted.
#[derive(Debug)]
#[must_use = "the request may leave, and counts as aborted when this is dropped"]
pub struct Admission<'a> {
    gate: &'a Gate,
    number: u64,
    since: Instant,
    reserved: Cost,
}

/// What a request uses of limits: 1 (itself), all tokens, those of the prompt, those of the reply.
type Cost = [f64; 4];

/// When the next request may leave.
enum Next {
    At(Instant),
    /// When another has ended.
    AfterAnother,
}

impl Limiter {
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Self> {
        let now = Instant::now();
        let shared = Shared {
            in_flight: 0,
            requests: Pace::new(limits.requests_per_minute, now),
            tokens: Pace::new(limits.tokens_per_minute, now),
        };
        Arc::new(Self {
            limits,
            shared: Mutex::new(shared),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            gates: Mutex::default(),
        })
    }

    /// The gate of the provider at this address, the same for all who ask while one of them has it.
    pub fn gate(self: &Arc<Self>, address: &str) -> Arc<Gate> {
        let mut gates = lock(&self.gates);
        if let Some(gate) = gates.get(address).and_then(Weak::upgrade) {
            return gate;
        }
        gates.retain(|_, gate| gate.strong_count() > 0);
        let gate = Arc::new(Gate::new(Arc::clone(self), Instant::now()));
        gates.insert(address.into(), Arc::downgrade(&gate));
        gate
    }

    fn next(&self, now: Instant) -> Option<Next> {
        lock(&self.shared).next(&self.limits, now)
    }
}

impl Shared {
    fn next(&self, limits: &Limits, now: Instant) -> Option<Next> {
        if limits.max_concurrency.is_some_and(|most| self.in_flight >= most) {
            return Some(Next::AfterAnother);
        }
        let next = self.requests.next().max(self.tokens.next());
        (next > now).then_some(Next::At(next))
    }
}

impl Gate {
    fn new(limiter: Arc<Limiter>, now: Instant) -> Self {
        let state = State {
            adaptive: Adaptive::new(now),
            told: [(); 4].map(|()| Pace::new(None, now)),
            typical: None,
            successes: 0.0,
        };
        Self {
            limiter,
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Waits until a request with a prompt of about so many tokens may leave.
    ///
    /// First come, first served. Nothing is reserved before it leaves: dropping the future leaves
    /// no trace.
    pub async fn admit(&self, prompt_tokens: u64) -> Admission<'_> {
        let _first = self.turn.lock().await;
        loop {
            wait(&self.changed, |now| self.state().next(now)).await;
            // The gates take turns at what they share. Who waits there for longer than this
            // provider may be asked goes back.
            let _turn = self.limiter.turn.lock().await;
            wait(&self.limiter.changed, |now| self.limiter.next(now)).await;
            if let Some(admission) = self.try_admit(prompt_tokens, Instant::now()) {
                return admission;
            }
        }
    }

    fn try_admit(&self, prompt_tokens: u64, now: Instant) -> Option<Admission<'_>> {
        let mut state = self.state();
        let mut shared = lock(&self.limiter.shared);
        if state.next(now).is_some() || shared.next(&self.limiter.limits, now).is_some() {
            return None;
        }
        let completion = state.typical.map_or(0.0, |typical| typical.completion_tokens);
        let reserved = cost(float(prompt_tokens), completion);
        shared.in_flight += 1;
        shared.requests.take(1.0, now);
        shared.tokens.take(reserved[1], now);
        for (pace, amount) in state.told.iter_mut().zip(reserved) {
            pace.take(amount, now);
        }
        let number = state.adaptive.send(now);
        Some(Admission { gate: self, number, since: now, reserved })
    }

    /// As the user set them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limiter.limits
    }

    /// What requests that succeed are like; `None` before the first.
    #[must_use]
    pub fn typical(&self) -> Option<Typical> {
        self.state().typical
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn next(&mut self, now: Instant) -> Option<Next> {
        let told = self.told.iter().map(Pace::next).max();
        let next = self.adaptive.next(now).max(told.unwrap_or(now));
        (next > now).then_some(Next::At(next))
    }

    fn learn(&mut self, limits: RateLimits, now: Instant) {
        let RateLimits { requests, tokens, input_tokens, output_tokens } = limits;
        let limits = [requests, tokens, input_tokens, output_tokens];
        for (pace, limit) in self.told.iter_mut().zip(limits) {
            if let Some(limit) = limit {
                pace.set(limit, now);
            }
        }
    }

    fn succeeded(&mut self, seconds: f64, completion_tokens: f64) {
        /// The mean is that of about so many.
        const LAST: f64 = 50.0;
        self.successes = (self.successes + 1.0).min(LAST);
        let first = Typical { seconds, completion_tokens };
        let typical = self.typical.get_or_insert(first);
        typical.seconds += (seconds - typical.seconds) / self.successes;
        typical.completion_tokens +=
            (completion_tokens - typical.completion_tokens) / self.successes;
    }
}

impl Admission<'_> {
    /// The request has ended so.
    pub fn ended(self, result: &Result<Reply, LlmError>) {
        self.ended_at(result, Instant::now());
    }

    fn ended_at(self, result: &Result<Reply, LlmError>, now: Instant) {
        let seconds = now.duration_since(self.since).as_secs_f64();
        let mut state = self.gate.state();
        let (limits, usage) = match result {
            Ok(reply) => {
                state.adaptive.accepted(self.number, now);
                state.succeeded(seconds, float(reply.usage.completion_tokens));
                let limits = RateLimits::of(&reply.headers, SystemTime::now());
                (limits, used(&reply.usage))
            }
            Err(error) if is_throttled(error) => {
                let wait = error.retry_after.unwrap_or(Duration::ZERO).min(LONGEST_RETRY_AFTER);
                state.adaptive.throttled(self.number, wait, now);
                (error.limits.as_deref().copied(), Some((0.0, 0.0)))
            }
            Err(error) => {
                if error.status.is_some() {
                    state.adaptive.accepted(self.number, now);
                }
                (error.limits.as_deref().copied(), used(&error.usage))
            }
        };
        if let Some(limits) = limits {
            state.learn(limits, now);
        }
        if let Some((prompt, completion)) = usage {
            let used = cost(prompt, completion);
            for ((pace, reserved), used) in state.told.iter_mut().zip(self.reserved).zip(used) {
                pace.give_back(reserved - used);
            }
            lock(&self.gate.limiter.shared).tokens.give_back(self.reserved[1] - used[1]);
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        lock(&self.gate.limiter.shared).in_flight -= 1;
        self.gate.changed.notify_one();
        self.gate.limiter.changed.notify_one();
    }
}

/// 429 that passes with time, and what servers answer that are overloaded (529 is Anthropic's,
/// platform.claude.com/docs/en/api/errors).
fn is_throttled(error: &LlmError) -> bool {
    error.kind == LlmErrorKind::RateLimit || matches!(error.status, Some(503 | 529))
}

fn cost(prompt: f64, completion: f64) -> Cost {
    [1.0, prompt + completion, prompt, completion]
}

/// The tokens of prompt and reply, where the provider tells.
fn used(usage: &Usage) -> Option<(f64, f64)> {
    let tokens = (float(usage.prompt_tokens), float(usage.completion_tokens));
    (usage.total_tokens > 0).then_some(tokens)
}

/// Waits until nothing is to be waited for. What `changed` tells is looked at anew.
async fn wait(changed: &Notify, next: impl Fn(Instant) -> Option<Next>) {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests and tokens")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
