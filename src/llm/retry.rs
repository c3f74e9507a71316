//! Which failures pass with time, and how long to wait for it.

use std::time::{Duration, SystemTime};

use super::LlmErrorKind;
use crate::error::{Error, Result};

/// How often and how soon a failed request is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub max_retries: u32,
    pub min_wait: Duration,
    pub max_wait: Duration,
}

/// The first step of the backoff where `min_wait` is 0: doubling nothing gives nothing.
const FIRST_STEP: Duration = Duration::from_millis(100);

/// A provider that asks for more than this is asked again earlier.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);

impl Backoff {
    /// # Errors
    /// [`Error::Config`] unless `max_retries >= 0` and `0 <= min_wait <= max_wait` (seconds).
    pub fn new(max_retries: i64, min_wait: f64, max_wait: f64) -> Result<Self> {
        let retries = u32::try_from(max_retries).map_err(|_| {
            Error::Config(format!("max_retries must be a number from 0 on, not {max_retries}"))
        })?;
        let (min, max) = (seconds("min_wait", min_wait)?, seconds("max_wait", max_wait)?);
        if min > max {
            return Err(Error::Config(format!(
                "min_wait ({min_wait} s) must not be greater than max_wait ({max_wait} s)"
            )));
        }
        Ok(Self { max_retries: retries, min_wait: min, max_wait: max })
    }

    /// How long to wait after the failed attempt number `attempt` (0 for the first).
    ///
    /// Doubles from `min_wait` to `max_wait`, each step longer at random by up to half, so that
    /// rows that failed together do not come back together. A provider that names a time gets at
    /// least that time, even if it is more than `max_wait`, but no more than a minute then.
    #[must_use]
    pub fn wait(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        if let Some(asked) = retry_after {
            let asked = asked.min(self.max_wait.max(LONGEST_RETRY_AFTER)).max(self.min_wait);
            return between(asked, asked.saturating_add(asked / 10));
        }
        let step = self.min_wait.max(FIRST_STEP).saturating_mul(2_u32.saturating_pow(attempt));
        let longest = (step.saturating_mul(3) / 2).min(self.max_wait);
        between(self.min_wait.max(longest.saturating_sub(longest / 3)), longest)
    }
}

/// A setting in seconds.
///
/// # Errors
/// [`Error::Config`] for what is negative or no number.
pub fn seconds(name: &str, value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value).map_err(|_| {
        Error::Config(format!("{name} must be a number of seconds from 0 on, not {value}"))
    })
}

fn between(low: Duration, high: Duration) -> Duration {
    low + high.saturating_sub(low).mul_f64(fastrand::f64())
}

