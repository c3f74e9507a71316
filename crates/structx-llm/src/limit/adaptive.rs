//! The rate at which a provider takes requests, found by what it throttles.
//!
//! A rate and not a number of requests at a time: what is throttled is answered at once, so that
//! the same number of requests at a time would be asked ever faster, and a provider of short
//! answers that takes five requests a second takes less than one at a time.
//!
//! Nothing is limited until the provider throttles. Then the rate is cut: a little below the last
//! one that was fine, and if that does not help, to what was accepted of the requests sent. It
//! rises by small steps each second that passes without throttling, and by larger ones beyond
//! the rate that failed. Where cuts change nothing, the throttling has other reasons: the rate is
//! what it was before them, for a while.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::pace::LATENESS;

/// The share of throttled requests that is no reason to be slower.
const TOLERATED: f64 = 0.02;

/// What a cut leaves of the rate that is thought to be right, so that what is in arrears passes.
const KEPT: f64 = 0.93;

/// What a cut leaves at least: the estimate is rough where few were accepted.
const LEAST_KEPT: f64 = 0.2;

/// Requests each second below which the rate is not cut.
const SLOWEST: f64 = 0.25;

/// The steps by which the rate rises: near to where it failed, beyond, and far beyond.
const STEP: f64 = 0.015;
const LARGE_STEP: f64 = 0.1;
const LARGEST_STEP: f64 = 0.5;

/// Each step is taken after a round of so long and so many answers (fewer for larger steps).
const ROUND: Duration = Duration::from_secs(1);
const ANSWERS: f64 = 20.0;

/// A throttled answer that asks to wait for so long costs more than it tells: the rate is cut by
/// the first, and rises slower the longer the wait.
const LONG_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);
const ROUNDS_OF_WAIT: u32 = 3;

/// Where one of so many requests after a cut is throttled, the cut did not help.
const SOON: u64 = 40;

/// Cuts that did not help count for this much, up to where they are given up for a while.
const MILD_IN_VAIN: u32 = 1;
const DEEP_IN_VAIN: u32 = 2;
const IN_VAIN: u32 = 5;
const WHILE: Duration = Duration::from_mins(1);

/// Throttled shares beyond these are no chance, whatever the cuts do.
const CERTAIN: f64 = 0.4;
const NO_CHANCE: f64 = 0.3;

/// How often a share that has other reasons may be exceeded by chance.
const CHANCE: f64 = 3.0;

/// So many throttled requests tell the share of them: before a mild cut, before a deep one, and
/// while some are thought to be throttled for other reasons.
const TELL_MILD: usize = 2;
const TELL_DEEP: usize = 3;
const TELL_NOISE: usize = 12;

#[derive(Debug)]
pub(super) struct Adaptive {
    /// Requests each second; `None` until the provider throttles.
    rate: Option<f64>,
    /// When the next request may leave.
    next: Instant,
    /// How many have left. Each is known by its number.
    sent: u64,
    sending: Sending,
    round: Round,
    /// By how much the rate rises next.
    step: f64,
    /// Beyond this rate steps grow.
    ceiling: f64,
    /// The highest rate since the last cut that a round has passed without throttling.
    fine: Option<f64>,
    /// The last cut.
    cut: Cut,
    /// The last throttled requests since.
    throttled: VecDeque<u64>,
    /// The requests that were in flight at the last cut.
    flying: Flying,
    vain: Vain,
    /// The share that is throttled for other reasons, and until when that is believed.
    noise: f64,
    noise_until: Instant,
    /// How long the last throttled answer asked to wait, if that was long.
    wait: Duration,
}

/// How fast requests leave while nothing is limited.
#[derive(Debug)]
struct Sending {
    since: Instant,
    first: u64,
    rate: f64,
}

/// What became of the requests since the last step.
#[derive(Debug)]
struct Round {
    start: Instant,
    first: u64,
    answered: u32,
    throttled: u32,
    /// Whether the rate was what requests waited for: a rate that is not used proves nothing.
    was_waited_for: bool,
}

#[derive(Debug)]
struct Cut {
    /// Requests with greater numbers left after it.
    at: u64,
    was_mild: bool,
    /// Whether a request was accepted since.
    accepts: bool,
    /// Whether it did not help.
    in_vain: bool,
}

/// Throttled requests among those in flight at the last cut.
#[derive(Debug)]
struct Flying {
    /// Requests with greater numbers left at this rate.
    from: u64,
    rate: f64,
    count: u64,
    first: u64,
    last: u64,
}

