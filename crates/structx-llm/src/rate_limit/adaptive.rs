//! Finds the request rate that a provider accepts, from what it throttles.
//!
//! The control variable is a rate, not a number of concurrent requests: throttled requests are
//! answered at once, so a fixed concurrency sends them ever faster, and a provider of short
//! replies that accepts five requests a second accepts less than one at a time.
//!
//! The rate is unlimited until the provider throttles. The first cut goes slightly below the last
//! rate that passed without throttling; if that does not help, to the share of requests that was
//! accepted. The rate then rises in small steps for each second without throttling, and in larger
//! ones beyond the rate that failed. If cuts change nothing, throttling has another cause: the rate
//! before the cuts is restored for a while.
//!
//! All constants without another source were chosen by the simulations in `adaptive/tests.rs`: 720
//! token-bucket providers (5 to 200 requests a second, bursts of 2 to 20, latencies of 5 ms to 1 s,
//! limits that stay, halve or double), fixed concurrency, random throttling, and outages. With
//! these values at most 1.2% of the requests are throttled and at least 96% of a constant limit is
//! used, on average.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::gcra::LATENESS;

/// The share of throttled requests that is ignored.
const TOLERATED: f64 = 0.02;

/// The factor of a cut relative to the estimated limit; the slack drains the provider's backlog.
const CUT_FACTOR: f64 = 0.93;

/// The lowest factor of one cut: the estimate is rough if few requests were accepted.
const MIN_CUT_FACTOR: f64 = 0.2;

/// The lowest rate, in requests a second.
const MIN_RATE: f64 = 0.25;

/// Relative steps by which the rate rises: below the ceiling, above it, and above twice the ceiling.
const STEP: f64 = 0.015;
const LARGE_STEP: f64 = 0.1;
const LARGEST_STEP: f64 = 0.5;

/// The least duration of a round and its least number of answers (fewer for larger steps); each
/// round without throttling raises the rate by one step.
const ROUND: Duration = Duration::from_secs(1);
const ANSWERS: f64 = 20.0;

/// From this `Retry-After` on, throttling is costly: one throttled request cuts the
/// rate, and rounds last [`ROUNDS_OF_WAIT`] times the wait, which counts up to [`LONGEST_WAIT`].
const LONG_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);
const ROUNDS_OF_WAIT: u32 = 3;

/// A cut is ineffective if one of this many requests after it is throttled.
const INEFFECTIVE_WITHIN: u64 = 40;

/// Weights of ineffective cuts, the score at which cutting is suspended, and for how long.
const MILD_CUT_SCORE: u32 = 1;
const DEEP_CUT_SCORE: u32 = 2;
const SUSPEND_SCORE: u32 = 5;
const SUSPENSION: Duration = Duration::from_mins(1);

/// Throttled shares above these are never noise: within one cut, and over all ineffective cuts.
const MAX_NOISE_OF_CUT: f64 = 0.4;
const MAX_NOISE: f64 = 0.3;

/// The multiple of the noise that still counts as noise.
const NOISE_MARGIN: f64 = 3.0;

/// The multiple of the noise up to which a round counts as one without throttling.
const NOISE_OF_GOOD_ROUND: f64 = 1.5;

/// The number of throttled requests that is enough to estimate their share: for a mild cut, for a
/// deep one, and while noise is assumed.
const SAMPLE_MILD: usize = 2;
const SAMPLE_DEEP: usize = 3;
const SAMPLE_NOISE: usize = 12;

#[derive(Debug)]
pub(super) struct AdaptiveRate {
    /// In requests a second; `None` until the provider throttles.
    rate: Option<f64>,
    /// The earliest departure of the next request.
    next: Instant,
    /// The number of requests sent, which is also the number of the last one.
    sent: u64,
    sending: SendingRate,
    round: Round,
    /// The next relative increase of the rate.
    step: f64,
    /// Steps grow above this rate.
    ceiling: f64,
    /// The highest rate since the last cut that passed a round without throttling.
    last_good_rate: Option<f64>,
    cut: Cut,
    /// The last throttled requests that were sent after the last cut.
    throttled: VecDeque<u64>,
    in_flight: InFlight,
    ineffective_cuts: IneffectiveCuts,
    /// The share that is throttled for reasons other than the rate, and until when it is assumed.
    noise: f64,
    noise_until: Instant,
    /// The last `Retry-After` of a throttled request, zero if below [`LONG_WAIT`].
    wait: Duration,
}

/// The rate at which requests leave while it is unlimited.
#[derive(Debug)]
struct SendingRate {
    since: Instant,
    first: u64,
    rate: f64,
}

/// The outcomes of requests since the last step.
#[derive(Debug)]
struct Round {
    start: Instant,
    first: u64,
    answered: u32,
    throttled: u32,
    /// Whether requests waited for the rate: an unused rate proves nothing.
    was_waited_for: bool,
}

/// The last cut.
#[derive(Debug)]
struct Cut {
    /// The number of the last request before it.
    at: u64,
    was_mild: bool,
    /// Whether a request sent after it was accepted.
    accepts: bool,
    is_ineffective: bool,
}

