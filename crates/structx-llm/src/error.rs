//! The errors of requests and of settings.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Usage;
use crate::rate_limit::ReportedLimits;

/// A setting is wrong or missing; nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// A result whose error is a [`ConfigError`].
pub type Result<T, E = ConfigError> = std::result::Result<T, E>;

/// A request that gave no usable reply. Holds no key, and no text of the document in structx's own
/// words; a provider's words are passed on as they are, but for their length, and may quote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", self.describe())]
pub struct LlmError {
    pub kind: LlmErrorKind,
    /// The registry's name of the provider, such as `openai`.
    pub provider: String,
    pub message: String,
    pub status: Option<u16>,
    /// The provider's own code, such as `insufficient_quota`.
    pub code: Option<String>,
    pub request_id: Option<String>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// What the failed attempt cost.
    pub usage: Usage,
    /// What the provider tells of its limits.
    #[serde(skip)]
    pub limits: Option<Box<ReportedLimits>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LlmErrorKind {
    /// No connection, or one that broke.
    Connection,
    /// No connection within the limit of connecting.
    ConnectTimeout,
    /// No reply began within its limit.
    FirstByteTimeout,
    /// No whole reply within the limit of a request.
    Timeout,
    /// 429 that passes with time.
    RateLimit,
    /// 408, 5xx.
    Server,
    /// What does not pass with time: credit or quota are exhausted.
    Quota,
    /// 401, 403.
    Authentication,
    /// Any other 4xx: the request itself is not accepted.
    Rejected,
    /// The model declined.
    Refusal,
    /// The provider's content filter stopped the prompt or the reply.
    ContentFilter,
    /// The reply ended at the limit of output tokens.
    Truncated,
    /// The reply is not in the provider's documented form.
    BadReply,
    /// The prompt does not fit into the model's context.
    ContextLength,
    /// The embedded model can't be run.
    Engine,
}

impl LlmErrorKind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::ConnectTimeout => "connect_timeout",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::Timeout => "timeout",
            Self::RateLimit => "rate_limit",
            Self::Server => "server",
            Self::Quota => "quota",
            Self::Authentication => "authentication",
            Self::Rejected => "rejected",
            Self::Refusal => "refusal",
            Self::ContentFilter => "content_filter",
            Self::Truncated => "truncated",
            Self::BadReply => "bad_reply",
            Self::ContextLength => "context_length",
            Self::Engine => "engine",
        }
    }

    /// Whether asking again may help.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connection
                | Self::ConnectTimeout
                | Self::FirstByteTimeout
                | Self::Timeout
                | Self::RateLimit
                | Self::Server
                | Self::Truncated
                | Self::BadReply
        )
    }
}

impl LlmError {
    #[must_use]
    pub fn new(kind: LlmErrorKind, provider: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            provider: provider.to_owned(),
            message: message.into(),
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            usage: Usage::default(),
            limits: None,
        }
    }

    fn describe(&self) -> String {
        let mut text = self.provider.clone();
        if let Some(status) = self.status {
            text.push_str(&format!(" answered {status}"));
        }
        if let Some(code) = &self.code {
            text.push_str(&format!(" ({code})"));
        }
        text.push_str(": ");
        text.push_str(&self.message);
        if let Some(id) = &self.request_id {
            text.push_str(&format!(" [request {id}]"));
        }
        text
    }
}
