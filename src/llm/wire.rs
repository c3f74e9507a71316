//! The shape of a provider's HTTP API: pure functions to and from bytes. Sending is
//! [`transport`](super::transport)'s job.

use super::{LlmError, Reply, Request};

/// How one family of providers spells requests and replies.
pub trait WireFormat: Send + Sync {
    /// # Errors
    /// An option of the request that this format does not let the caller set.
    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError>;

    /// # Errors
    /// A status other than success, a refusal, a reply that is not in the documented form.
    fn decode(&self, reply: HttpReply) -> Result<Reply, LlmError>;
}

/// What is to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Follows the base URL, with a leading slash.
    pub path: String,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Vec<u8>,
}

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl HttpReply {
    /// The first header of this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
