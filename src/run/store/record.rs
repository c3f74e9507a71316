//! What became of a question as it is kept: in a journal for its row, in a cache for its request.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::llm::{Source, Usage};
use crate::reply::Repair;

use crate::run::attempts::{AttemptError, RowError};

/// An [`Completion`](crate::run::Completion) with the JSON of its items instead of the items.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record {
    /// The JSON that was taken, `{"items": [...]}`; `None` where the question has failed.
    pub reply: Option<String>,
    /// What was complete in replies that were cut, in the same form.
    pub incomplete: Option<String>,
    pub failure: Option<RowError>,
    /// The caller's name of the model that gave the reply.
    pub model: Option<Arc<str>>,
    pub calls: Vec<Usage>,
    pub errors: Vec<AttemptError>,
    pub sources: Vec<Source>,
    pub repairs: Vec<Repair>,
}
