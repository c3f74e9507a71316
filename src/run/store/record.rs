//! The stored form of a completion, in the journal and in the cache.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::llm::Usage;
use crate::reply::Repair;
use crate::run::error::{AttemptError, RowError};

/// A [`Completion`](crate::run::Completion) with the JSON of its items instead of the items.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record {
    /// The accepted JSON, `{"items": [...]}`; `None` if the prompt failed.
    pub reply: Option<String>,
    /// The complete items of truncated replies, in the same form.
    pub incomplete: Option<String>,
    pub failure: Option<RowError>,
    /// The caller's name of the model that gave the reply.
    pub model: Option<Arc<str>>,
    pub calls: Vec<Usage>,
    pub errors: Vec<AttemptError>,
    pub repairs: Vec<Repair>,
}
