//! A provider's limit of requests: a bucket that fills at an even rate.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::script::Step;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    per_second: f64,
    /// Requests that are taken at once after a pause.
    #[serde(default = "one")]
    burst: f64,
    /// From then on, counted from the script's beginning, half as many are taken.
    halves_after_ms: Option<u64>,
    /// And then as many as at first.
    doubles_after_ms: Option<u64>,
    /// Whether every answer tells the limit as one of a minute, in the headers of OpenAI.
    #[serde(default)]
    headers: bool,
    /// Where the wait stands in an answer 429.
    #[serde(default)]
    retry_after: Wait,
    /// What is in the bucket, and since when.
    #[serde(skip)]
    level: Option<(f64, Instant)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    #[default]
    None,
    Header,
    /// In whole seconds.
    Seconds,
    Body,
}

const fn one() -> f64 {
    1.0
}

impl Limit {
    /// The answer to a request beyond the limit. `since`: the script's beginning.
    pub fn take(&mut self, since: Instant) -> Option<Step> {
        let now = Instant::now();
        let rate = self.rate(now.duration_since(since));
        let (before, filled) = self.level.unwrap_or((self.burst, now));
        let level = (before + rate * now.duration_since(filled).as_secs_f64()).min(self.burst);
        let is_taken = level >= 1.0;
        self.level = Some((if is_taken { level - 1.0 } else { level }, now));
        let wait = Duration::from_secs_f64((1.0 - level).max(0.0) / rate);
        (!is_taken).then(|| throttled(self.retry_after, wait))
    }

    fn rate(&self, elapsed: Duration) -> f64 {
        let is_past =
            |mark: Option<u64>| mark.is_some_and(|mark| elapsed >= Duration::from_millis(mark));
        let is_halved = is_past(self.halves_after_ms) && !is_past(self.doubles_after_ms);
        if is_halved { self.per_second / 2.0 } else { self.per_second }
    }

    /// What every answer tells of it.
    pub fn headers(&self, since: Instant) -> Vec<(&'static str, String)> {
        let Some((level, _)) = self.level.filter(|_| self.headers) else { return Vec::new() };
        let rate = self.rate(since.elapsed());
        vec![
            ("x-ratelimit-limit-requests", format!("{:.0}", rate * 60.0)),
            ("x-ratelimit-remaining-requests", format!("{:.0}", level.floor())),
            ("x-ratelimit-reset-requests", format!("{:.3}s", (self.burst - level) / rate)),
        ]
    }
}

/// An answer 429 that asks to wait.
pub fn throttled(place: Wait, wait: Duration) -> Step {
    let mut step = Step { status: 429, ..Step::default() };
    match place {
        Wait::None => {}
        Wait::Header => {
            let milliseconds = wait.as_secs_f64() * 1000.0;
            step.headers.insert("retry-after-ms".to_owned(), format!("{:.0}", milliseconds.ceil()));
        }
        Wait::Seconds => {
            let seconds = wait.as_secs_f64().ceil();
            step.headers.insert("retry-after".to_owned(), format!("{seconds:.0}"));
        }
        Wait::Body => {
            step.body = Some(json!({"error": {
                "code": 429,
                "message": "as scripted",
                "status": "RESOURCE_EXHAUSTED",
                "details": [{
                    "@type": "type.googleapis.com/google.rpc.RetryInfo",
                    "retryDelay": format!("{:.3}s", wait.as_secs_f64()),
                }],
            }}));
        }
    }
    step
}
