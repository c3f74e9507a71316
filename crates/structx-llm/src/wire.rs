//! The shape of a provider's HTTP API: pure functions to and from bytes. Sending is
//! [`transport`](super::transport)'s job.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

use super::failure::failure;
use super::{Finish, LlmError, LlmErrorKind, Message, Piece, RateLimits, Reply, Request, Role};

/// How one family of providers spells requests and replies.
pub trait WireFormat: fmt::Debug + Send + Sync {
    /// The registry's name of the provider, for errors.
    fn provider(&self) -> &str;

    /// # Errors
    /// An option of the request that this format does not let the caller set.
    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError>;

    /// What a reply of success says; `decode` adds what is the same everywhere.
    ///
    /// # Errors
    /// A refusal, a reply that is not in the documented form.
    fn read(&self, reply: &HttpReply) -> Result<Reply, LlmError>;

    /// # Errors
    /// A status other than success, a refusal, a reply that is not in the documented form.
    fn decode(&self, reply: HttpReply) -> Result<Reply, LlmError> {
        let read = if (200..300).contains(&reply.status) {
            self.read(&reply)
        } else {
            Err(failure(self.provider(), reply.status, &reply))
        };
        let request_id = reply.request_id();
        match read {
            Ok(answer) => Ok(Reply {
                request_id: request_id.or(answer.request_id),
                headers: reply.headers,
                ..answer
            }),
            Err(error) => Err(LlmError {
                status: Some(reply.status),
                request_id: request_id.or(error.request_id),
                limits: RateLimits::of(&reply.headers, SystemTime::now()).map(Box::new),
                ..error
            }),
        }
    }
}

/// What is to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Follows the base URL, with a leading slash.
    pub path: String,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Vec<u8>,
}

impl HttpRequest {
    pub(super) fn json(
        provider: &str,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Result<Self, LlmError> {
        let body = serde_json::to_vec(body).map_err(|error| {
            let message = format!("the request can't be encoded: {error}");
            LlmError::new(LlmErrorKind::Rejected, provider, message)
        })?;
        Ok(Self { path: path.into(), headers: vec![("content-type", "application/json")], body })
    }
}

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Where providers name an exchange; Azure's support asks for the first.
const REQUEST_IDS: [&str; 3] = ["apim-request-id", "x-request-id", "request-id"];

impl HttpReply {
    /// The first header of this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn request_id(&self) -> Option<String> {
        REQUEST_IDS.iter().find_map(|name| self.header(name)).map(str::to_owned)
    }

    /// The body as JSON; `what` it should be is said in the error, without serde's own message,
    /// which may quote the reply, and with it the document.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        provider: &str,
        what: &str,
    ) -> Result<T, LlmError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let message = format!(
                "the reply is not {what} (line {}, column {} of {} bytes)",
                error.line(),
                error.column(),
                self.body.len()
            );
            LlmError::new(LlmErrorKind::BadReply, provider, message)
        })
    }
}

/// A file within a body.
pub(super) struct DataUrl<'a> {
    pub media_type: &'a str,
    /// In base64.
    pub data: &'a str,
}

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { media_type, data } = self;
        serializer.collect_str(&format_args!("data:{media_type};base64,{data}"))
    }
}

/// What a message holds: of one text alone that text, as some servers know no other form of it, and
/// else its parts.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a, P> {
    Text(Cow<'a, str>),
    Parts(Vec<P>),
}

impl<'a, P> Content<'a, P> {
    pub fn new(message: &'a Message, part: impl Fn(Piece<'a>) -> P) -> Self {
        let pieces = match <[_; 1]>::try_from(message.pieces().collect::<Vec<_>>()) {
            Ok([Piece::Text(text)]) => return Self::Text(text),
            Ok(other) => other.into(),
            Err(pieces) => pieces,
        };
        Self::Parts(pieces.into_iter().map(part).collect())
    }
}

/// The logarithm of a token's probability.
#[derive(Deserialize)]
pub(super) struct LogProbability {
    pub logprob: f32,
}

/// The system messages as one text, for formats that have a place of its own for it.
pub(super) fn system(messages: &[Message]) -> Option<String> {
    let texts: Vec<_> = messages
        .iter()
        .filter(|message| message.role == Role::System)
        .flat_map(Message::pieces)
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Image(_) | Piece::File(_) => None,
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// The messages that are not the system's.
pub(super) fn turns(messages: &[Message]) -> impl Iterator<Item = &Message> {
    messages.iter().filter(|message| message.role != Role::System)
}

/// What a reply without content means.
pub(super) fn nothing(finish: Finish) -> (LlmErrorKind, &'static str) {
    match finish {
        Finish::Length => {
            let message = "the limit of output tokens was reached before the reply began";
            (LlmErrorKind::Truncated, message)
        }
        Finish::Stop => (LlmErrorKind::BadReply, "the reply has no content"),
    }
}

#[cfg(test)]
mod tests;
