//! The adaptive rate against simulated providers, on a simulated clock.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "times and counts are small"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::AdaptiveRate;

/// A simulated provider: throttles by a token bucket, by concurrency, and at random.
#[derive(Debug, Clone, Copy)]
struct Provider {
    /// Requests a second, and its factor from `CHANGE` on.
    limit: Option<f64>,
    then: f64,
    burst: f64,
    slots: Option<usize>,
    /// The share that is throttled at random.
    random: f64,
    /// The seconds between which everything is throttled.
    outage: (f64, f64),
    /// Seconds until a response, give or take a fifth.
    latency: f64,
    /// Seconds until a throttled response.
    refusal: f64,
    /// `Retry-After`, in seconds.
    wait: f64,
}

const SOUND: Provider = Provider {
    limit: None,
    then: 1.0,
    burst: 5.0,
    slots: None,
    random: 0.0,
    outage: (f64::INFINITY, f64::INFINITY),
    latency: 0.1,
    refusal: 0.005,
    wait: 0.0,
};

/// The seconds at which limits change and at which a run ends.
const CHANGE: f64 = 30.0;
const END: f64 = 90.0;
/// Requests before this second are not counted.
const COUNTED: f64 = 10.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ask,
    Good(u64),
    Throttled(u64),
    /// A throttled request is sent again.
    Back,
}

struct Simulation {
    provider: Provider,
    rate: AdaptiveRate,
    start: Instant,
    now: f64,
    /// Times in nanoseconds, earliest first.
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    order: u64,
    asks_at: f64,
    /// Requests that are ready to be sent.
    asking: usize,
    in_flight: usize,
    tokens: f64,
    filled: f64,
    random: u64,
    /// The times of accepted requests.
    accepted: Vec<f64>,
    throttled: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Outcome {
    throttled: f64,
    /// Accepted requests a second.
    rate: f64,
}

impl Simulation {
    fn run(provider: Provider, asking: usize) -> Outcome {
        let start = Instant::now();
        let mut simulation = Self {
            provider,
            rate: AdaptiveRate::new(start),
            start,
            now: 0.0,
            events: BinaryHeap::new(),
            order: 0,
            asks_at: f64::INFINITY,
            asking,
            in_flight: 0,
            tokens: provider.burst,
            filled: 0.0,
            random: 7,
            accepted: Vec::new(),
            throttled: Vec::new(),
        };
        simulation.ask();
        while let Some(Reverse((time, _, event))) = simulation.events.pop() {
            simulation.now = time as f64 / 1e9;
            if simulation.now > END {
                break;
            }
            simulation.happen(event);
            simulation.ask();
        }
        simulation.outcome()
    }

    fn outcome(&self) -> Outcome {
        let since = |times: &[f64], from: f64| times.iter().filter(|time| **time > from).count();
        let accepted = since(&self.accepted, COUNTED) as f64;
        let throttled = since(&self.throttled, COUNTED) as f64;
        Outcome { throttled: throttled / (accepted + throttled), rate: accepted / (END - COUNTED) }
    }

    fn clock(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.now)
    }

