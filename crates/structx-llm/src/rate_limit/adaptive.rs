//! Finds the request rate that a provider accepts, from what it throttles.
//!
//! The control variable is a rate, not a number of concurrent requests: throttled requests are
//! answered at once, so a fixed concurrency sends them ever faster, and a provider of short
//! replies that accepts five requests a second accepts less than one at a time.
//!
//! The rate is unlimited until the provider throttles a share of the requests that is not noise.
//! The first cut goes slightly below the last rate that passed without throttling, or, if there is
//! none, below the rate at which requests were accepted. The rate then rises in steps: the rougher
//! the estimate, the larger.
//!
//! Each cut is a trial (`adaptive/trial.rs`): a limit of the account throttles less at a lower
//! rate, an error that comes at random does not. If the share stays through cuts below all that
//! was accepted, it is noise: the rate before the cuts is restored, and the share is expected for a
//! while. The AWS SDK's adaptive mode cuts its rate (CUBIC) at every throttled request, and gRPC's
//! retry throttling takes a token of all retries, whatever the cause; TCP's BBR tolerates a share of
//! losses and estimates the rate that is delivered, as here.
//!
//! A wait that the provider asks for is that of one request. All wait if the provider says that a
//! limit is used up, or throttles [`SAMPLE`] requests in a row.
//!
//! Constants without another source were chosen by the simulations in `adaptive/tests.rs`: 720
//! token-bucket providers (5 to 200 requests a second, bursts of 2 to 20, latencies of 5 ms to 1 s,
//! limits that stay, halve or double), random throttling of up to 30 %, windows, fixed concurrency
//! and outages. Values from half to twice of theirs make runs at most 5 % longer on average, but for
//! [`CUTS_OF_PROOF`]: one cut takes limits that halve for noise, three take noise for a limit.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::trial::{Sample, Trial, Verdict, deviation};
use super::float;
use super::gcra::LATENESS;
use super::stats::by_minute;

mod trial;

/// The number of throttled requests from which their share and the accepted rate are estimated.
/// That many in a row are the account's limit: 0.3 to the power of 12 is one in two million.
const SAMPLE: usize = 12;

/// The number that is enough for a cut to slightly below a rate that is known to be good.
const SMALL_SAMPLE: usize = 3;

/// The least duration of a sample from which a rate is estimated: a burst says nothing.
const SHORTEST_SAMPLE: Duration = Duration::from_millis(50);

/// The share that is always expected to be throttled.
const LEAST_NOISE: f64 = 0.003;

/// The share from which throttling is never noise.
const MAX_NOISE: f64 = 0.7;

/// How long a share is expected after it was found to be noise.
const MEMORY: Duration = Duration::from_secs(10);

/// The standard deviations from the expected share that call for a cut; fewer are no throttling.
const SIGNIFICANT: f64 = 3.0;
const NOTICEABLE: f64 = 2.0;

/// The number of cuts below the accepted rate through which noise has to stay: the first estimate
/// is wrong if the limit has changed during its sample.
const CUTS_OF_PROOF: u32 = 2;

/// The factor of a cut relative to the estimated limit; the slack drains the provider's backlog.
const CUT_FACTOR: f64 = 0.9;

/// The lowest rate, in requests a second.
const MIN_RATE: f64 = 0.25;

/// Relative steps by which the rate rises: at least, above the rate that failed, and where nothing
/// is known.
const STEP: f64 = 0.015;
const LARGE_STEP: f64 = 0.06;
const LARGEST_STEP: f64 = 1.0;

/// A round without throttling raises the rate by one step. It spans requests of half a second, and
/// so many answers; fewer for larger steps.
const ROUND: Duration = Duration::from_millis(500);
const ANSWERS: f64 = 20.0;

/// A request that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Departure {
    pub number: u64,
    pub at: Instant,
}

#[derive(Debug)]
pub(super) struct AdaptiveRate {
    /// In requests a second; infinite until the provider throttles.
    rate: f64,
    /// The earliest departure of the next request.
    next: Instant,
    /// No request leaves before.
    held_until: Instant,
    /// The number of requests sent, which is also the number of the last one.
    sent: u64,
    /// Requests up to this number were sent at a rate that has failed.
    failed: u64,
    /// Throttled requests that were sent at the present rate, by number.
    throttled: VecDeque<Throttled>,
    round: Round,
    /// The next relative increase of the rate.
    step: f64,
    /// Steps grow above this rate.
    ceiling: f64,
    /// The highest rate since the last cut that passed a round without throttling.
    last_good_rate: Option<f64>,
    /// The trial of the last cut, until its verdict.
    trial: Option<Trial>,
    /// The share that is throttled for reasons other than the rate, and until when it is expected.
    noise: f64,
    noise_until: Instant,
}

#[derive(Debug)]
struct Throttled {
    departure: Departure,
    /// The end of the wait that the provider asked for.
    until: Option<Instant>,
}

