//! Rate limits: set by the user, reported by providers, and found from what providers throttle.

mod adaptive;
mod gcra;
mod headers;
mod limiter;
mod rate_file;
mod rate_limited;
mod shared;
mod stats;

pub use headers::ReportedLimits;
pub use limiter::{Permit, RateLimiter, TypicalRequest};
pub use rate_limited::RateLimited;
pub use shared::{ConfiguredLimits, SharedLimiter};
pub use stats::{Stats, Totals};

#[expect(clippy::cast_precision_loss, reason = "counts of requests and tokens")]
fn float(count: u64) -> f64 {
    count as f64
}
