//! The trait of wire formats: pure functions from requests to HTTP and from HTTP to responses, and
//! what the formats share. [`HttpProvider`](super::HttpProvider) sends.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

use super::failure::failure;
use crate::rate_limit::ReportedLimits;
use crate::{FinishReason, LlmError, LlmErrorKind, MergedPart, Message, Request, Response, Role};

/// The encoding of requests and responses that a family of providers shares.
pub trait WireFormat: fmt::Debug + Send + Sync {
    /// The registry's name of the provider, for errors.
    fn provider(&self) -> &str;

    /// Encodes a request.
    ///
    /// # Errors
    /// An option that only structx sets.
    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError>;

    /// Reads the body of a successful response; [`decode`](Self::decode) adds what all formats share.
    ///
    /// # Errors
    /// A refusal, a response that is not in the documented form.
    fn read(&self, response: &HttpResponse) -> Result<Response, LlmError>;

    /// Decodes a response of any status.
    ///
    /// # Errors
    /// A status other than success, a refusal, a response that is not in the documented form.
    fn decode(&self, response: HttpResponse) -> Result<Response, LlmError> {
        let result = if (200..300).contains(&response.status) {
            self.read(&response)
        } else {
            Err(failure(self.provider(), response.status, &response))
        };
        let request_id = response.request_id();
        match result {
            Ok(read) => Ok(Response {
                request_id: request_id.or(read.request_id),
                headers: response.headers,
                ..read
            }),
            Err(error) => Err(LlmError {
                status: Some(response.status),
                request_id: request_id.or(error.request_id),
                limits: ReportedLimits::of(&response.headers, SystemTime::now()).map(Box::new),
                ..error
            }),
        }
    }
}

/// The content of a POST request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The path after the base URL, with a leading slash.
    pub path: String,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Vec<u8>,
}

impl HttpRequest {
    pub(crate) fn json(
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

/// A response of any status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Headers that identify an exchange; Azure's support asks for the first.
const REQUEST_IDS: [&str; 3] = ["apim-request-id", "x-request-id", "request-id"];

impl HttpResponse {
    /// The first header of this name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn request_id(&self) -> Option<String> {
        REQUEST_IDS.iter().find_map(|name| self.header(name)).map(str::to_owned)
    }

    /// Parses the body. The error names the expected `what`, but omits serde's message, which may
    /// quote the document.
    pub(crate) fn json<T: DeserializeOwned>(
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

/// A file as a `data:` URL.
pub(crate) struct DataUrl<'a> {
    pub media_type: &'a str,
    /// The content in base64.
    pub data: &'a str,
}

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { media_type, data } = self;
        serializer.collect_str(&format_args!("data:{media_type};base64,{data}"))
    }
}

/// The content of a message: a plain string for a single text, since some servers accept nothing
/// else, otherwise its parts.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Content<'a, P> {
    Text(Cow<'a, str>),
    Parts(Vec<P>),
}

impl<'a, P> Content<'a, P> {
    pub fn new(message: &'a Message, part: impl Fn(MergedPart<'a>) -> P) -> Self {
        let pieces = match <[_; 1]>::try_from(message.merged_parts().collect::<Vec<_>>()) {
            Ok([MergedPart::Text(text)]) => return Self::Text(text),
            Ok(other) => other.into(),
            Err(pieces) => pieces,
        };
        Self::Parts(pieces.into_iter().map(part).collect())
    }
}

/// The logarithm of a token's probability.
#[derive(Deserialize)]
pub(crate) struct LogProbability {
    pub logprob: f32,
}

/// The system messages as one text, for formats with a separate member for it.
pub(crate) fn system(messages: &[Message]) -> Option<String> {
    let texts: Vec<_> = messages
        .iter()
        .filter(|message| message.role == Role::System)
        .flat_map(Message::merged_parts)
        .filter_map(|piece| match piece {
            MergedPart::Text(text) => Some(text),
            MergedPart::Image(_) | MergedPart::File(_) => None,
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// The messages of user and assistant.
pub(crate) fn turns(messages: &[Message]) -> impl Iterator<Item = &Message> {
    messages.iter().filter(|message| message.role != Role::System)
}

/// The error for a response without content.
pub(crate) fn no_content(finish_reason: FinishReason) -> (LlmErrorKind, &'static str) {
    match finish_reason {
        FinishReason::Length => {
            let message = "the limit of output tokens was reached before the reply began";
            (LlmErrorKind::Truncated, message)
        }
        FinishReason::Stop => (LlmErrorKind::BadReply, "the reply has no content"),
    }
}

#[cfg(test)]
mod tests;
