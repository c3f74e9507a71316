//! One connection: raw HTTP/1.1 with keep-alive.
//!
//! What is posted to an address of a provider (`shape.rs`) is answered by the script;
//! `POST /_script` replaces the script and clears what was counted; `GET /_stats` and
//! `GET /_requests` tell what was counted.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::script::{Fault, Step};
use super::server::{Recorded, State};
use super::shape::Shape;

/// Requests beyond this number are recorded without their bodies.
const MOST_BODIES: usize = 10_000;

/// The headers that providers take a key in.
const CREDENTIALS: [&str; 4] = ["authorization", "api-key", "x-api-key", "x-goog-api-key"];

/// Replies are kept for this many schemas.
const MOST_CACHED: usize = 1_000;

pub async fn serve(mut stream: TcpStream, state: &State) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(16 << 10);
    let mut open = Some(Open::new(state));
    loop {
        let head = loop {
            match head(&buffer)? {
                Some(head) if head.body.end <= buffer.len() => break head,
                _ if stream.read_buf(&mut buffer).await? == 0 => return Ok(()),
                _ => {}
            }
        };
        if let Some(shape) = Shape::of(&head.path) {
            complete(&mut stream, state, shape, &head, &mut buffer).await?;
        } else {
            if let Some(open) = open.take() {
                open.was_of_the_tests();
            }
            let (status, body) = control(state, &head.path, &buffer[head.body.clone()]);
            stream.write_all(&http(status, &[], body.as_bytes())).await?;
        }
        buffer.drain(..head.body.end);
    }
}

/// An open connection; counts itself out.
struct Open<'a>(&'a State);

impl<'a> Open<'a> {
    fn new(state: &'a State) -> Self {
        let stats = &mut state.lock().stats;
        stats.connections += 1;
        stats.open += 1;
        Self(state)
    }

    /// Who reads the counts is not counted.
    fn was_of_the_tests(self) {
        self.0.lock().stats.connections -= 1;
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.lock().stats.open -= 1;
    }
}

/// What is read of a request before its body.
struct Head {
    path: String,
    credentials: Vec<&'static str>,
    user_agent: String,
    body: Range<usize>,
}

fn head(buffer: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let httparse::Status::Complete(start) = request.parse(buffer).map_err(invalid)? else {
        return Ok(None);
    };
    let text = |name: &str| {
        let header = request.headers.iter().find(|it| it.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let length = text("content-length").and_then(|it| it.parse::<usize>().ok()).unwrap_or(0);
    Ok(Some(Head {
        path: request.path.unwrap_or_default().to_owned(),
        credentials: CREDENTIALS.into_iter().filter(|name| text(name).is_some()).collect(),
        user_agent: text("user-agent").unwrap_or_default().to_owned(),
        body: start..start + length,
    }))
}

fn http(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut reply = format!(
        "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        reply.push_str(&format!("{name}: {value}\r\n"));
    }
    reply.push_str("\r\n");
    let mut reply = reply.into_bytes();
    reply.extend_from_slice(body);
    reply
}

fn control(state: &State, path: &str, body: &[u8]) -> (u16, String) {
    match path {
        "/_script" => match serde_json::from_slice(body) {
            Ok(script) => {
                state.set_script(script);
                (200, "{}".to_owned())
            }
            Err(error) => (400, json!({ "error": error.to_string() }).to_string()),
        },
        "/_stats" => (200, json!(state.lock().stats).to_string()),
        "/_requests" => (200, json!(state.lock().recorded).to_string()),
        _ => (404, json!({ "error": { "message": "no such address" } }).to_string()),
    }
}

/// Answers one request for a completion as the script says.
async fn complete(
    stream: &mut TcpStream,
    state: &State,
    shape: Shape,
    head: &Head,
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    let body = &buffer[head.body.clone()];
    let (mut counted, step, latency) = arrive(state, head, body);
    let reply = answer(state, shape, step.as_ref(), body, counted.number);
    let pause = latency + step.as_ref().map_or(Duration::ZERO, Step::delay);
    if !pause.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            gone = until_gone(stream, buffer) => return gone,
        }
    }
    let status = step.as_ref().map_or(200, |step| step.status);
    let fault = step.and_then(|step| step.fault);
    if fault == Some(Fault::Stall) {
        return until_gone(stream, buffer).await;
    }
    // Counted out before the client can see the answer, so that it then sees the right counts.
    counted.status = (!matches!(fault, Some(Fault::Reset | Fault::Truncate))).then_some(status);
    counted.is_answered = true;
    drop(counted);
    match fault {
        Some(Fault::Reset) => {
            stream.set_zero_linger()?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Some(Fault::Truncate) => {
            stream.write_all(&reply[..reply.len() - 20]).await?;
            Err(io::ErrorKind::UnexpectedEof.into())
        }
        _ => stream.write_all(&reply).await,
    }
}

/// Waits until the client closes the connection.
async fn until_gone(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    while stream.read_buf(buffer).await? > 0 {}
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// A request in flight; counts itself out.
struct Counted<'a> {
    state: &'a State,
    generation: u64,
    number: u64,
    is_answered: bool,
    status: Option<u16>,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut inner = self.state.lock();
        if inner.generation == self.generation {
            inner.stats.in_flight -= 1;
            inner.stats.aborted += u64::from(!self.is_answered);
            inner.stats.throttled += u64::from(self.status == Some(429));
            let index = usize::try_from(self.number - 1).unwrap_or(usize::MAX);
            if let Some(recorded) = inner.recorded.get_mut(index) {
                recorded.status = self.status;
            }
        }
    }
}

