//! Retries: which failures are temporary, and how long to wait.

use std::time::Duration;

use super::LlmErrorKind;
use crate::error::{ConfigError, Result};

pub(crate) use wait::until;
pub use wait::{duration, reset, reset_notice, retry_after, wait_in_message};

mod wait;

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

/// The wait that a provider can always impose, even beyond `max_wait`. Chosen by hand: most limits
/// are per minute.
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
    /// `max_wait`, up to a minute; see [`can_wait`](Self::can_wait).
    #[must_use]
    pub fn delay(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        if let Some(asked) = retry_after {
            let asked = asked.min(self.longest_wait()).max(self.min_wait);
            return between(asked, asked.saturating_add(asked / 10));
        }
        let step = self.min_wait.max(FIRST_STEP).saturating_mul(2_u32.saturating_pow(attempt));
        let longest = (step.saturating_mul(3) / 2).min(self.max_wait);
        between(self.min_wait.max(longest.saturating_sub(longest / 3)), longest)
    }

    /// Whether the wait that the provider asks for is at most `max_wait` or a minute, whichever is
    /// longer. After a longer one, such as that for a limit of a day, another attempt is too early.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use structx_llm::retry::RetryPolicy;
    /// let policy = RetryPolicy::new(3, 1.0, 10.0)?;
    /// assert!(policy.can_wait(None) && policy.can_wait(Some(Duration::from_secs(60))));
    /// assert!(!policy.can_wait(Some(Duration::from_secs(61))));
    /// # Ok::<(), structx_llm::ConfigError>(())
    /// ```
    #[must_use]
    pub fn can_wait(&self, retry_after: Option<Duration>) -> bool {
        retry_after.is_none_or(|asked| asked <= self.longest_wait())
    }

    fn longest_wait(&self) -> Duration {
        self.max_wait.max(LONGEST_RETRY_AFTER)
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
