//! The target of an extraction: the schema of its items, and the validator of replies.

use std::future::Future;
use std::sync::Arc;

use serde_json::Value;

use crate::planning::plan::Plan;
use crate::schema::{OutputSchema, json_schema};

use super::client::Client;
use super::error::Result;

/// Validates replies. It is called between attempts, so that the problems it finds are sent back to
/// the model.
pub trait Validate: Send + Sync {
    type Output: Send;

    /// Whether replies are lists of items, `{"items": [...]}`, that are useful in part.
    const IN_PARTS: bool = false;

    /// Validates a reply; `json` is one JSON value.
    fn validate(
        &self,
        json: String,
    ) -> impl Future<Output = Result<Self::Output, Rejection>> + Send;

    /// What a valid reply claims that the source does not say, if there is a rule about it. Without one,
    /// nothing is looked for.
    fn ungrounded(&self, _json: &str) -> Option<Ungrounded> {
        None
    }
}

/// Values that the source does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ungrounded {
    /// Messages for the model.
    pub problems: Vec<String>,
    /// Whether the model is told of them while attempts are left, not once.
    pub is_asked_again: bool,
    /// The reply that counts in the end; `None` if there is none.
    pub settled: Option<String>,
}

/// Why a reply is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Messages for the model, which is asked for a correction.
    Problems(Vec<String>),
    /// The validator itself failed; another attempt would not help.
    Broken(String),
}

/// The target of an extraction: the schema of its items, and the validator that makes items of
/// replies.
pub trait Target: Validate<Output = Vec<Self::Item>> {
    type Item: Send;

    /// The name of one item, such as `Invoice`.
    fn name(&self) -> &str;

    /// The JSON Schema of one item.
    fn schema(&self) -> &Value;

    /// The plan's instructions for the extraction; empty if the caller gave the target.
    fn instructions(&self) -> &str;

    /// The schema of a whole reply, compiled for a model. A target that outlives one run
    /// should keep the result of [`compile`].
    ///
    /// # Errors
    /// [`Error::Schema`](crate::Error::Schema): the schema can't be compiled for the model.
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
/// [`Error::Schema`](crate::Error::Schema): the schema can't be compiled for the model.
pub fn compile<T: Target>(target: &T, client: &Client) -> Result<Arc<OutputSchema>> {
    client.compile(target.name(), &json_schema::items_of(target.schema()))
}

/// Makes targets from plans.
pub trait ModelFactory: Send + Sync {
    type Target: Target;

    /// Makes the target of `plan`.
    fn target(&self, plan: &Plan) -> impl Future<Output = Result<Self::Target, Rejection>> + Send;
}

/// A plan and the target made from it.
#[derive(Debug)]
pub struct Planned<T> {
    pub plan: Plan,
    pub target: T,
}
