//! The waits that providers ask for, in headers and messages, in all their spellings.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::fmt::friendly::SpanPrinter;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, SpanRelativeTo};

use super::LONGEST_RETRY_AFTER;

/// `LiteLLM`'s proxy passes the headers of the provider behind it on with this prefix
/// (`docs.litellm.ai/docs/proxy/response_headers`).
const PREFIX_OF_GATEWAY: &str = "llm_provider-";

/// The wait that response headers (names in lower case) ask for, counted from `now`: seconds, a
/// duration such as `1m30s`, a date of HTTP or ISO 8601, or milliseconds in `retry-after-ms`. Those of
/// the server count before those of a provider behind it.
#[must_use]
pub fn retry_after(headers: &[(String, String)], now: SystemTime) -> Option<Duration> {
    wait_in(headers, "", now).or_else(|| wait_in(headers, PREFIX_OF_GATEWAY, now))
}

fn wait_in(headers: &[(String, String)], prefix: &str, now: SystemTime) -> Option<Duration> {
    let header = |name: &str| {
        let is_it = |known: &str| known.strip_prefix(prefix) == Some(name);
        headers.iter().find(|(known, _)| is_it(known)).map(|(_, value)| value.trim())
    };
    let milliseconds = header("retry-after-ms").and_then(|text| text.parse::<f64>().ok());
    match milliseconds.and_then(|it| Duration::try_from_secs_f64(it / 1000.0).ok()) {
        Some(wait) => Some(wait),
        None => until(header("retry-after")?, now),
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

/// The duration from `now` to a time, zero if that has passed. It is given in seconds, as a
/// duration (OpenAI and Groq: `6m0s`), in seconds or milliseconds of Unix time (OpenRouter), in RFC
/// 3339 (Anthropic), also without a zone, which is taken for UTC, or as a date of HTTP.
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
    let in_utc = |time: DateTime| TimeZone::UTC.to_timestamp(time).ok();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(since(time.into()));
    }
    if let Some(time) = text.parse::<DateTime>().ok().and_then(in_utc) {
        return Some(since(time.into()));
    }
    duration(text).or_else(|| httpdate::parse_http_date(text).ok().map(since))
}

/// Parses a duration such as `0.5s`, `34s`, `1500ms`, `6m0s` or `1 day 5 minutes`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let span = text.parse::<jiff::Span>().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
}

/// The wait that the message of an error asks for, such as "Please try again in 1.8s." (`OpenAI`),
/// "Please retry in 34.07s." (Gemini), "try again in 6m0s" (Groq), "retry after 26 seconds"
/// (Azure).
#[must_use]
pub fn wait_in_message(message: &str) -> Option<Duration> {
    /// The words up to "in" or "after": "retry your requests after 6s".
    const FARTHEST: usize = 4;
    let words: Vec<_> = message.split_whitespace().map(bare).collect();
    let is = |word: &str, known: &[&str]| known.iter().any(|it| word.eq_ignore_ascii_case(it));
    let asks = |end: usize| {
        let before = &words[end.saturating_sub(FARTHEST)..end];
        before.iter().any(|word| is(word, &["again", "retry", "retrying", "wait"]))
    };
    let starts = (0..words.len()).filter(|index| is(words[*index], &["in", "after", "for"]));
    starts.filter(|index| asks(*index)).find_map(|index| leading_duration(&words[index + 1..]))
}

/// A word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|it: char| !it.is_ascii_alphanumeric())
}

/// The duration at the beginning, in as many words as possible; a number alone is seconds.
fn leading_duration(words: &[&str]) -> Option<Duration> {
    /// "1 day 2 hours 3 minutes 4 seconds".
    const MOST_WORDS: usize = 8;
    let most = words.len().min(MOST_WORDS);
    let spelled = (1..=most).rev().find_map(|count| duration(&words[..count].join(" ")));
    let number = || Duration::try_from_secs_f64(words.first()?.parse().ok()?).ok();
    spelled.or_else(number)
}

/// When a limit resets, for the message of an error: after a wait that is longer than most rows
/// are given. `None` for a shorter one.
#[must_use]
pub fn reset_notice(wait: Duration, now: SystemTime) -> Option<String> {
    if wait <= LONGEST_RETRY_AFTER {
        return None;
    }
    let time = jiff::Timestamp::try_from(now.checked_add(wait)?).ok()?;
    let wait = SignedDuration::from_secs(i64::try_from(wait.as_secs()).ok()?);
    let wait = SpanPrinter::new().duration_to_string(&wait);
    Some(format!("the limit resets in {wait}, at {} UTC", time.strftime("%Y-%m-%d %H:%M")))
}

#[cfg(test)]
mod tests;