/// Cuts in a row that did not help.
#[derive(Debug)]
struct Vain {
    score: u32,
    /// The rate before them.
    rate: f64,
    first: u64,
    throttled: u64,
}

impl Adaptive {
    pub fn new(now: Instant) -> Self {
        Self {
            rate: None,
            next: now,
            sent: 0,
            sending: Sending { since: now, first: 0, rate: 0.0 },
            round: Round::new(0, now),
            step: STEP,
            ceiling: f64::INFINITY,
            fine: None,
            cut: Cut { at: 0, was_mild: false, accepts: true, in_vain: false },
            throttled: VecDeque::new(),
            flying: Flying { from: 0, rate: 0.0, count: 0, first: 0, last: 0 },
            vain: Vain { score: 0, rate: 0.0, first: 0, throttled: 0 },
            noise: 0.0,
            noise_until: now,
            wait: Duration::ZERO,
        }
    }

    /// When the next request may leave, for one that is about to.
    pub fn next(&mut self, now: Instant) -> Instant {
        if self.next > now && self.rate.is_some() {
            self.round.was_waited_for = true;
        }
        self.next
    }

    /// A request leaves; its number.
    pub fn send(&mut self, now: Instant) -> u64 {
        if now.duration_since(self.sending.since) >= ROUND {
            self.sending = Sending { since: now, first: self.sent, rate: self.sending_rate(now) };
        }
        self.sent += 1;
        if let Some(rate) = self.rate {
            let earliest = now.checked_sub(LATENESS).unwrap_or(now);
            self.next = self.next.max(earliest) + Duration::from_secs_f64(1.0 / rate);
        }
        self.sent
    }
}

impl Adaptive {
    /// A request was answered, and not with throttling.
    pub fn accepted(&mut self, number: u64, now: Instant) {
        self.cut.accepts |= number > self.cut.at;
        if number > self.round.first {
            self.round.answered += 1;
            self.end_round(now);
        }
    }

    /// A request was throttled; nothing leaves for so long.
    pub fn throttled(&mut self, number: u64, wait: Duration, now: Instant) {
        self.next = self.next.max(now + wait);
        if number > self.round.first {
            self.round.answered += 1;
            self.round.throttled += 1;
        }
        if number > self.vain.first {
            self.vain.throttled += 1;
        }
        if number <= self.cut.at {
            self.throttled_in_flight(number, now);
            return;
        }
        self.cut.in_vain |= number <= self.cut.at + SOON;
        self.wait = if wait < LONG_WAIT { Duration::ZERO } else { wait.min(LONGEST_WAIT) };
        self.throttled.push_back(number);
        if self.throttled.len() > TELL_NOISE {
            self.throttled.pop_front();
        }
        if let Some(share) = self.telling_share(now) {
            self.cut(share, now);
        }
    }

