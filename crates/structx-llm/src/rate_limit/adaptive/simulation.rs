//! Simulated providers and clients on a simulated clock.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "times and counts are small, windows whole numbers"
)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use super::{AdaptiveRate, Departure};
use crate::retry::RetryPolicy;

/// A provider that throttles by a token bucket, by windows, by concurrency, and at random.
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// Requests a second, and its factor from second `change` on.
    pub limit: Option<f64>,
    pub then: f64,
    pub change: f64,
    pub burst: f64,
    /// The number of requests in each window of so many seconds.
    pub window: Option<(u32, f64)>,
    pub slots: Option<usize>,
    /// The share that is throttled at random.
    pub noise: f64,
    /// The seconds between which everything is throttled.
    pub outage: (f64, f64),
    /// Seconds until a response, give or take a fifth, and until a throttled one.
    pub latency: f64,
    pub refusal: f64,
    pub told: Told,
}

/// The wait that a throttled response asks for.
#[derive(Debug, Clone, Copy)]
pub enum Told {
    Nothing,
    /// Until a request is accepted.
    Exact,
    /// The same in whole seconds.
    Rounded,
    OneSecond,
}

pub const SOUND: Provider = Provider {
    limit: None,
    then: 1.0,
    change: 30.0,
    burst: 5.0,
    window: None,
    slots: None,
    noise: 0.0,
    outage: (f64::INFINITY, f64::INFINITY),
    latency: 0.05,
    refusal: 0.005,
    told: Told::Nothing,
};

/// Requests before this second do not count as late.
pub const LATE: f64 = 10.0;

/// A client with so many rows at a time, each of which waits before its next attempt.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub rows: usize,
    pub threads: usize,
    pub policy: RetryPolicy,
    /// The second at which the run ends.
    pub end: f64,
    pub seed: u64,
}

impl Client {
    pub fn new(rows: usize) -> Self {
        let policy = RetryPolicy::new(100, 1.0, 10.0).unwrap();
        Self { rows, threads: 50, policy, end: 3_600.0, seed: 0 }
    }

    /// A client that never ends, to measure rates.
    pub fn endless(threads: usize) -> Self {
        let policy = RetryPolicy::new(1_000_000, 1.0, 1.5).unwrap();
        Self { rows: usize::MAX, threads, policy, end: 90.0, seed: 0 }
    }
}

#[derive(Debug)]
pub enum Control {
    Adaptive(Box<AdaptiveRate>),
    /// A client that knows the limit and sends as soon as it admits a request.
    Ideal,
}

impl Control {
    pub fn adaptive() -> Self {
        Self::Adaptive(Box::new(AdaptiveRate::new(Instant::now())))
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Seconds until the last row had ended.
    pub time: f64,
    /// Rows without an answer after all attempts.
    pub failed: usize,
    /// The throttled share, and accepted requests a second, after [`LATE`].
    pub throttled: f64,
    pub rate: f64,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    /// The limiter admits the next request.
    Admit,
    Accepted(Departure),
    /// With the number of the attempt and the wait that is asked for.
    Throttled(Departure, u32, Option<f64>),
    /// A row asks again.
    Retry(u32),
}

pub struct Simulation {
    control: Control,
    client: Client,
    state: State,
    start: Instant,
    /// Times in nanoseconds, earliest first, with the index of the event.
    queue: BinaryHeap<Reverse<(u64, usize)>>,
    events: Vec<Event>,
    admits_at: f64,
    /// The attempts of rows that wait for the limiter.
    asking: VecDeque<u32>,
    rows_left: usize,
    rows_under_way: usize,
    failed: usize,
    sent: u64,
    /// After [`LATE`].
    accepted: usize,
    throttled: usize,
}

/// The provider's.
struct State {
    provider: Provider,
    now: f64,
    tokens: f64,
    filled: f64,
    window: f64,
    in_window: u32,
    in_flight: usize,
    random: fastrand::Rng,
}

impl Simulation {
    pub fn run(control: Control, provider: Provider, client: Client) -> Outcome {
        fastrand::seed(client.seed);
        let state = State {
            provider,
            now: 0.0,
            tokens: provider.burst,
            filled: 0.0,
            window: 0.0,
            in_window: 0,
            in_flight: 0,
            random: fastrand::Rng::with_seed(client.seed),
        };
        let mut simulation = Self {
            control,
            client,
            state,
            start: Instant::now(),
            queue: BinaryHeap::new(),
            events: Vec::new(),
            admits_at: f64::INFINITY,
            asking: VecDeque::new(),
            rows_left: client.rows,
            rows_under_way: 0,
            failed: 0,
            sent: 0,
            accepted: 0,
            throttled: 0,
        };
        simulation.send();
        while let Some(Reverse((time, event))) = simulation.queue.pop() {
            simulation.state.now = Duration::from_nanos(time).as_secs_f64();
            if simulation.state.now > client.end {
                break;
            }
            simulation.happen(simulation.events[event]);
            simulation.send();
            if simulation.rows_left + simulation.rows_under_way == 0 {
                break;
            }
        }
        simulation.outcome()
    }

    fn outcome(&self) -> Outcome {
        let (accepted, throttled) = (self.accepted as f64, self.throttled as f64);
        let time = self.state.now.min(self.client.end);
        Outcome {
            time,
            failed: self.failed,
            throttled: throttled / (accepted + throttled).max(1.0),
            rate: accepted / (time - LATE),
        }
    }