/// Counts and records a request, and takes its step of the script.
fn arrive<'a>(state: &'a State, head: &Head, body: &[u8]) -> (Counted<'a>, Option<Step>, Duration) {
    let mut inner = state.lock();
    inner.stats.requests += 1;
    inner.stats.in_flight += 1;
    inner.stats.max_in_flight = inner.stats.max_in_flight.max(inner.stats.in_flight);
    let recorded = Recorded {
        at_ms: inner.since.elapsed().as_millis(),
        path: head.path.clone(),
        credentials: head.credentials.clone(),
        user_agent: head.user_agent.clone(),
        mark: inner.script.mark_of(body),
        status: None,
        body: if inner.recorded.len() < MOST_BODIES { body.to_vec() } else { Vec::new() },
    };
    inner.recorded.push(recorded);
    let since = inner.since;
    let step = inner.script.take(body, since);
    let latency = Duration::from_millis(inner.script.latency_ms);
    let (generation, number) = (inner.generation, inner.stats.requests);
    (Counted { state, generation, number, is_answered: false, status: None }, step, latency)
}

fn answer(state: &State, shape: Shape, step: Option<&Step>, body: &[u8], number: u64) -> Vec<u8> {
    let id = format!("fake-{number}");
    let limits = {
        let inner = state.lock();
        inner.script.limit.as_ref().map(|limit| limit.headers(inner.since)).unwrap_or_default()
    };
    let mut headers: Vec<_> =
        shape.request_id_header().into_iter().map(|name| (name, id.as_str())).collect();
    headers.extend(limits.iter().map(|(name, value)| (*name, value.as_str())));
    match step {
        None if shape == Shape::Chat => http(200, &headers, &chat_by_schema(state, body)),
        step => {
            let items = state.lock().script.items;
            let step = step.cloned().unwrap_or_default();
            headers.extend(step.headers.iter().map(|(name, it)| (name.as_str(), it.as_str())));
            http(step.status, &headers, &step.reply(shape, body, items, &id))
        }
    }
}

/// The body of a good reply to a chat, made once for each schema: benches ask often.
fn chat_by_schema(state: &State, body: &[u8]) -> Arc<[u8]> {
    const KEY: &[u8] = b"\"response_format\":";
    // Within a JSON text the quotes would be escaped: this is the member, where it is written last.
    let start = body.windows(KEY.len()).rposition(|window| window == KEY).unwrap_or(0);
    let mut inner = state.lock();
    if let Some(reply) = inner.by_schema.get(&body[start..]) {
        return Arc::clone(reply);
    }
    let completion = Shape::Chat.completion(&Step::default(), body, inner.script.items);
    let reply: Arc<[u8]> = completion.to_string().into_bytes().into();
    if inner.by_schema.len() >= MOST_CACHED {
        inner.by_schema.clear();
    }
    inner.by_schema.insert(body[start..].to_vec(), Arc::clone(&reply));
    reply
}