    /// The share of requests that are throttled, where it is known and a reason to be slower.
    fn telling_share(&self, now: Instant) -> Option<f64> {
        let noise = self.noise(now);
        let is_costly = !self.wait.is_zero() && noise == 0.0;
        let enough = match self.fine {
            _ if noise > 0.0 => TELL_NOISE,
            _ if is_costly => 1,
            Some(_) => TELL_MILD,
            None => TELL_DEEP,
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

    /// More of the requests that were in flight at the last cut: it was not deep enough where they
    /// tell a greater share.
    fn throttled_in_flight(&mut self, number: u64, now: Instant) {
        let tolerated = self.tolerated(now);
        let flying = &mut self.flying;
        if number <= flying.from {
            return;
        }
        flying.count += 1;
        flying.first = flying.first.min(number);
        flying.last = flying.last.max(number);
        let share = share(flying.count - 1, flying.last - flying.first);
        let rate = after_cut(flying.rate, share);
        let is_known = flying.count >= TELL_DEEP as u64 && share > tolerated;
        if is_known && self.rate.is_some_and(|it| rate < it) {
            self.set_rate(rate, share);
        }
    }

    /// Sets the rate to what is accepted of another, and how it rises from there: the more of it
    /// was throttled, the rougher the estimate.
    fn set_rate(&mut self, rate: f64, share: f64) {
        self.rate = Some(rate);
        self.ceiling = rate / KEPT;
        self.step = share.powi(3).clamp(STEP, LARGE_STEP);
    }

    fn cut(&mut self, share: f64, now: Instant) {
        let rate = self.rate.unwrap_or_else(|| self.sending_rate(now));
        if self.is_in_vain(share, rate, now) {
            return;
        }
        let fine = self.fine.take();
        match fine {
            Some(fine) => {
                self.rate = Some((KEPT * fine).max(SLOWEST));
                self.ceiling = rate;
                // The limit is somewhere between.
                self.step = ((rate / fine - 1.0) / 4.0).clamp(STEP, LARGE_STEP);
            }
            None => self.set_rate(after_cut(rate, share), share),
        }
        if share >= 1.0 && !self.cut.accepts {
            // Nothing at all is accepted, which says nothing of the rate that will be.
            self.step = 1.0;
        }
        let first = self.throttled.iter().min().copied().unwrap_or(self.sent);
        let last = self.throttled.iter().max().copied().unwrap_or(self.sent);
        let count = self.throttled.len() as u64;
        self.flying = Flying { from: self.cut.at, rate, count, first, last };
        self.cut = Cut { at: self.sent, was_mild: fine.is_some(), accepts: false, in_vain: false };
        self.noise = 0.0;
        self.throttled.clear();
        self.round = Round::new(self.sent, now);
    }

    /// Gives the cuts up for a while where several in a row did not help.
    fn is_in_vain(&mut self, throttled: f64, rate: f64, now: Instant) -> bool {
        if self.cut.in_vain && throttled < CERTAIN && self.wait.is_zero() {
            self.vain.score += if self.cut.was_mild { MILD_IN_VAIN } else { DEEP_IN_VAIN };
        } else {
            self.vain.score = 0;
        }
        if self.vain.score == 0 {
            self.vain = Vain { score: 0, rate, first: self.sent, throttled: 0 };
        }
        if self.vain.score < IN_VAIN {
            return false;
        }
        let noise = share(self.vain.throttled, self.sent - self.vain.first);
        self.vain.score = 0;
        if noise >= NO_CHANCE {
            return false;
        }
        self.noise = noise;
        self.noise_until = now + WHILE;
        self.rate = Some(rate.max(self.vain.rate));
        self.step = LARGE_STEP;
        self.throttled.clear();
        self.round = Round::new(self.sent, now);
        true
    }

    /// Takes a step where a round is over and was fine.
    fn end_round(&mut self, now: Instant) {
        let Some(rate) = self.rate else { return };
        let answers = (ANSWERS * STEP / self.step).clamp(1.0, ANSWERS);
        let length = if self.step > STEP { ROUND } else { ROUND.max(self.wait * ROUNDS_OF_WAIT) };
        let Round { start, answered, throttled, was_waited_for, .. } = self.round;
        if f64::from(answered) < answers || now < start + length {
            return;
        }
        let share = f64::from(throttled) / f64::from(answered);
        if was_waited_for && share <= self.noise(now) * 1.5 {
            self.fine = Some(rate);
            self.rate = Some(rate * (1.0 + self.step));
            if rate > self.ceiling {
                let largest = if rate > 2.0 * self.ceiling { LARGEST_STEP } else { LARGE_STEP };
                self.step = (self.step * 2.0).min(largest.max(self.step));
            }
        }
        self.round = Round::new(self.sent, now);
    }

    /// The share that is thought to be throttled for other reasons.
    fn noise(&self, now: Instant) -> f64 {
        if now < self.noise_until { self.noise } else { 0.0 }
    }

    fn tolerated(&self, now: Instant) -> f64 {
        TOLERATED.max(CHANCE * self.noise(now))
    }

    fn sending_rate(&self, now: Instant) -> f64 {
        const SHORTEST: f64 = 0.05;
        // Who asks seldom has learned nothing of the limit.
        const SELDOM: f64 = 10.0;
        let Sending { since, first, rate } = self.sending;
        let seconds = now.duration_since(since).as_secs_f64().max(SHORTEST);
        rate.max(float(self.sent - first) / seconds).max(SELDOM)
    }
}

impl Round {
    fn new(first: u64, start: Instant) -> Self {
        Self { start, first, answered: 0, throttled: 0, was_waited_for: false }
    }
}

/// A little less than what is accepted of a rate.
fn after_cut(rate: f64, throttled: f64) -> f64 {
    (rate * (KEPT * (1.0 - throttled)).max(LEAST_KEPT)).max(SLOWEST)
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
