//! The errors of calls, rows and attempts. [`Error`] sums those of all layers; each of its variants
//! is one class of exception at the Python edge.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::documents::FileError;
use crate::llm::{ConfigError, LlmError, LlmErrorKind, Usage};
use crate::schema::SchemaError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting or an argument is wrong; nothing was read or sent.
    #[error("{0}")]
    Config(String),
    /// A source could not be read; nothing was sent.
    #[error(transparent)]
    File(#[from] FileError),
    /// What gives the sources failed, so that none follows.
    #[error("the sources ended with an error: {0}")]
    Sources(Box<dyn std::error::Error + Send + Sync>),
    /// A definition, a type expression or a JSON Schema that structx can't use.
    #[error("{0}")]
    Schema(String),
    /// The journal can't be opened, read or written; no request was sent.
    #[error("{0}")]
    Journal(String),
    /// Planning failed, so that no request for a row was sent.
    #[error("planning failed: {failure}")]
    Plan {
        #[source]
        failure: RowError,
        /// One entry for each request: what was spent all the same.
        calls: Vec<Usage>,
    },
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.0)
    }
}

impl From<SchemaError> for Error {
    fn from(error: SchemaError) -> Self {
        Self::Schema(error.0)
    }
}

/// Why a call sends no more requests. Rows without a completion then fail with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    #[error("budget: {0}")]
    Budget(String),
    #[error("deadline: {0}")]
    Deadline(String),
    /// The journal can't be read or written.
    #[error("{0}")]
    Journal(String),
}

impl StopReason {
    /// The reason in one word, for reports.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Budget(_) => "budget",
            Self::Deadline(_) => "deadline",
            Self::Journal(_) => "journal",
        }
    }
}

/// Why a row failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RowError {
    #[error("{error}{}", attempts(*.requests))]
    Llm { error: Box<LlmError>, requests: usize },
    #[error("no valid answer: {}{}", .problems.join("; "), attempts(*.requests))]
    Invalid { problems: Vec<String>, requests: usize },
    #[error("the validator failed: {0}")]
    Validator(String),
    /// Its source can't be read; nothing was sent for it.
    #[error("{0}")]
    Unread(String),
    /// The call stopped before the attempts were exhausted.
    #[error("{0}")]
    Stopped(StopReason),
}

fn attempts(requests: usize) -> String {
    if requests > 1 { format!(" (after {requests} attempts)") } else { String::new() }
}

/// Why one attempt gave no result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptError {
    /// The caller's name of the model.
    pub model: Arc<str>,
    /// The error of this attempt alone.
    pub failure: RowError,
}

impl From<LlmError> for RowError {
    /// The error of one attempt. Layers stop a call by errors of their own kinds.
    fn from(error: LlmError) -> Self {
        match error.kind {
            LlmErrorKind::Budget => Self::Stopped(StopReason::Budget(error.message)),
            LlmErrorKind::Deadline => Self::Stopped(StopReason::Deadline(error.message)),
            // Nothing but a journal that fails stops a call in this way.
            LlmErrorKind::Stopped => Self::Stopped(StopReason::Journal(error.message)),
            _ => Self::Llm { error: Box::new(error), requests: 1 },
        }
    }
}

impl RowError {
    /// The kind of failure, in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Llm { error, .. } => error.kind.name(),
            Self::Invalid { .. } => "invalid",
            Self::Validator(_) => "validator",
            Self::Unread(_) => "unread",
            Self::Stopped(stop) => stop.kind(),
        }
    }

    /// Whether the cause lies in the model's reply: another try costs as much and would probably
    /// fail too.
    pub(super) const fn is_final(&self) -> bool {
        match self {
            Self::Llm { error, .. } => matches!(
                error.kind,
                LlmErrorKind::Refusal | LlmErrorKind::ContentFilter | LlmErrorKind::Truncated
            ),
            Self::Invalid { .. } => true,
            Self::Validator(_) | Self::Unread(_) | Self::Stopped(_) => false,
        }
    }

    /// The same error with the number of requests set to `sent`.
    pub(super) fn after(self, sent: usize) -> Self {
        match self {
            Self::Llm { error, .. } => Self::Llm { error, requests: sent },
            Self::Invalid { problems, .. } => Self::Invalid { problems, requests: sent },
            other @ (Self::Validator(_) | Self::Unread(_) | Self::Stopped(_)) => other,
        }
    }
}
