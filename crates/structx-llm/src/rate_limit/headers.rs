//! Rate limits in the response headers of providers.

use std::time::{Duration, SystemTime};

use crate::retry;

/// Limits per minute as a provider reports them; `None` if it does not.
///
/// - `OpenAI` (platform.openai.com/docs/guides/rate-limits), as do Azure, Groq, Mistral and others:
///   `x-ratelimit-limit-requests`, `x-ratelimit-limit-tokens`.
/// - Anthropic (platform.claude.com/docs/en/api/rate-limits): `anthropic-ratelimit-requests-limit`,
///   and so with `tokens`, `input-tokens` and `output-tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReportedLimits {
    pub requests: Option<f64>,
    pub tokens: Option<f64>,
    pub input_tokens: Option<f64>,
    pub output_tokens: Option<f64>,
    /// Whether one of the limits is used up.
    pub is_exhausted: bool,
}

/// A limit that resets later than this is not one per minute: Groq's limit of requests is per day
/// (console.groq.com/docs/rate-limits). A minute, and 5 s for clocks that differ.
const LONGEST_RESET: Duration = Duration::from_secs(65);

impl ReportedLimits {
    /// Reads the limits from headers (names in lower case) received at `now`; `None` if there are
    /// none.
    #[must_use]
    pub fn of(headers: &[(String, String)], now: SystemTime) -> Option<Self> {
        let mut limits = Self::default();
        for (name, value) in headers {
            let Some((quantity, remaining, reset)) = limit(name) else { continue };
            let number = value.trim().parse::<f64>().ok();
            // Azure reports -1 and 0 for no limit.
            let number = number.filter(|number| number.is_finite() && *number >= 1.0);
            let header = |name: &str| headers.iter().find(|(known, _)| known == name);
            let remaining = header(&remaining).map(|(_, text)| text.trim());
            limits.is_exhausted |= number.is_some() && remaining == Some("0");
            let reset = header(&reset).and_then(|(_, text)| retry::until(text.trim(), now));
            let limit = match quantity {
                "requests" => &mut limits.requests,
                "tokens" => &mut limits.tokens,
                "input-tokens" => &mut limits.input_tokens,
                "output-tokens" => &mut limits.output_tokens,
                _ => continue,
            };
            *limit = number.filter(|_| reset.is_none_or(|reset| reset <= LONGEST_RESET));
        }
        (limits != Self::default()).then_some(limits)
    }
}

/// The quantity that this header limits, and the names of the headers with what remains of it and
/// its reset time.
fn limit(name: &str) -> Option<(&str, String, String)> {
    if let Some(quantity) = name.strip_prefix("x-ratelimit-limit-") {
        let other = |kind| format!("x-ratelimit-{kind}-{quantity}");
        return Some((quantity, other("remaining"), other("reset")));
    }
    let quantity = name.strip_prefix("anthropic-ratelimit-")?.strip_suffix("-limit")?;
    let other = |kind| format!("anthropic-ratelimit-{quantity}-{kind}");
    Some((quantity, other("remaining"), other("reset")))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn limits(headers: &[(&str, &str)]) -> [Option<f64>; 4] {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000); // 2001-09-09 01:46:40
        let ReportedLimits { requests, tokens, input_tokens, output_tokens, .. } =
            ReportedLimits::of(&headers, now).unwrap_or_default();
        [requests, tokens, input_tokens, output_tokens]
    }

    #[test]
    fn limits_of_a_minute_are_known() {
        let openai = [
            ("x-ratelimit-limit-requests", "5000"),
            ("x-ratelimit-limit-tokens", "160000"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-reset-requests", "12ms"),
            ("x-ratelimit-reset-tokens", "9ms"),
            ("x-ratelimit-limit-tokens_usage_based", "160000"),
        ];
        assert_eq!(limits(&openai), [Some(5_000.0), Some(160_000.0), None, None]);
        let anthropic = [
            ("anthropic-ratelimit-requests-limit", "1000"),
            ("anthropic-ratelimit-requests-reset", "2001-09-09T01:46:41Z"),
            ("anthropic-ratelimit-input-tokens-limit", "80000"),
            ("anthropic-ratelimit-output-tokens-limit", "16000"),
            ("anthropic-ratelimit-tokens-limit", "96000"),
            ("anthropic-ratelimit-tokens-reset", "2001-09-09T01:47:40Z"),
        ];
        let known = [Some(1_000.0), Some(96_000.0), Some(80_000.0), Some(16_000.0)];
        assert_eq!(limits(&anthropic), known);
    }

    #[test]
    fn other_limits_are_not_taken_for_them() {
        let groq = [
            ("x-ratelimit-limit-requests", "14400"),
            ("x-ratelimit-reset-requests", "2m59.56s"),
            ("x-ratelimit-limit-tokens", "18000"),
            ("x-ratelimit-reset-tokens", "7.66s"),
        ];
        assert_eq!(limits(&groq), [None, Some(18_000.0), None, None]);
        let azure = [("x-ratelimit-limit-tokens", "-1"), ("x-ratelimit-limit-requests", "0")];
        assert_eq!(limits(&azure), [None; 4]);
        let openrouter = [("x-ratelimit-limit", "50"), ("x-ratelimit-reset", "1000000030000")];
        assert_eq!(limits(&openrouter), [None; 4]);
        let odd = [("x-ratelimit-limit-requests", "many"), ("x-ratelimit-limit-tokens", "inf")];
        assert_eq!(limits(&odd), [None; 4]);
    }

    #[test]
    fn a_limit_is_used_up_where_nothing_remains_of_it() {
        let is_exhausted = |headers: &[(&str, &str)]| {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            ReportedLimits::of(&headers, UNIX_EPOCH).is_some_and(|limits| limits.is_exhausted)
        };
        let limit = ("x-ratelimit-limit-tokens", "1000");
        assert!(is_exhausted(&[limit, ("x-ratelimit-remaining-tokens", "0")]));
        assert!(!is_exhausted(&[limit, ("x-ratelimit-remaining-tokens", "7")]));
        assert!(!is_exhausted(&[limit, ("x-ratelimit-remaining-requests", "0")]));
        let azure = ("x-ratelimit-limit-tokens", "-1");
        assert!(!is_exhausted(&[azure, ("x-ratelimit-remaining-tokens", "0")]));
        let day = ("x-ratelimit-limit-requests", "14400");
        let reset = ("x-ratelimit-reset-requests", "3h");
        assert!(is_exhausted(&[day, ("x-ratelimit-remaining-requests", "0"), reset]));
        let anthropic = ("anthropic-ratelimit-input-tokens-limit", "1000");
        assert!(is_exhausted(&[anthropic, ("anthropic-ratelimit-input-tokens-remaining", "0")]));
    }
}
