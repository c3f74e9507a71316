//! An operation: read the plan, ask for every row, and end each row exactly once.

mod attempts;
mod budget;
mod client;
mod context;
mod continuation;
mod estimate;
mod extract;
mod refine;
mod row;
mod step;
pub mod store;
mod visual_input;

pub use attempts::{AttemptError, Completion, ModelChain, RowError, ask};
pub use client::Client;
pub use context::{Observer, RequestEvent, RunContext, RunOptions, StopReason};
pub use estimate::{Estimate, estimate};
pub use extract::{
    Extraction, PendingOutcome, PreparedExtraction, SAMPLE_CHARACTERS, extract, plan, start,
};
pub use row::Row;
pub use step::{Planned, RowOutcome, Step};
pub use store::cache::Cache;
pub use store::record::Record;

use std::future::Future;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Result;
use crate::planning::plan::Plan;
use crate::schema::{OutputSchema, json_schema};

/// Decides whether a reply is what was asked for. Called inside the loop of attempts, so that what
/// it finds wrong is sent back to the model.
pub trait Validate: Send + Sync {
    type Output: Send;

    /// Whether replies are lists of items, `{"items": [...]}`, of which a part is of use.
    const IN_PARTS: bool = false;

    /// `json` is one JSON value.
    fn validate(
        &self,
        json: String,
    ) -> impl Future<Output = Result<Self::Output, Rejection>> + Send;
}

/// Why a reply is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Words for the model, which is asked again.
    Problems(Vec<String>),
    /// The validator itself failed: asking again would not help.
    Broken(String),
}

/// The items wanted of each row: a schema, and the validator that turns replies into items.
pub trait Target: Validate<Output = Vec<Self::Item>> {
    type Item: Send;

    /// The name of one item, such as `Invoice`.
    fn name(&self) -> &str;

    /// The JSON Schema of one item.
    fn schema(&self) -> &Value;

    /// What the plan says about reading the items; empty for a target of the caller's.
    fn instructions(&self) -> &str;

    /// The schema of a whole reply, as a model is asked for it. A target that lives longer than an
    /// operation keeps what [`compile`] gives.
    ///
    /// # Errors
    /// [`Error::Schema`](crate::Error::Schema): the model can't be asked for this schema.
    fn reply_schema(&self, client: &Client) -> Result<Arc<OutputSchema>>
    where
        Self: Sized,
    {
        compile(self, client)
    }
}

/// Compiles the schema of a whole reply for a model.
///
/// # Errors
/// [`Error::Schema`](crate::Error::Schema): the model can't be asked for this schema.
pub fn compile<T: Target>(target: &T, client: &Client) -> Result<Arc<OutputSchema>> {
    client.compile(target.name(), &json_schema::items_of(target.schema()))
}

/// Makes a target of a plan.
pub trait ModelFactory: Send + Sync {
    type Target: Target;

    fn target(&self, plan: &Plan) -> impl Future<Output = Result<Self::Target, Rejection>> + Send;
}
