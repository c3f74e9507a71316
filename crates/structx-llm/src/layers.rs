//! Layers around a [`Provider`](crate::Provider): each is a provider that adds one rule to another.
//!
//! From the outside in, the order of a call is
//!
//! ```text
//! Deadline(Retried(Stoppable(Budgeted(RateLimited(Stoppable(FailFast(Observed(Priced(provider)))))))))
//! ```
//!
//! so that the deadline covers all waits, each retry is reserved in the budget and admitted by the
//! [rate limit](crate::rate_limit::RateLimited), a stop is seen before and after these waits, and
//! the observer gets each request that was sent, with its cost. A layer that has nothing to do
//! passes a request on without an allocation.

mod budget;
mod budgeted;
mod deadline;
mod fail_fast;
mod observed;
mod priced;
mod retried;
mod stoppable;

pub use budget::{Budget, Reservation};
pub use budgeted::Budgeted;
pub use deadline::{Deadline, TimeLimit};
pub use fail_fast::{FailFast, ModelState};
pub use observed::{Observed, RequestEvent, RequestObserver};
pub use priced::Priced;
pub use retried::{AttemptBudget, Retried};
pub use stoppable::{StopSignal, Stoppable};