/// The outcomes of requests since the last step.
#[derive(Debug)]
struct Round {
    start: Instant,
    first: u64,
    last: u64,
    answered: u32,
    throttled: u64,
    /// Whether requests waited for the rate: an unused rate proves nothing.
    was_waited_for: bool,
}

impl AdaptiveRate {
    pub fn new(now: Instant) -> Self {
        Self {
            rate: f64::INFINITY,
            next: now,
            held_until: now,
            sent: 0,
            failed: 0,
            throttled: VecDeque::new(),
            round: Round::new(0, now),
            step: STEP,
            ceiling: f64::INFINITY,
            last_good_rate: None,
            trial: None,
            noise: 0.0,
            noise_until: now,
        }
    }

    /// The earliest departure of the next request, for a caller that is about to send it.
    pub fn next(&mut self, now: Instant) -> Instant {
        self.round.was_waited_for |= self.next > now;
        self.next.max(self.held_until)
    }

    /// The rate, in requests a minute; none while it is unlimited.
    pub fn per_minute(&self) -> Option<f64> {
        by_minute(self.rate)
    }

    /// Records the departure of a request.
    pub fn send(&mut self, now: Instant) -> Departure {
        self.sent += 1;
        let earliest = now.checked_sub(LATENESS).unwrap_or(now);
        self.next = self.next.max(earliest) + Duration::from_secs_f64(1.0 / self.rate);
        Departure { number: self.sent, at: now }
    }

    /// Holds all requests for `wait`, for a limit that the provider says is used up.
    pub fn hold(&mut self, wait: Duration, now: Instant) {
        self.held_until = self.held_until.max(now + wait);
    }

    /// Records that a request was answered without throttling.
    pub fn accepted(&mut self, departure: Departure, now: Instant) {
        self.count_in_trial(departure, false, now);
        if departure.number > self.round.first {
            self.round.count(departure, false);
            self.end_round(departure, now);
        }
    }

    /// Records that a request was throttled, and the wait that the provider asks for.
    pub fn throttled(&mut self, departure: Departure, wait: Option<Duration>, now: Instant) {
        self.count_in_trial(departure, true, now);
        if departure.number > self.round.first {
            self.round.count(departure, true);
        }
        if departure.number <= self.failed {
            return;
        }
        let known = &mut self.throttled;
        let place = known.partition_point(|it| it.departure.number < departure.number);
        known.insert(place, Throttled { departure, until: wait.map(|wait| now + wait) });
        while self.throttled.len() > SAMPLE && self.sample(1).time >= SHORTEST_SAMPLE {
            self.throttled.pop_front();
        }
        if now >= self.held_until
            && let Some(until) = self.told_in_a_row()
        {
            self.hold_back(until, now);
        }
        if let Some(sample) = self.significant_sample(now) {
            self.cut(sample, now);
        }
    }

    /// Holds all requests, after which not all rows come back at once: the rate begins with those of
    /// one sample in a time as long as the wait.
    fn hold_back(&mut self, until: Instant, now: Instant) {
        self.held_until = until;
        let wait = until.saturating_duration_since(now).max(SHORTEST_SAMPLE);
        let rate = (float(SAMPLE as u64) / wait.as_secs_f64()).max(MIN_RATE);
        if rate < self.rate {
            (self.rate, self.ceiling, self.step) = (rate, rate, LARGEST_STEP);
        }
    }

    /// The earliest end of the waits that the provider asked for, if it throttled all of the last
    /// requests.
    fn told_in_a_row(&self) -> Option<Instant> {
        let first = self.throttled.len().checked_sub(SAMPLE)?;
        let is_in_a_row = self.sample(first).accepted() == 0;
        let mut told = self.throttled.range(first..).filter_map(|it| it.until);
        told.next().filter(|_| is_in_a_row).map(|until| told.fold(until, Instant::min))
    }

    /// The last throttled requests, if they are enough and their share calls for a cut.
    fn significant_sample(&self, now: Instant) -> Option<Sample> {
        let expected = self.expected_share(now);
        let is_small = self.last_good_rate.is_some() && expected <= LEAST_NOISE;
        let most =
            self.throttled.len().checked_sub(if is_small { SMALL_SAMPLE } else { SAMPLE })?;
        let sample = self.sample(if is_small { most } else { 0 });
        let is_enough = is_small || sample.time >= SHORTEST_SAMPLE;
        (is_enough && deviation(&sample, expected) > SIGNIFICANT).then_some(sample)
    }

    /// The requests from the throttled one at this index, which is not counted, to the last.
    fn sample(&self, first: usize) -> Sample {
        let (first_one, last) = (&self.throttled[first], &self.throttled[self.throttled.len() - 1]);
        Sample {
            sent: last.departure.number - first_one.departure.number,
            throttled: (self.throttled.len() - first - 1) as u64,
            time: last.departure.at.saturating_duration_since(first_one.departure.at),
        }
    }

