//! The trial of a cut: whether a lower rate throttles less, as it does where there is a limit.

use std::time::{Duration, Instant};

use super::super::float;
use super::{Departure, MAX_NOISE, NOTICEABLE, SAMPLE};

/// What a limit leaves of the throttled share below it, at most: a fifth. Chosen by the simulations
/// in `adaptive/tests.rs`, as is the evidence: e to the power of 4 is odds of 55 to 1.
const RATIO: f64 = 5.0;
const EVIDENCE: f64 = 4.0;

/// Requests in a row, and how many of them were throttled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub sent: u64,
    pub throttled: u64,
    /// From the first departure to the last.
    pub time: Duration,
}

impl Sample {
    pub fn share(&self) -> f64 {
        (float(self.throttled) / float(self.sent.max(1))).min(1.0)
    }

    pub fn accepted(&self) -> u64 {
        self.sent.saturating_sub(self.throttled)
    }

    /// Accepted requests a second. A provider with a token bucket that was empty at the beginning
    /// and at the end accepts at its limit in between, give or take one.
    pub fn accepted_rate(&self) -> f64 {
        float(self.accepted() + 1) / self.seconds()
    }

    /// The same, at least.
    pub fn least_rate(&self) -> f64 {
        float(self.accepted()) / self.seconds()
    }

    fn seconds(&self) -> f64 {
        const RESOLUTION: f64 = 0.001;
        self.time.as_secs_f64().max(RESOLUTION)
    }
}

/// By how many standard deviations more requests were throttled than a share of `expected` would
/// have been at random.
pub(super) fn deviation(sample: &Sample, expected: f64) -> f64 {
    let (sent, throttled) = (float(sample.sent.max(1)), float(sample.throttled));
    (throttled - sent * expected) / (sent * expected * (1.0 - expected)).sqrt()
}

/// What requests after a cut have shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The share of before, at a lower rate.
    Stayed,
    /// A greater share: the limit has changed since the estimate.
    Rose,
    /// A much smaller share, or one that is never noise: there is a limit.
    Limit,
}

#[derive(Debug)]
pub(super) struct Trial {
    /// The rate before the first of the cuts.
    pub before: f64,
    /// The estimated limit: a higher rate would prove nothing.
    pub limit: f64,
    /// The number of cuts below the accepted rate.
    pub cuts: u32,
    /// The requests that called for the cut, and those after it.
    basis: Sample,
    pub seen: Sample,
    first: u64,
    start: Instant,
}

impl Trial {
    /// A trial with the requests after number `first`.
    pub fn new(
        before: f64,
        limit: f64,
        cuts: u32,
        basis: Sample,
        first: u64,
        start: Instant,
    ) -> Self {
        let seen = Sample { sent: 0, throttled: 0, time: Duration::ZERO };
        Self { before, limit, cuts, basis, seen, first, start }
    }

    /// The share that called for the cut.
    pub fn share(&self) -> f64 {
        self.basis.share()
    }

    /// The share before and after the cut.
    pub fn overall_share(&self) -> f64 {
        let sent = self.basis.sent + self.seen.sent;
        Sample { sent, throttled: self.basis.throttled + self.seen.throttled, ..self.basis }.share()
    }

    /// Counts an answer. Refusals come before replies, so requests without an answer that were sent
    /// before this one count as accepted.
    pub fn count(&mut self, departure: Departure, is_throttled: bool) {
        if departure.number > self.first {
            self.seen.sent = self.seen.sent.max(departure.number - self.first);
            let time = departure.at.saturating_duration_since(self.start);
            self.seen.time = self.seen.time.max(time);
            self.seen.throttled += u64::from(is_throttled);
        }
    }

    /// The outcome, as soon as the evidence is enough.
    pub fn verdict(&self) -> Option<Verdict> {
        let evidence = self.evidence();
        if evidence.abs() < EVIDENCE {
            None
        } else if evidence < 0.0 {
            Some(Verdict::Limit)
        } else if self.seen.share() >= MAX_NOISE {
            (self.seen.sent >= SAMPLE as u64).then_some(Verdict::Limit)
        } else if deviation(&self.seen, self.share()) > NOTICEABLE {
            Some(Verdict::Rose)
        } else {
            Some(Verdict::Stayed)
        }
    }

    /// The logarithm of how much likelier the share of before makes what was seen than a fifth of
    /// it (Wald's sequential probability ratio test).
    pub fn evidence(&self) -> f64 {
        let share = self.overall_share().max(self.share() / 2.0).min(MAX_NOISE);
        let (throttled, accepted) = (float(self.seen.throttled), float(self.seen.accepted()));
        throttled * RATIO.ln() + accepted * ((1.0 - share) / (1.0 - share / RATIO)).ln()
    }
}