/// Throttled requests among those that were in flight at the last cut.
#[derive(Debug)]
struct InFlight {
    /// Requests with greater numbers were sent at `rate`.
    from: u64,
    rate: f64,
    count: u64,
    first: u64,
    last: u64,
}

/// Consecutive cuts that did not reduce throttling.
#[derive(Debug)]
struct IneffectiveCuts {
    score: u32,
    /// The rate before the first of them.
    rate: f64,
    first: u64,
    throttled: u64,
}

impl AdaptiveRate {
    pub fn new(now: Instant) -> Self {
        Self {
            rate: None,
            next: now,
            sent: 0,
            sending: SendingRate { since: now, first: 0, rate: 0.0 },
            round: Round::new(0, now),
            step: STEP,
            ceiling: f64::INFINITY,
            last_good_rate: None,
            cut: Cut { at: 0, was_mild: false, accepts: true, is_ineffective: false },
            throttled: VecDeque::new(),
            in_flight: InFlight { from: 0, rate: 0.0, count: 0, first: 0, last: 0 },
            ineffective_cuts: IneffectiveCuts { score: 0, rate: 0.0, first: 0, throttled: 0 },
            noise: 0.0,
            noise_until: now,
            wait: Duration::ZERO,
        }
    }

    /// The earliest departure of the next request, for a caller that is about to send it.
    pub fn next(&mut self, now: Instant) -> Instant {
        if self.next > now && self.rate.is_some() {
            self.round.was_waited_for = true;
        }
        self.next
    }

    /// Records the departure of a request and returns its number.
    pub fn send(&mut self, now: Instant) -> u64 {
        if now.duration_since(self.sending.since) >= ROUND {
            self.sending =
                SendingRate { since: now, first: self.sent, rate: self.sending_rate(now) };
        }
        self.sent += 1;
        if let Some(rate) = self.rate {
            let earliest = now.checked_sub(LATENESS).unwrap_or(now);
            self.next = self.next.max(earliest) + Duration::from_secs_f64(1.0 / rate);
        }
        self.sent
    }
}

impl AdaptiveRate {
    /// Records that a request was answered without throttling.
    pub fn accepted(&mut self, number: u64, now: Instant) {
        self.cut.accepts |= number > self.cut.at;
        if number > self.round.first {
            self.round.answered += 1;
            self.end_round(now);
        }
    }

    /// Records that a request was throttled; no request leaves before `wait` has passed.
    pub fn throttled(&mut self, number: u64, wait: Duration, now: Instant) {
        self.next = self.next.max(now + wait);
        if number > self.round.first {
            self.round.answered += 1;
            self.round.throttled += 1;
        }
        if number > self.ineffective_cuts.first {
            self.ineffective_cuts.throttled += 1;
        }
        if number <= self.cut.at {
            self.throttled_in_flight(number, now);
            return;
        }
        self.cut.is_ineffective |= number <= self.cut.at + INEFFECTIVE_WITHIN;
        self.wait = if wait < LONG_WAIT { Duration::ZERO } else { wait.min(LONGEST_WAIT) };
        self.throttled.push_back(number);
        if self.throttled.len() > SAMPLE_NOISE {
            self.throttled.pop_front();
        }
        if let Some(share) = self.significant_share(now) {
            self.cut(share, now);
        }
    }

    /// The share of throttled requests, if the sample is large enough and the share calls for a cut.
    fn significant_share(&self, now: Instant) -> Option<f64> {
        let noise = self.noise(now);
        let is_costly = !self.wait.is_zero() && noise == 0.0;
        let enough = match self.last_good_rate {
            _ if noise > 0.0 => SAMPLE_NOISE,
            _ if is_costly => 1,
            Some(_) => SAMPLE_MILD,
            None => SAMPLE_DEEP,
        };
        let last = self.throttled.iter().rev().take(enough);
        let (first, last) = (last.clone().min()?, last.max()?);
        let share = match enough {
            _ if self.throttled.len() < enough => return None,
            1 => share(1, last - self.cut.at),
            _ => share(enough as u64 - 1, last - first),
        };
        (is_costly || share > self.tolerated(now)).then_some(share)
    }

    /// Deepens the last cut if requests that were in flight then show a greater throttled share.
    fn throttled_in_flight(&mut self, number: u64, now: Instant) {
        let tolerated = self.tolerated(now);
        let in_flight = &mut self.in_flight;
        if number <= in_flight.from {
            return;
        }
        in_flight.count += 1;
        in_flight.first = in_flight.first.min(number);
        in_flight.last = in_flight.last.max(number);
        let share = share(in_flight.count - 1, in_flight.last - in_flight.first);
        let rate = after_cut(in_flight.rate, share);
        let is_known = in_flight.count >= SAMPLE_DEEP as u64 && share > tolerated;
        if is_known && self.rate.is_some_and(|it| rate < it) {
            self.set_rate(rate, share);
        }
    }

    /// Sets the rate and how fast it rises: the greater the throttled share, the rougher the
    /// estimate and the larger the step.
    fn set_rate(&mut self, rate: f64, share: f64) {
        self.rate = Some(rate);
        self.ceiling = rate / CUT_FACTOR;
        self.step = share.powi(3).clamp(STEP, LARGE_STEP);
    }

