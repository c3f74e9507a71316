//! Rate limits: set by the user, reported by providers, and found from what providers throttle.

mod adaptive;
mod gcra;
mod headers;
mod limiter;
mod rate_limited;

pub use headers::ReportedLimits;
pub use limiter::{ConfiguredLimits, Permit, RateLimiter, SharedLimiter, TypicalRequest};
pub use rate_limited::RateLimited;

#[expect(clippy::cast_precision_loss, reason = "counts of requests and tokens")]
fn float(count: u64) -> f64 {
    count as f64
}