    fn clock(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.state.now)
    }

    fn after(&mut self, seconds: f64, event: Event) {
        let time = Duration::from_secs_f64(self.state.now + seconds).as_nanos() as u64;
        self.queue.push(Reverse((time, self.events.len())));
        self.events.push(event);
    }

    fn happen(&mut self, event: Event) {
        let clock = self.clock();
        match event {
            Event::Admit if self.state.now < self.admits_at => {}
            Event::Admit => self.admits_at = f64::INFINITY,
            Event::Retry(attempt) => self.asking.push_back(attempt),
            Event::Accepted(departure) => {
                if let Control::Adaptive(rate) = &mut self.control {
                    rate.accepted(departure, clock);
                }
                self.state.in_flight -= 1;
                self.rows_under_way -= 1;
            }
            Event::Throttled(departure, attempt, told) => {
                let told = told.map(Duration::from_secs_f64);
                if let Control::Adaptive(rate) = &mut self.control {
                    rate.throttled(departure, told, clock);
                }
                if attempt == self.client.policy.max_retries {
                    self.failed += 1;
                    self.rows_under_way -= 1;
                } else {
                    let delay = self.client.policy.delay(attempt, told);
                    self.after(delay.as_secs_f64(), Event::Retry(attempt + 1));
                }
            }
        }
    }

    /// Sends the requests that the limiter admits.
    fn send(&mut self) {
        /// How late timers are, in seconds.
        const LATENESS: f64 = 0.0005;
        while self.rows_left > 0 && self.rows_under_way < self.client.threads {
            self.rows_left -= 1;
            self.rows_under_way += 1;
            self.asking.push_back(0);
        }
        while let Some(attempt) = self.asking.front().copied() {
            let clock = self.clock();
            let wait = match &mut self.control {
                Control::Adaptive(rate) => {
                    rate.next(clock).saturating_duration_since(clock).as_secs_f64()
                }
                Control::Ideal => self.state.free_in(),
            };
            if wait > 0.0 {
                if self.state.now + wait < self.admits_at {
                    self.admits_at = self.state.now + wait;
                    self.after(wait + LATENESS, Event::Admit);
                }
                return;
            }
            self.asking.pop_front();
            self.sent += 1;
            let departure = match &mut self.control {
                Control::Adaptive(rate) => rate.send(clock),
                Control::Ideal => Departure { number: self.sent, at: clock },
            };
            self.answer(departure, attempt);
        }
    }

    fn answer(&mut self, departure: Departure, attempt: u32) {
        let is_late = self.state.now > LATE;
        let Provider { latency, refusal, .. } = self.state.provider;
        if self.state.accepts() {
            self.accepted += usize::from(is_late);
            let jitter = 0.8 + 0.4 * self.state.random.f64();
            self.after(latency * jitter, Event::Accepted(departure));
        } else {
            self.throttled += usize::from(is_late);
            let told = self.state.told();
            self.after(refusal, Event::Throttled(departure, attempt, told));
        }
    }
}

impl State {
    fn limit(&self) -> Option<f64> {
        let Provider { limit, then, change, .. } = self.provider;
        limit.map(|limit| if self.now < change { limit } else { limit * then })
    }

    /// The content of the token bucket.
    fn level(&self) -> f64 {
        let limit = self.limit().unwrap_or(f64::INFINITY);
        let filled = (self.now - self.filled).max(f64::MIN_POSITIVE) * limit;
        (self.tokens + filled).min(self.provider.burst)
    }

    /// Seconds until a request is accepted, noise apart.
    fn free_in(&self) -> f64 {
        const SOON: f64 = 1e-6;
        let Provider { outage, window, slots, .. } = self.provider;
        let outage =
            if (outage.0..outage.1).contains(&self.now) { outage.1 - self.now } else { 0.0 };
        let bucket = self.limit().map_or(0.0, |limit| (1.0 - self.level()) / limit);
        let window = window.map_or(0.0, |(count, seconds)| {
            let is_full = (self.now / seconds).floor() == self.window && self.in_window >= count;
            if is_full { (self.window + 1.0) * seconds - self.now } else { 0.0 }
        });
        let slots = if slots.is_some_and(|most| self.in_flight >= most) { 0.001 } else { 0.0 };
        let wait = outage.max(bucket).max(window).max(slots);
        if wait > 0.0 { wait + SOON } else { 0.0 }
    }

    fn accepts(&mut self) -> bool {
        if self.random.f64() < self.provider.noise || self.free_in() > 0.0 {
            return false;
        }
        (self.tokens, self.filled) = (self.level() - 1.0, self.now);
        if let Some((_, seconds)) = self.provider.window {
            let window = (self.now / seconds).floor();
            self.in_window = if window == self.window { self.in_window + 1 } else { 1 };
            self.window = window;
        }
        self.in_flight += 1;
        true
    }

    fn told(&self) -> Option<f64> {
        match self.provider.told {
            Told::Nothing => None,
            Told::Exact => Some(self.free_in()),
            Told::Rounded => Some(self.free_in().ceil()),
            Told::OneSecond => Some(1.0),
        }
    }
}
