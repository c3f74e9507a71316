//! The body of a response as JSON: whole, or streamed as events although nobody asked for a stream.

use std::borrow::Cow;
use std::io::Read;

use serde_json::Value;

/// The body of a response.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Whole(Value),
    Stream(Stream),
}

/// The events of a stream, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stream {
    pub events: Vec<Value>,
    /// Whether the stream says that it is complete: OpenAI's `[DONE]`, or a closed list.
    pub is_done: bool,
}

impl Body {
    /// Parses a body: JSON, server-sent events, a list of JSON values or a sequence of them; `None` if
    /// it is none of these. What follows a broken value is dropped.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = without_mark(bytes);
        match serde_json::from_slice(bytes) {
            Ok(Value::Array(events))
                if !events.is_empty() && events.iter().all(Value::is_object) =>
            {
                Some(Self::Stream(Stream { events, is_done: true }))
            }
            Ok(whole) => Some(Self::Whole(whole)),
            Err(_) => {
                let text = String::from_utf8_lossy(bytes);
                let stream =
                    if is_event_stream(&text) { sent_events(&text) } else { sequence(&text) };
                (!stream.events.is_empty()).then_some(Self::Stream(stream))
            }
        }
    }
}

/// Whether a body begins as server-sent events do
/// (html.spec.whatwg.org/multipage/server-sent-events.html).
fn is_event_stream(text: &str) -> bool {
    let text = text.trim_start();
    ["data:", "event:", "id:", "retry:", ":"].iter().any(|field| text.starts_with(field))
}

/// The JSON values at the beginning of a text.
fn sequence(text: &str) -> Stream {
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let events = values.map_while(Result::ok).take_while(Value::is_object).collect();
    Stream { events, is_done: false }
}

fn sent_events(text: &str) -> Stream {
    let mut stream = Stream::default();
    let (mut name, mut data) = ("", String::new());
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    for line in lines.chain([""]) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" if value.trim() == "[DONE]" => stream.is_done = true,
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "event" => name = value.trim(),
            // An event ends with an empty line; the last one may lack it.
            "" if line.is_empty() => {
                // Some servers leave out the empty line between events.
                let Stream { events, .. } = sequence(&data);
                if events.is_empty() && name == "error" {
                    stream.events.push(serde_json::json!({"error": data.trim()}));
                }
                stream.events.extend(events);
                (name, data) = ("", String::new());
            }
            _ => {}
        }
    }
    stream
}

/// Decompresses a body that the server compressed although nobody asked for it. Bodies in other
/// encodings stay as they are.
///
/// # Errors
/// The body is damaged, or larger than `limit` bytes.
pub(super) fn decompressed(body: Vec<u8>, limit: usize) -> std::io::Result<Vec<u8>> {
    const GZIP: &[u8] = b"\x1f\x8b";
    if !body.starts_with(GZIP) {
        return Ok(body);
    }
    let mut whole = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(&*body).take(limit as u64 + 1);
    { read }.read_to_end(&mut whole)?;
    if whole.len() > limit {
        return Err(std::io::Error::other("it is too large"));
    }
    Ok(whole)
}

/// The text of a body, without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(without_mark(bytes))
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

#[cfg(test)]
mod tests;
