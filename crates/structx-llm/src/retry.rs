//! Which failures pass with time, and how long to wait for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::LlmErrorKind;
use crate::setup::{ConfigError, Result};

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
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);

impl Backoff {
    /// # Errors
    /// [`ConfigError`] unless `max_retries >= 0` and `0 <= min_wait <= max_wait` (seconds).
    pub fn new(max_retries: i64, min_wait: f64, max_wait: f64) -> Result<Self> {
        let retries = u32::try_from(max_retries).map_err(|_| {
            ConfigError(format!("max_retries must be a number from 0 on, not {max_retries}"))
        })?;
        let (min, max) = (seconds("min_wait", min_wait)?, seconds("max_wait", max_wait)?);
        if min > max {
            return Err(ConfigError(format!(
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
/// [`ConfigError`] for what is negative or no number.
pub fn seconds(name: &str, value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value).map_err(|_| {
        ConfigError(format!("{name} must be a number of seconds from 0 on, not {value}"))
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

/// When the limits that are used up begin anew, as headers tell it (names in lower case), counted
/// from `now`: the latest of them, as a request needs room in all.
#[must_use]
pub fn reset(headers: &[(String, String)], now: SystemTime) -> Option<Duration> {
    let is_used_up = |reset: &str| {
        let left = reset.replace("reset", "remaining");
        let left = headers.iter().find(|(name, _)| *name == left);
        left.is_some_and(|(_, left)| left.trim() == "0")
    };
    let resets = headers.iter().filter(|(name, _)| {
        name.contains("ratelimit") && name.contains("reset") && is_used_up(name)
    });
    resets.filter_map(|(_, text)| until(text.trim(), now)).max()
}

/// From `now` to a time, in the spellings of Anthropic (RFC 3339), OpenAI and Groq (`6m0s`), Together
/// (seconds) and OpenRouter (milliseconds of Unix time).
pub(super) fn until(text: &str, now: SystemTime) -> Option<Duration> {
    const YEAR_OF_SECONDS: f64 = 31_536_000.0;
    const YEAR_5000: f64 = 100_000_000_000.0;
    let since = |time: SystemTime| time.duration_since(now).unwrap_or_default();
    if let Ok(number) = text.parse::<f64>() {
        if number < YEAR_OF_SECONDS {
            return Duration::try_from_secs_f64(number).ok();
        }
        let seconds = if number < YEAR_5000 { number } else { number / 1000.0 };
        let unix = Duration::try_from_secs_f64(seconds).ok()?;
        return UNIX_EPOCH.checked_add(unix).map(since);
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => Some(since(time.into())),
        Err(_) => duration(text),
    }
}

/// A time such as `0.5s`, `34s` or `6m0s`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok()?.try_into().ok()
}

/// What a reply other than success means. `code` and `message` are the provider's own.
#[must_use]
pub fn classify(status: u16, code: &str, message: &str) -> LlmErrorKind {
    let code = code.to_ascii_lowercase();
    let message = message.to_ascii_lowercase();
    match status {
        402 => LlmErrorKind::Quota,
        400 | 403 | 412 | 429 if is_exhausted(&code, &message) => LlmErrorKind::Quota,
        401 | 403 => LlmErrorKind::Authentication,
        // Gemini's word for a key that it does not know.
        400 if code == "api_key_invalid" => LlmErrorKind::Authentication,
        429 => LlmErrorKind::RateLimit,
        408 | 500.. => LlmErrorKind::Server,
        400 if code.starts_with("content_") => LlmErrorKind::ContentFilter,
        400 | 413 | 422 if is_too_long(&code, &message) => LlmErrorKind::ContextLength,
        _ => LlmErrorKind::Rejected,
    }
}

/// Messages are matched by whole phrases only: the text of a plain rate limit, too, may link to a
/// page about billing.
fn is_exhausted(code: &str, message: &str) -> bool {
    const CODES: [&str; 6] = [
        "insufficient_quota",
        "insufficient_balance",
        "exceeded_current_quota",
        "billing",
        "credit",
        // Gemini's quotas of a day; those of a minute are rate limits.
        "perday",
    ];
    const PHRASES: [&str; 10] = [
        "insufficient credit",
        "insufficient balance",
        // Anthropic: prepaid credit, and limits that the user has set; Ollama: those of a plan, for
        // hours or a week (github.com/ollama/ollama/issues/16448).
        "credit balance",
        "usage limit",
        // xAI and Fireworks.
        "available credits",
        "monthly spending limit",
        // Gemini: limits that the user has set, and prepaid credit.
        "monthly spending cap",
        "prepayment credits",
        // OpenRouter: the limit of one key.
        "key limit exceeded",
        "requires more credits",
    ];
    CODES.iter().any(|known| code.contains(known))
        || PHRASES.iter().any(|known| message.contains(known))
}

fn is_too_long(code: &str, message: &str) -> bool {
    const PHRASES: [&str; 7] = [
        "context length",
        "context window",
        "context size",
        "prompt is too long",
        "input token count",
        "exceed context limit",
        "too large for model",
    ];
    code.contains("context_length") || PHRASES.iter().any(|known| message.contains(known))
}

#[cfg(test)]
mod tests;