    fn cut(&mut self, share: f64, now: Instant) {
        let rate = self.rate.unwrap_or_else(|| self.sending_rate(now));
        if self.suspends_cuts(share, rate, now) {
            return;
        }
        let last_good_rate = self.last_good_rate.take();
        match last_good_rate {
            Some(good) => {
                self.rate = Some((CUT_FACTOR * good).max(MIN_RATE));
                self.ceiling = rate;
                // The limit lies between the two rates: a quarter of the gap at each step.
                self.step = ((rate / good - 1.0) / 4.0).clamp(STEP, LARGE_STEP);
            }
            None => self.set_rate(after_cut(rate, share), share),
        }
        if share >= 1.0 && !self.cut.accepts {
            // An outage: nothing is accepted at any rate, so the rate doubles at first when it ends.
            self.step = 1.0;
        }
        let first = self.throttled.iter().min().copied().unwrap_or(self.sent);
        let last = self.throttled.iter().max().copied().unwrap_or(self.sent);
        let count = self.throttled.len() as u64;
        self.in_flight = InFlight { from: self.cut.at, rate, count, first, last };
        self.cut = Cut {
            at: self.sent,
            was_mild: last_good_rate.is_some(),
            accepts: false,
            is_ineffective: false,
        };
        self.noise = 0.0;
        self.throttled.clear();
        self.round = Round::new(self.sent, now);
    }

    /// Suspends cuts for a while after several ineffective ones in a row.
    fn suspends_cuts(&mut self, throttled: f64, rate: f64, now: Instant) -> bool {
        if self.cut.is_ineffective && throttled < MAX_NOISE_OF_CUT && self.wait.is_zero() {
            self.ineffective_cuts.score +=
                if self.cut.was_mild { MILD_CUT_SCORE } else { DEEP_CUT_SCORE };
        } else {
            self.ineffective_cuts.score = 0;
        }
        if self.ineffective_cuts.score == 0 {
            self.ineffective_cuts =
                IneffectiveCuts { score: 0, rate, first: self.sent, throttled: 0 };
        }
        if self.ineffective_cuts.score < SUSPEND_SCORE {
            return false;
        }
        let noise = share(self.ineffective_cuts.throttled, self.sent - self.ineffective_cuts.first);
        self.ineffective_cuts.score = 0;
        if noise >= MAX_NOISE {
            return false;
        }
        self.noise = noise;
        self.noise_until = now + SUSPENSION;
        self.rate = Some(rate.max(self.ineffective_cuts.rate));
        self.step = LARGE_STEP;
        self.throttled.clear();
        self.round = Round::new(self.sent, now);
        true
    }

    /// Raises the rate by a step at the end of a round without throttling.
    fn end_round(&mut self, now: Instant) {
        let Some(rate) = self.rate else { return };
        let answers = (ANSWERS * STEP / self.step).clamp(1.0, ANSWERS);
        let length = if self.step > STEP { ROUND } else { ROUND.max(self.wait * ROUNDS_OF_WAIT) };
        let Round { start, answered, throttled, was_waited_for, .. } = self.round;
        if f64::from(answered) < answers || now < start + length {
            return;
        }
        let share = f64::from(throttled) / f64::from(answered);
        if was_waited_for && share <= self.noise(now) * NOISE_OF_GOOD_ROUND {
            self.last_good_rate = Some(rate);
            self.rate = Some(rate * (1.0 + self.step));
            if rate > self.ceiling {
                let largest = if rate > 2.0 * self.ceiling { LARGEST_STEP } else { LARGE_STEP };
                self.step = (self.step * 2.0).min(largest.max(self.step));
            }
        }
        self.round = Round::new(self.sent, now);
    }

    /// The share that is assumed to be throttled for reasons other than the rate.
    fn noise(&self, now: Instant) -> f64 {
        if now < self.noise_until { self.noise } else { 0.0 }
    }

    fn tolerated(&self, now: Instant) -> f64 {
        TOLERATED.max(NOISE_MARGIN * self.noise(now))
    }

    fn sending_rate(&self, now: Instant) -> f64 {
        const SHORTEST_SECONDS: f64 = 0.05;
        // A low request rate says nothing about the limit.
        const LEAST: f64 = 10.0;
        let SendingRate { since, first, rate } = self.sending;
        let seconds = now.duration_since(since).as_secs_f64().max(SHORTEST_SECONDS);
        rate.max(float(self.sent - first) / seconds).max(LEAST)
    }
}

impl Round {
    fn new(first: u64, start: Instant) -> Self {
        Self { start, first, answered: 0, throttled: 0, was_waited_for: false }
    }
}

/// The rate after a cut: slightly below its accepted share.
fn after_cut(rate: f64, throttled: f64) -> f64 {
    (rate * (CUT_FACTOR * (1.0 - throttled)).max(MIN_CUT_FACTOR)).max(MIN_RATE)
}

fn share(part: u64, whole: u64) -> f64 {
    (float(part) / float(whole.max(1))).min(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
