//! Retries: which failures are temporary, and how long to wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::LlmErrorKind;
use crate::error::{ConfigError, Result};

/// How often and after which delay a failed request is sent again.
///
/// ```
/// use structx_llm::retry::RetryPolicy;
///
/// let policy = RetryPolicy::new(3, 1.0, 10.0)?;
/// let delay = policy.delay(1, None).as_secs_f64();
/// assert!((2.0..=3.0).contains(&delay));
/// # Ok::<(), structx_llm::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    pub max_retries: u32,
    pub min_wait: Duration,
    pub max_wait: Duration,
}

/// The first step of the backoff if `min_wait` is 0, which can't be doubled. Chosen by hand, not
/// measured.
const FIRST_STEP: Duration = Duration::from_millis(100);

/// The longest wait that a provider can impose. Chosen by hand: most limits are per minute.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);

impl RetryPolicy {
    /// A policy from settings, waits in seconds.
    ///
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

    /// The delay after the failed attempt number `attempt` (0 for the first).
    ///
    /// The delay doubles from `min_wait` to `max_wait`; a random extra of up to half separates rows
    /// that failed together. A wait that the provider asks for (`retry_after`) is kept even beyond
    /// `max_wait`, up to a minute.
    #[must_use]
    pub fn delay(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        if let Some(asked) = retry_after {
            let asked = asked.min(self.max_wait.max(LONGEST_RETRY_AFTER)).max(self.min_wait);
            return between(asked, asked.saturating_add(asked / 10));
        }
        let step = self.min_wait.max(FIRST_STEP).saturating_mul(2_u32.saturating_pow(attempt));
        let longest = (step.saturating_mul(3) / 2).min(self.max_wait);
        between(self.min_wait.max(longest.saturating_sub(longest / 3)), longest)
    }
}

/// Parses a setting in seconds.
///
/// # Errors
/// [`ConfigError`] for a negative value or NaN.
pub fn seconds(name: &str, value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value).map_err(|_| {
        ConfigError(format!("{name} must be a number of seconds from 0 on, not {value}"))
    })
}

fn between(low: Duration, high: Duration) -> Duration {
    low + high.saturating_sub(low).mul_f64(fastrand::f64())
}

/// The wait that response headers (names in lower case) ask for, counted from `now`.
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
        // A date in the past means no wait.
        None => httpdate::parse_http_date(text)
            .ok()
            .map(|date| date.duration_since(now).unwrap_or_default()),
    }
}

/// The time until exhausted limits reset, from headers (names in lower case), counted from `now`:
/// the latest reset, as a request needs capacity in all limits.
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

/// The duration from `now` to a time, in the spellings of Anthropic (RFC 3339), OpenAI and Groq (`6m0s`), Together
/// (seconds) and OpenRouter (milliseconds of Unix time).
pub(crate) fn until(text: &str, now: SystemTime) -> Option<Duration> {
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

/// Parses a duration such as `0.5s`, `34s` or `6m0s`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok()?.try_into().ok()
}

/// The kind of an unsuccessful response. `code` and `message` are the provider's.
#[must_use]
pub fn classify(status: u16, code: &str, message: &str) -> LlmErrorKind {
    let code = code.to_ascii_lowercase();
    let message = message.to_ascii_lowercase();
    match status {
        402 => LlmErrorKind::Quota,
        400 | 403 | 412 | 429 if is_exhausted(&code, &message) => LlmErrorKind::Quota,
        401 | 403 => LlmErrorKind::Authentication,
        // Gemini's code for an unknown key.
        400 if code == "api_key_invalid" => LlmErrorKind::Authentication,
        429 => LlmErrorKind::RateLimit,
        408 | 500.. => LlmErrorKind::Server,
        400 if code.starts_with("content_") => LlmErrorKind::ContentFilter,
        400 | 413 | 422 if is_too_long(&code, &message) => LlmErrorKind::ContextLength,
        _ => LlmErrorKind::Rejected,
    }
}

/// Matches messages by whole phrases only: the message of a plain rate limit may link to a page
/// about billing.
fn is_exhausted(code: &str, message: &str) -> bool {
    const CODES: [&str; 6] = [
        "insufficient_quota",
        "insufficient_balance",
        "exceeded_current_quota",
        "billing",
        "credit",
        // Gemini's daily quotas; those per minute are rate limits.
        "perday",
    ];
    const PHRASES: [&str; 10] = [
        "insufficient credit",
        "insufficient balance",
        // Anthropic: prepaid credit and limits set by the user; Ollama: limits of a plan per hours
        // or week (github.com/ollama/ollama/issues/16448).
        "credit balance",
        "usage limit",
        // xAI and Fireworks.
        "available credits",
        "monthly spending limit",
        // Gemini: limits set by the user, and prepaid credit.
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