/// The time that a reply's headers (names in lower case) ask to wait, counted from `now`.
#[must_use]
pub fn retry_after(headers: &[(String, String)], now: SystemTime) -> Option<Duration> {
    let header =
        |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
    let number = |text: &str| text.parse::<f64>().ok();
    if let Some(milliseconds) = header("retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let text = header("retry-after")?;
    match number(text) {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        // A date in the past asks for no wait.
        None => httpdate::parse_http_date(text)
            .ok()
            .map(|date| date.duration_since(now).unwrap_or_default()),
    }
}

/// What a reply other than success means. `code` and `message` are the provider's own.
#[must_use]
pub fn classify(status: u16, code: &str, message: &str) -> LlmErrorKind {
    let code = code.to_ascii_lowercase();
    let message = message.to_ascii_lowercase();
    match status {
        402 => LlmErrorKind::Quota,
        403 | 429 if is_exhausted(&code, &message) => LlmErrorKind::Quota,
        401 | 403 => LlmErrorKind::Authentication,
        429 => LlmErrorKind::RateLimit,
        408 | 500.. => LlmErrorKind::Server,
        400 | 413 | 422 if is_too_long(&code, &message) => LlmErrorKind::ContextLength,
        _ => LlmErrorKind::Rejected,
    }
}

/// Messages are matched by whole phrases only: the text of a plain rate limit, too, may link to a
/// page about billing.
fn is_exhausted(code: &str, message: &str) -> bool {
    const CODES: [&str; 5] = [
        "insufficient_quota",
        "insufficient_balance",
        "exceeded_current_quota",
        "billing",
        "credit",
    ];
    const PHRASES: [&str; 4] =
        ["insufficient credit", "insufficient balance", "credit balance", "available credits"];
    CODES.iter().any(|known| code.contains(known))
        || PHRASES.iter().any(|known| message.contains(known))
}

fn is_too_long(code: &str, message: &str) -> bool {
    const PHRASES: [&str; 3] = ["context length", "context window", "prompt is too long"];
    code.contains("context_length") || PHRASES.iter().any(|known| message.contains(known))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::{Backoff, LlmErrorKind, classify, retry_after};

    #[test]
    fn settings_are_checked() {
        let cases = [
            (3, 1.0, 10.0, None),
            (0, 0.0, 0.0, None),
            (-1, 1.0, 10.0, Some("max_retries")),
            (i64::MAX, 1.0, 10.0, Some("max_retries")),
            (3, -0.5, 10.0, Some("min_wait")),
            (3, f64::NAN, 10.0, Some("min_wait")),
            (3, 0.0, f64::INFINITY, Some("max_wait")),
            (3, 2.0, 1.0, Some("min_wait (2 s) must not be greater than max_wait (1 s)")),
        ];
        for (retries, min, max, problem) in cases {
            match (Backoff::new(retries, min, max), problem) {
                (Ok(_), None) => {}
                (Err(error), Some(part)) => {
                    assert!(error.to_string().contains(part), "{error} for {retries} {min} {max}");
                }
                (result, _) => panic!("{result:?} for {retries} {min} {max}"),
            }
        }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::new(9, 1.0, 10.0).unwrap();
        let steps =
            [(0, 1.0, 1.5), (1, 2.0, 3.0), (2, 4.0, 6.0), (3, 6.66, 10.0), (99, 6.66, 10.0)];
        for (attempt, low, high) in steps {
            for _ in 0..100 {
                let wait = backoff.wait(attempt, None).as_secs_f64();
                assert!((low..=high).contains(&wait), "{wait} after attempt {attempt}");
            }
        }
        assert_eq!(Backoff::new(1, 0.0, 0.0).unwrap().wait(5, None), Duration::ZERO);
    }

    #[test]
    fn the_provider_is_given_the_time_it_asks_for() {
        let backoff = Backoff::new(9, 1.0, 10.0).unwrap();
        for (asked, low, high) in [(0.0, 1.0, 1.1), (30.0, 30.0, 33.0), (86_400.0, 60.0, 66.0)] {
            let wait = backoff.wait(0, Some(Duration::from_secs_f64(asked))).as_secs_f64();
            assert!((low..=high).contains(&wait), "{wait} for {asked}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_stays_within_the_settings(
            attempt in any::<u32>(), min in 0.0..1e6_f64, more in 0.0..1e6_f64
        ) {
            let backoff = Backoff::new(3, min, min + more).unwrap();
            let wait = backoff.wait(attempt, None);
            prop_assert!(wait >= backoff.min_wait && wait <= backoff.max_wait, "{wait:?}");
        }
    }

    #[test]
    fn retry_after_in_its_three_spellings() {
        type Headers<'a> = &'a [(&'a str, &'a str)];
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000); // 2001-09-09 01:46:40
        let cases: [(Headers, Option<f64>); 9] = [
            (&[("retry-after", "7")], Some(7.0)),
            (&[("retry-after", " 0.25 ")], Some(0.25)),
            (&[("retry-after-ms", "1500"), ("retry-after", "9")], Some(1.5)),
            (&[("retry-after", "Sun, 09 Sep 2001 01:47:10 GMT")], Some(30.0)),
            (&[("retry-after", "Sun, 09 Sep 2001 01:40:00 GMT")], Some(0.0)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "soon")], None),
            (&[("content-type", "text/html")], None),
        ];
        for (headers, seconds) in cases {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            let expected = seconds.map(Duration::from_secs_f64);
            assert_eq!(retry_after(&headers, now), expected, "{headers:?}");
        }
        assert_eq!(retry_after(&[], SystemTime::now()), None);
    }

    #[test]
    fn every_status_has_its_kind() {
        use LlmErrorKind as Kind;
        let cases = [
            (400, "invalid_value", "no such model", Kind::Rejected),
            (400, "context_length_exceeded", "", Kind::ContextLength),
            (400, "", "This model's maximum context length is 8192 tokens.", Kind::ContextLength),
            (401, "invalid_api_key", "", Kind::Authentication),
            (402, "", "", Kind::Quota),
            (403, "", "no access to this model", Kind::Authentication),
            (403, "insufficient_permissions", "", Kind::Authentication),
            (403, "insufficient_quota", "", Kind::Quota),
            (404, "model_not_found", "", Kind::Rejected),
            (408, "", "", Kind::Server),
            (413, "", "body too large", Kind::Rejected),
            (429, "rate_limit_exceeded", "add a payment method: x.com/billing", Kind::RateLimit),
            (429, "insufficient_quota", "", Kind::Quota),
            (429, "billing_hard_limit_reached", "", Kind::Quota),
            (429, "", "You have used all available credits", Kind::Quota),
            (500, "", "", Kind::Server),
            (503, "", "", Kind::Server),
            (529, "overloaded_error", "", Kind::Server),
            (302, "", "", Kind::Rejected),
        ];
        for (status, code, message, kind) in cases {
            assert_eq!(classify(status, code, message), kind, "{status} {code} {message}");
        }
    }
}