    /// The share that may be throttled at the present rate for other reasons.
    fn expected_share(&self, now: Instant) -> f64 {
        self.trial.as_ref().map_or(0.0, Trial::share).max(self.noise(now))
    }

    fn noise(&self, now: Instant) -> f64 {
        if now < self.noise_until { self.noise.max(LEAST_NOISE) } else { LEAST_NOISE }
    }

    /// Lowers the rate: below a rate that was good, or below the accepted rate.
    fn cut(&mut self, sample: Sample, now: Instant) {
        let failed = self.rate;
        let good = self.last_good_rate.take();
        let good = good.map(|good| good.max(sample.least_rate().min(failed)));
        let limit = good.unwrap_or_else(|| sample.accepted_rate());
        self.rate = (CUT_FACTOR * limit).clamp(MIN_RATE, failed.max(MIN_RATE));
        (self.step, self.ceiling) = match good {
            // The limit lies between the two rates: a quarter of the gap at each step.
            Some(good) => (((failed / good - 1.0) / 4.0).min(LARGEST_STEP), failed),
            // Of requests that did not wait for the rate, the provider may accept any number.
            None if !self.round.was_waited_for => (LARGEST_STEP, limit),
            // A bucket accepts one request more or less than its rate in any time.
            None => (1.0 / float(sample.accepted() + 1), limit),
        };
        self.step = self.step.max(STEP);
        let previous = self.trial.take().filter(|_| good.is_none());
        let (before, cuts) = previous.map_or((failed, 0), |it| (it.before, it.cuts));
        let cuts = if good.is_some() { 0 } else { cuts + 1 };
        let trial = || Trial::new(before, limit, cuts, sample, self.sent, now);
        self.trial = (sample.share() < MAX_NOISE).then(trial);
        if self.trial.is_none() {
            self.noise = 0.0;
        }
        self.start_over(now);
    }

    fn count_in_trial(&mut self, departure: Departure, is_throttled: bool, now: Instant) {
        let Some(trial) = &mut self.trial else { return };
        trial.count(departure, is_throttled);
        match trial.verdict() {
            None => {}
            Some(Verdict::Stayed) if trial.cuts >= CUTS_OF_PROOF => {
                (self.noise, self.noise_until) = (trial.overall_share(), now + MEMORY);
                (self.rate, self.ceiling) = (trial.before, f64::INFINITY);
                (self.step, self.next) = (LARGEST_STEP, now);
                self.trial = None;
                self.start_over(now);
            }
            Some(Verdict::Stayed) => {
                let sample = trial.seen;
                self.last_good_rate = None;
                self.cut(sample, now);
            }
            Some(Verdict::Rose) => {
                let sample = trial.seen;
                (self.trial, self.last_good_rate) = (None, None);
                self.cut(sample, now);
            }
            Some(Verdict::Limit) => (self.trial, self.noise) = (None, 0.0),
        }
    }

    /// Forgets what is known of earlier requests.
    fn start_over(&mut self, now: Instant) {
        self.throttled.clear();
        self.failed = self.sent;
        self.round = Round::new(self.sent, now);
    }

    /// Raises the rate by a step at the end of a round without throttling.
    fn end_round(&mut self, departure: Departure, now: Instant) {
        let answers = (ANSWERS * STEP / self.step).clamp(1.0, ANSWERS);
        let Round { start, answered, was_waited_for, .. } = self.round;
        if f64::from(answered) < answers || departure.at < start + ROUND {
            return;
        }
        if was_waited_for && deviation(&self.round.sample(), self.noise(now)) < NOTICEABLE {
            self.throttled.clear();
            self.raise();
        }
        self.round = Round::new(self.sent, now);
    }

    /// Raises the rate by a step; above the limit of a trial only if the trial speaks for a limit.
    fn raise(&mut self) {
        let raised = self.rate * (1.0 + self.step);
        self.trial.take_if(|trial| raised > trial.limit && trial.evidence() < 0.0);
        if let Some(trial) = &self.trial {
            self.rate = raised.min(trial.limit);
            return;
        }
        self.last_good_rate = Some(self.rate);
        if self.rate > self.ceiling {
            self.step = (self.step * 2.0).min(LARGE_STEP.max(self.step));
        }
        self.rate = raised;
    }
}

impl Round {
    fn new(first: u64, start: Instant) -> Self {
        Self { start, first, last: first, answered: 0, throttled: 0, was_waited_for: false }
    }

    fn count(&mut self, departure: Departure, is_throttled: bool) {
        self.last = self.last.max(departure.number);
        self.answered += 1;
        self.throttled += u64::from(is_throttled);
    }

    fn sample(&self) -> Sample {
        let sent = self.last - self.first;
        Sample { sent, throttled: self.throttled, time: Duration::ZERO }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
