//! An operation: read the plan, ask for every row, and end each row exactly once.

mod ask;
mod extract;
mod operation;
mod refine;

pub use ask::{Answer, Failure, ask};
pub use extract::{Extraction, extract};
pub use operation::{Operation, Outcome, Planned};

use std::future::Future;

use serde_json::Value;

use crate::plan::Plan;

/// Decides whether a reply is what was asked for. Called inside the loop of attempts, so that what
/// it finds wrong is sent back to the model.
pub trait Validate: Send + Sync {
    type Output: Send;

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
}

/// Makes a target of a plan.
pub trait Modeller: Send + Sync {
    type Target: Target;

    fn target(&self, plan: &Plan) -> impl Future<Output = Result<Self::Target, Rejection>> + Send;
}
