//! So much of something each minute, at even distances.

use std::time::{Duration, Instant};

/// How much of a limit is used. The rest is for requests that arrive closer together than they
/// left: with it no minute holds more than the limit, wherever the provider lets it begin.
const USED: f64 = 0.98;

/// How late a request may leave without delaying those after it: timers are not exact.
pub(super) const LATENESS: Duration = Duration::from_millis(20);

const SECONDS: f64 = 60.0;

#[derive(Debug)]
pub(super) struct Pace {
    /// Each minute; `None` where nothing is limited.
    limit: Option<f64>,
    /// When the next request may leave.
    next: Instant,
}

impl Pace {
    pub fn new(limit: Option<f64>, now: Instant) -> Self {
        Self { limit, next: now }
    }

    /// When the next request may leave.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// A request leaves that needs so much: the next one waits until as much has come back.
    pub fn take(&mut self, amount: f64, now: Instant) {
        if let Some(limit) = self.limit {
            let earliest = now.checked_sub(LATENESS).unwrap_or(now);
            self.next = self.next.max(earliest) + time_of(amount, limit);
        }
    }

    /// What was taken before was more, or less where negative, than the request has used.
    pub fn give_back(&mut self, amount: f64) {
        let Some(limit) = self.limit else { return };
        if amount < 0.0 {
            self.next += time_of(-amount, limit);
        } else {
            self.next = self.next.checked_sub(time_of(amount, limit)).unwrap_or(self.next);
        }
    }

    /// Goes on with another limit; what was taken is still to come back.
    pub fn set(&mut self, limit: f64, now: Instant) {
        if let Some(old) = self.limit {
            let left = self.next.saturating_duration_since(now);
            self.next = now + left.mul_f64(old / limit).min(LONGEST);
        }
        self.limit = Some(limit);
    }
}

/// No request is delayed by more: a limit of almost nothing is no time that can be told.
const LONGEST: Duration = Duration::from_hours(1);

fn time_of(amount: f64, limit: f64) -> Duration {
    let seconds = amount * SECONDS / (limit * USED);
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When so many requests leave that wait for each other.
    fn departures(pace: &mut Pace, count: usize, amount: f64, start: Instant) -> Vec<f64> {
        let mut now = start;
        let leave = |_| {
            now = now.max(pace.next());
            pace.take(amount, now);
            now.duration_since(start).as_secs_f64()
        };
        (0..count).map(leave).collect()
    }

    #[test]
    fn no_minute_holds_more_than_the_limit_and_almost_all_of_it_is_used() {
        for limit in [1_u16, 3, 10, 60, 600, 12_000] {
            let start = Instant::now();
            let mut pace = Pace::new(Some(limit.into()), start);
            let times = departures(&mut pace, 20_000, 1.0, start);
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
        let mut pace = Pace::new(Some(6_000.0), start); // 102 ms for ten
        let later = start + Duration::from_secs(30);
        let times = departures(&mut pace, 100, 1.0, later);
        assert!(times.iter().filter(|time| **time == 0.0).count() <= 3, "{times:?}");
        assert!((0.95..1.02).contains(&times[99]), "{times:?}");
    }

    #[test]
    fn what_was_not_used_comes_back() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(60_000.0), start);
        let wait = |pace: &Pace| pace.next().saturating_duration_since(start).as_secs_f64();
        pace.take(9_800.0, start);
        assert!((wait(&pace) - 10.0).abs() < 0.1);
        pace.give_back(8_820.0);
        assert!((wait(&pace) - 1.0).abs() < 0.1);
        pace.give_back(-980.0);
        assert!((wait(&pace) - 2.0).abs() < 0.1);
    }

    #[test]
    fn a_limit_that_changes_holds_for_what_waits() {
        let start = Instant::now();
        let mut pace = Pace::new(None, start);
        pace.take(1e9, start);
        assert_eq!(pace.next(), start);
        pace.set(98.0, start);
        pace.take(1.0, start);
        pace.set(49.0, start);
        let wait = pace.next().duration_since(start).as_secs_f64();
        assert!((1.15..1.3).contains(&wait), "{wait}");
    }
}
