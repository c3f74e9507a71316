//! Runs: plan an extraction, send the requests for its rows, and end each row exactly once.

mod attempts;
mod client;
mod context;
mod continuation;
pub mod error;
mod estimate;
mod extract;
mod grounding;
mod model_chain;
pub mod proof;
mod refine;
mod row;
mod sample;
#[cfg(test)]
mod scripted_steps;
mod source;
mod step;
pub mod store;
mod target;
mod visual_input;

pub use attempts::Completion;
pub use client::Client;
pub use context::{AskedRow, Observer, RowEvent, RunContext, RunOptions, asked_row};
pub use error::{AttemptError, RowError, StopReason};
pub use estimate::{Estimate, estimate};
pub use extract::{Extraction, PendingOutcome, PreparedExtraction, extract, plan, start};
pub use grounding::{GroundingRule, Level, OnUngrounded, Required, index, items_of};
pub use row::Row;
pub use sample::{SAMPLE_CHARACTERS, text_of as sample_of};
pub use source::{Reading, Source, SourceId, Sources};
pub use step::{RowOutcome, Step};
pub use store::cache::Cache;
pub use store::record::Record;
pub use target::{ModelFactory, Planned, Rejection, Target, Ungrounded, Validate, compile};
