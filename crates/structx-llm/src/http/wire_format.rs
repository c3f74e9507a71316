//! The trait of wire formats: pure functions from requests to HTTP and from HTTP to responses, and
//! what the formats share. [`HttpProvider`](super::HttpProvider) sends.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::answer::{elements, is_blank};
use super::body::{Body, Stream};
use super::failure::{ErrorBody, failure, reported_status, unreadable};
use crate::rate_limit::ReportedLimits;
use crate::{LlmError, LlmErrorKind, MergedPart, Message, Request, Response, Role, Usage};

/// The encoding of requests and responses that a family of providers shares.
pub trait WireFormat: fmt::Debug + Send + Sync {
    /// The registry's name of the provider, for errors.
    fn provider(&self) -> &str;

    /// Encodes a request.
    ///
    /// # Errors
    /// An option that only structx sets.
    fn encode(&self, request: &Request) -> Result<HttpRequest, LlmError>;

    /// The form of a successful body.
    fn form(&self) -> Form;

    /// Joins the events of a stream into the body that a request without a stream gets; `None` if the
    /// stream ended early.
    fn join(&self, stream: Stream) -> Option<Value>;

    /// The tokens that a body reports, as far as they can be read.
    fn usage(&self, body: &Value) -> Usage;

    /// Reads the body of a successful response; [`decode_success`](Self::decode_success) adds what all formats share.
    ///
    /// # Errors
    /// A refusal, a reply without content.
    fn read(&self, body: &Value) -> Result<Response, LlmError>;

    /// Decodes the body of a response of any status, without what its headers say.
    ///
    /// # Errors
    /// A status other than success, a refusal, a response that is not in the documented form.
    fn decode_body(&self, response: &HttpResponse) -> Result<Response, LlmError> {
        if (200..300).contains(&response.status) {
            return self.decode_success(response);
        }
        let body = ErrorBody::of_bytes(&response.body);
        Err(failure(self.provider(), response.status, &response.headers, body))
    }

    /// Decodes a response of status 200, which may hold an error all the same.
    ///
    /// # Errors
    /// As [`decode_body`](Self::decode_body).
    fn decode_success(&self, response: &HttpResponse) -> Result<Response, LlmError> {
        let (provider, Form { what, members }) = (self.provider(), self.form());
        let unread = || unreadable(provider, what, members, &response.body);
        let body = match Body::parse(&response.body) {
            Some(Body::Whole(body)) if body.is_object() => body,
            Some(Body::Stream(stream)) => {
                let error = stream.events.iter().find(|event| reported_status(event).is_some());
                let error = error.cloned();
                error.or_else(|| self.join(stream)).ok_or_else(|| {
                    let message = "the stream ended before the reply was complete";
                    LlmError::new(LlmErrorKind::BadReply, provider, message)
                })?
            }
            _ => return Err(unread()),
        };
        let usage = self.usage(&body);
        let with_usage = |error| LlmError { usage, ..error };
        let reported = |status, error| failure(provider, status, &response.headers, error);
        if let Some(status) = reported_status(&body) {
            return Err(with_usage(reported(status, ErrorBody::of(&body))));
        }
        if members.first().is_some_and(|answer| body.get(answer).is_none_or(is_blank)) {
            let error = ErrorBody::of(&body);
            if !error.is_empty() {
                return Err(with_usage(reported(502, error)));
            }
            if members.iter().all(|name| body.get(name).is_none()) {
                return Err(with_usage(unread()));
            }
        }
        self.read(&body).map(|reply| Response { usage, ..reply }).map_err(with_usage)
    }
}

/// The form of a successful body.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The body in words, for errors.
    pub what: &'static str,
    /// The member that holds the reply, then others by which such a body is known.
    pub members: &'static [&'static str],
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

    /// Adds what the headers say to a decoded body.
    pub(crate) fn complete(
        self,
        decoded: Result<Response, LlmError>,
    ) -> Result<Response, LlmError> {
        let request_id = self.request_id();
        match decoded {
            Ok(read) => Ok(Response {
                request_id: request_id.or(read.request_id),
                headers: self.headers,
                ..read
            }),
            Err(error) => Err(LlmError {
                status: Some(self.status),
                request_id: request_id.or(error.request_id),
                limits: ReportedLimits::of(&self.headers, SystemTime::now()).map(Box::new),
                ..error
            }),
        }
    }

    fn request_id(&self) -> Option<String> {
        REQUEST_IDS.iter().find_map(|name| self.header(name)).map(str::to_owned)
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

/// The logarithms of the probabilities in a list of tokens; `None` if one can't be read, or there are
/// none.
pub(crate) fn log_probabilities(tokens: &Value) -> Option<Vec<f32>> {
    let number = |token: &Value| f32::deserialize(token.get("logprob")?).ok();
    let numbers: Vec<f32> = elements(tokens).iter().map(number).collect::<Option<_>>()?;
    (!numbers.is_empty()).then_some(numbers)
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

#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod tests;
