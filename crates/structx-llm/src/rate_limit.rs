//! When requests may leave: limits of the user, limits that providers report, and rates found by
//! what providers throttle.

mod adaptive;
mod gcra;
mod headers;
mod limiter;

pub use headers::ReportedLimits;
pub use limiter::{ConfiguredLimits, Permit, RateLimiter, SharedLimiter, TypicalRequest};