    fn after(&mut self, seconds: f64, event: Event) {
        self.order += 1;
        self.events.push(Reverse((((self.now + seconds) * 1e9) as u64, self.order, event)));
    }

    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.random >> 33) as f64 / (1_u64 << 31) as f64
    }

    fn happen(&mut self, event: Event) {
        let clock = self.clock();
        match event {
            Event::Ask if self.now < self.asks_at => {}
            Event::Ask => self.asks_at = f64::INFINITY,
            Event::Back => self.asking += 1,
            Event::Good(number) => {
                self.rate.accepted(number, clock);
                self.in_flight -= 1;
                self.asking += 1;
            }
            Event::Throttled(number) => {
                let wait = Duration::from_secs_f64(self.provider.wait);
                self.rate.throttled(number, wait, clock);
                let backoff = 1.0 + 0.5 * self.chance();
                self.after(backoff, Event::Back);
            }
        }
    }

    /// Sends the requests that the rate admits.
    fn ask(&mut self) {
        /// How late timers are, in seconds.
        const LATE: f64 = 0.0005;
        while self.asking > 0 {
            let clock = self.clock();
            let wait = self.rate.next(clock).saturating_duration_since(clock).as_secs_f64();
            if wait > 0.0 {
                if self.now + wait < self.asks_at {
                    self.asks_at = self.now + wait;
                    self.after(wait + LATE, Event::Ask);
                }
                return;
            }
            self.asking -= 1;
            let number = self.rate.send(clock);
            if self.accepts() {
                self.in_flight += 1;
                self.accepted.push(self.now);
                let jitter = 0.8 + 0.4 * self.chance();
                self.after(self.provider.latency * jitter, Event::Good(number));
            } else {
                self.throttled.push(self.now);
                self.after(self.provider.refusal, Event::Throttled(number));
            }
        }
    }

    fn accepts(&mut self) -> bool {
        let Provider { limit, then, burst, slots, random, outage, .. } = self.provider;
        let is_out = (outage.0..outage.1).contains(&self.now);
        if is_out || self.chance() < random || slots.is_some_and(|most| self.in_flight >= most) {
            return false;
        }
        let Some(limit) = limit else { return true };
        let limit = if self.now < CHANGE { limit } else { limit * then };
        self.tokens = (self.tokens + (self.now - self.filled) * limit).min(burst);
        self.filled = self.now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

/// 240 providers whose limit changes by a factor.
fn providers(then: f64) -> impl Iterator<Item = (Provider, f64, usize)> {
    let limits = [5.0, 10.0, 20.0, 60.0, 200.0];
    let bursts = [2.0, 5.0, 20.0];
    let latencies = [0.005, 0.05, 0.3, 1.0];
    let of_limit = move |limit: f64| {
        let of_burst = move |burst: f64| {
            latencies.into_iter().flat_map(move |latency| {
                let asking = ((limit * latency * 4.0) as usize).max(16);
                [(0.005, 0.0), (latency, 0.0), (0.005, 1.0), (latency, 1.0)].map(
                    |(refusal, wait)| {
                        let limit = Some(limit);
                        (Provider { limit, then, burst, latency, refusal, wait, ..SOUND }, asking)
                    },
                )
            })
        };
        bursts.into_iter().flat_map(of_burst).map(move |(it, asking)| (it, limit, asking))
    };
    limits.into_iter().flat_map(of_limit)
}

/// Asserts bounds on the throttled share and the used share of the limit, for each provider and on
/// average.
fn check(then: f64, most_throttled: [f64; 2], least_used: [f64; 2]) {
    let (mut throttled, mut used, mut count) = (0.0, 0.0, 0.0);
    for (provider, limit, asking) in providers(then) {
        let outcome = Simulation::run(provider, asking);
        let possible = limit * ((CHANGE - COUNTED) + (END - CHANGE) * then) / (END - COUNTED);
        let use_of = outcome.rate / possible;
        // A few requests are a large share of those to a slow provider.
        let most = if limit < 20.0 { most_throttled[0] * 2.0 } else { most_throttled[0] };
        assert!(outcome.throttled < most, "{outcome:?} of {provider:?}");
        assert!(use_of > least_used[0], "{use_of}, {outcome:?} of {provider:?}");
        throttled += outcome.throttled;
        used += use_of;
        count += 1.0;
    }
    let (throttled, used) = (throttled / count, used / count);
    assert!(throttled < most_throttled[1] && used > least_used[1], "{throttled} {used}");
}

#[test]
fn a_limit_is_found_and_kept() {
    check(1.0, [0.05, 0.012], [0.85, 0.96]);
}

#[test]
fn a_limit_that_halves_is_followed() {
    check(0.5, [0.061, 0.022], [0.8, 0.95]);
}

#[test]
fn a_limit_that_doubles_is_followed() {
    check(2.0, [0.05, 0.01], [0.65, 0.85]);
}

#[test]
fn a_number_of_requests_at_a_time_is_kept() {
    for slots in [4, 20, 100] {
        for latency in [0.05, 0.3, 1.0] {
            let provider = Provider { slots: Some(slots), latency, ..SOUND };
            let outcome = Simulation::run(provider, slots * 4);
            let used = outcome.rate * latency / slots as f64;
            assert!(outcome.throttled < 0.05 && used > 0.7, "{used}, {outcome:?} {provider:?}");
        }
    }
}

#[test]
fn what_is_throttled_at_random_does_not_slow_the_rest_down() {
    for random in [0.03, 0.06, 0.11] {
        for latency in [0.02, 0.1, 1.0] {
            for (asking, wait) in [(8, 0.0), (100, 0.0), (100, 0.02)] {
                let provider = Provider { random, latency, wait, ..SOUND };
                let outcome = Simulation::run(provider, asking);
                // Throttled requests are sent again after 1.25 seconds.
                let used = outcome.rate * (latency + random * 1.25) / asking as f64;
                assert!(used > 0.8, "{used}, {outcome:?} {provider:?}");
            }
        }
    }
}

#[test]
fn after_an_outage_the_rate_is_what_it_was() {
    for limit in [10.0, 100.0] {
        for latency in [0.05, 1.0] {
            let outage = (20.0, 40.0);
            let provider = Provider { limit: Some(limit), latency, outage, ..SOUND };
            let outcome = Simulation::run(provider, 200);
            // The outage takes a quarter of the counted time.
            assert!(outcome.rate > 0.5 * 0.75 * limit, "{outcome:?} {provider:?}");
        }
    }
}

#[test]
fn nothing_waits_until_something_is_throttled() {
    let outcome = Simulation::run(SOUND, 1_000);
    assert!(outcome.rate > 9_000.0, "{outcome:?}");
}
