//! A limit per minute, spread evenly: the generic cell rate algorithm (ITU-T I.371, Annex A; ATM
//! Forum Traffic Management 4.0, virtual scheduling).
//!
//! With increment `I = amount / limit` and tolerance `L`, an event at `t` conforms if
//! `t >= TAT - L`, and then sets `TAT = max(TAT, t) + I`. [`Gcra::next`] is `TAT - L`.
//!
//! The crate `governor` does not serve: its cells can't be returned (boinkor-net/governor#218), its
//! quota can't change (#39, #273), and its waiters race instead of queueing.

use std::time::{Duration, Instant};

/// The share of a limit that is used; the rest absorbs requests that arrive closer together than
/// they left, so that no minute holds more than the limit, wherever the provider starts to count.
/// Chosen by hand; the tests below hold it to the limit.
const USED_SHARE: f64 = 0.98;

/// The tolerance `L`: how late a request may leave without delaying those after it, because timers
/// are not exact (tokio's have a resolution of 1 ms, and tasks wait for a thread). Chosen by hand,
/// not measured.
pub(super) const LATENESS: Duration = Duration::from_millis(20);

const SECONDS: f64 = 60.0;

#[derive(Debug)]
pub(super) struct Gcra {
    /// Per minute; `None` if unlimited.
    limit: Option<f64>,
    next: Instant,
}

impl Gcra {
    pub fn new(limit: Option<f64>, now: Instant) -> Self {
        Self { limit, next: now }
    }

    pub const fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Per minute.
    pub const fn limit(&self) -> Option<f64> {
        self.limit
    }

    /// The earliest departure of the next request.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Takes over the departure that another process found.
    pub fn set_next(&mut self, next: Instant) {
        self.next = next;
    }

    /// Takes `amount` for a request that leaves now; the next one waits until it is replenished.
    pub fn take(&mut self, amount: f64, now: Instant) {
        if let Some(limit) = self.limit {
            let earliest = now.checked_sub(LATENESS).unwrap_or(now);
            self.next = self.next.max(earliest) + time_of(amount, limit);
        }
    }

    /// Returns the part of a taken amount that was not used; a negative one takes more.
    pub fn give_back(&mut self, amount: f64) {
        let Some(limit) = self.limit else { return };
        if amount < 0.0 {
            self.next += time_of(-amount, limit);
        } else {
            self.next = self.next.checked_sub(time_of(amount, limit)).unwrap_or(self.next);
        }
    }

    /// Changes the limit; amounts that are not yet replenished stay taken.
    pub fn set(&mut self, limit: f64, now: Instant) {
        if let Some(old) = self.limit {
            let left = self.next.saturating_duration_since(now);
            self.next = now + left.mul_f64(old / limit).min(LONGEST);
        }
        self.limit = Some(limit);
    }
}

/// The longest delay of one request, for limits near zero. Chosen by hand.
pub(super) const LONGEST: Duration = Duration::from_hours(1);

fn time_of(amount: f64, limit: f64) -> Duration {
    let seconds = amount * SECONDS / (limit * USED_SHARE);
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Departures, in seconds, of `count` requests that wait for each other.
    fn departures(gcra: &mut Gcra, count: usize, amount: f64, start: Instant) -> Vec<f64> {
        let mut now = start;
        let leave = |_| {
            now = now.max(gcra.next());
            gcra.take(amount, now);
            now.duration_since(start).as_secs_f64()
        };
        (0..count).map(leave).collect()
    }

    #[test]
    fn no_minute_holds_more_than_the_limit_and_almost_all_of_it_is_used() {
        for limit in [1_u16, 3, 10, 60, 600, 12_000] {
            let start = Instant::now();
            let mut gcra = Gcra::new(Some(limit.into()), start);
            let times = departures(&mut gcra, 20_000, 1.0, start);
            for times in times.windows(usize::from(limit) + 1) {
                let time = times[usize::from(limit)] - times[0];
                assert!(time > 60.0, "{limit} and one in {time} s");
            }
            let used = 20_000.0 / (times.last().unwrap() / 60.0) / f64::from(limit);
            assert!((0.95..1.0).contains(&used), "{used} of {limit}");
        }
    }

    #[test]
    fn a_burst_after_a_pause_is_as_small_as_timers_are_exact() {
        let start = Instant::now();
        let mut gcra = Gcra::new(Some(6_000.0), start); // 102 ms for ten
        let later = start + Duration::from_secs(30);
        let times = departures(&mut gcra, 100, 1.0, later);
        assert!(times.iter().filter(|time| **time == 0.0).count() <= 3, "{times:?}");
        assert!((0.95..1.02).contains(&times[99]), "{times:?}");
    }

    #[test]
    fn what_was_not_used_comes_back() {
        let start = Instant::now();
        let mut gcra = Gcra::new(Some(60_000.0), start);
        let wait = |gcra: &Gcra| gcra.next().saturating_duration_since(start).as_secs_f64();
        gcra.take(9_800.0, start);
        assert!((wait(&gcra) - 10.0).abs() < 0.1);
        gcra.give_back(8_820.0);
        assert!((wait(&gcra) - 1.0).abs() < 0.1);
        gcra.give_back(-980.0);
        assert!((wait(&gcra) - 2.0).abs() < 0.1);
    }

    #[test]
    fn a_limit_that_changes_holds_for_what_waits() {
        let start = Instant::now();
        let mut gcra = Gcra::new(None, start);
        gcra.take(1e9, start);
        assert_eq!(gcra.next(), start);
        gcra.set(98.0, start);
        gcra.take(1.0, start);
        gcra.set(49.0, start);
        let wait = gcra.next().duration_since(start).as_secs_f64();
        assert!((1.15..1.3).contains(&wait), "{wait}");
    }
}
