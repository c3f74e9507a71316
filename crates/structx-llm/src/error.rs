//! The errors of requests and of settings.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Usage;
use crate::http::Exchange;
use crate::rate_limit::ReportedLimits;

/// A setting is wrong or missing; nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// A result whose error is a [`ConfigError`].
pub type Result<T, E = ConfigError> = std::result::Result<T, E>;

/// A request without a usable response. It holds no key. structx's own messages quote no document;
/// a provider's message is passed on (shortened) and may quote it.
///
/// ```
/// use structx_llm::{LlmError, LlmErrorKind};
///
/// let error = LlmError::new(LlmErrorKind::RateLimit, "openai", "slow down");
/// let error = LlmError { status: Some(429), ..error };
/// assert_eq!(error.to_string(), "openai answered 429: slow down");
/// assert!(error.kind.is_transient());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", self.describe())]
pub struct LlmError {
    pub kind: LlmErrorKind,
    /// The registry's name of the provider, such as `openai`.
    pub provider: String,
    pub message: String,
    pub status: Option<u16>,
    /// The provider's error code, such as `insufficient_quota`.
    pub code: Option<String>,
    pub request_id: Option<String>,
    /// The wait that the provider asks for.
    pub retry_after: Option<Duration>,
    /// Tokens of the failed attempt.
    pub usage: Usage,
    /// Whether no request was sent, because earlier ones had shown that it would fail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unsent: bool,
    /// Rate limits that the provider reports.
    #[serde(skip)]
    pub limits: Option<Box<ReportedLimits>>,
    /// The exchange, if it is recorded.
    #[serde(skip)]
    pub exchange: Option<Box<Exchange>>,
}

/// The cause of an [`LlmError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LlmErrorKind {
    /// The connection failed or broke.
    Connection,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// No response began within the first-byte timeout.
    FirstByteTimeout,
    /// No complete response within the request timeout.
    Timeout,
    /// 429, temporary.
    RateLimit,
    /// 408, 5xx.
    Server,
    /// Credit or quota is exhausted; waiting does not help.
    Quota,
    /// 401, 403.
    Authentication,
    /// Any other 4xx: the request is not accepted.
    Rejected,
    /// The model declined.
    Refusal,
    /// The provider's content filter stopped the prompt or the reply.
    ContentFilter,
    /// The reply ended at the limit of output tokens.
    Truncated,
    /// The response is not in the provider's documented form.
    BadReply,
    /// The prompt exceeds the model's context.
    ContextLength,
    /// The embedded model can't run.
    Engine,
    /// The budget of the call has no room for the request.
    Budget,
    /// The time of the call is over.
    Deadline,
    /// The call sends no more requests, for a reason of its own.
    Stopped,
}

impl LlmErrorKind {
    /// The name that results, journals and exceptions use.
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
            Self::Budget => "budget",
            Self::Deadline => "deadline",
            Self::Stopped => "stopped",
        }
    }

    /// Whether a retry may help.
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
    /// An error without a status or any other detail of a response.
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
            is_unsent: false,
            limits: None,
            exchange: None,
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
