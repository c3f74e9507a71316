//! Sends encoded requests and receives the responses: headers, secrets, size of bodies.

use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::body::decompressed;
use super::connections::{Connections, seconds};
use super::exchange::Exchange;
use super::secrets::{ApiKey, Secrets, is_secret};
use super::trust::Trust;
use crate::capabilities::{Capabilities, VisionLimits};
use crate::error::{ConfigError, Result};
use crate::http::wire_format::{HttpRequest, HttpResponse, WireFormat};
use crate::{LlmError, LlmErrorKind, Provider, Request, Response, ResponseFuture, cpu};
use structx_schema::{OutputSchema, SchemaError, dialect};

/// The largest accepted response body, in bytes. Chosen by hand: replies of models are below 1 MB.
const LARGEST_REPLY: usize = 64 << 20;

/// Timeouts of a request. The defaults were chosen by hand; 10 minutes is that of OpenAI's and
/// Anthropic's SDKs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until connected.
    pub connect: Duration,
    /// From sending until the first byte of the response; `None` for no limit.
    pub first_byte: Option<Duration>,
    /// From sending until the end of the response.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), first_byte: None, whole: Duration::from_mins(10) }
    }
}

/// A key and the header that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// The name in lower case.
    pub header: &'static str,
    pub key: ApiKey,
}

impl Auth {
    fn header(&self) -> Result<(HeaderName, HeaderValue)> {
        let name = HeaderName::from_static(self.header);
        let scheme = if name == AUTHORIZATION { "Bearer " } else { "" };
        let mut value =
            HeaderValue::try_from(format!("{scheme}{}", self.key.text())).map_err(|_| {
                ConfigError("the API key holds characters that no HTTP header can carry".to_owned())
            })?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

/// How a provider is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The registry's name of the provider, for errors.
    pub provider: String,
    /// `http` or `https`; its query is sent with every request.
    pub base_url: Url,
    pub auth: Option<Auth>,
    /// The user's headers, which replace structx's of the same name.
    pub headers: HeaderMap,
    pub timeouts: Timeouts,
    /// `None` for the authorities of the system.
    pub trust: Option<Trust>,
    /// Whether responses and errors carry the [`Exchange`].
    pub records: bool,
}

/// The headers that belong to the connection or to the body.
const RESERVED_HEADERS: [&str; 6] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
];

/// The user's headers, checked.
///
/// # Errors
/// A name or a value that no header can have, or a header that only structx sets. The message never
/// has the value.
pub fn headers(given: &[(String, String)]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let problem = |problem: &str| ConfigError(format!("headers: {name:?} {problem}"));
        let known = HeaderName::try_from(name).map_err(|_| problem("is no name of a header"))?;
        if RESERVED_HEADERS.contains(&known.as_str()) {
            return Err(problem("is set by structx; leave it out"));
        }
        let mut value = HeaderValue::try_from(value.trim())
            .map_err(|_| problem("has a value that no HTTP header can carry"))?;
        value.set_sensitive(is_secret(known.as_str()));
        headers.insert(known, value);
    }
    Ok(headers)
}

/// A provider over HTTP, with its own connection pool.
///
/// ```
/// use structx_llm::providers::registry::{ModelSettings, connect};
/// use structx_llm::{Message, Part, Request, Role};
///
/// let settings = ModelSettings { model: "ollama/llama3.2".to_owned(), ..Default::default() };
/// let (provider, model) = connect(&settings, |_| None)?;
/// let messages = vec![Message { role: Role::User, parts: vec![Part::Text("Hello".into())] }];
/// let request = Request { model, messages, schema: None, options: Default::default() };
/// let sent = provider.prepare(&request)?;
/// assert_eq!(sent.url().as_str(), "http://localhost:11434/api/chat");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HttpProvider {
    wire: Box<dyn WireFormat>,
    endpoint: Endpoint,
    /// The output mode that the caller chose; `None` for the best of the model.
    method: Option<structx_schema::OutputMode>,
    /// The key and the user's headers.
    headers: HeaderMap,
    secrets: Secrets,
    connections: Connections,
}

impl HttpProvider {
    /// A provider that sends requests of this wire format to this endpoint.
    ///
    /// # Errors
    /// [`ConfigError`]: a key that can't be sent, or TLS can't be set up.
    pub fn new(
        wire: Box<dyn WireFormat>,
        endpoint: Endpoint,
        method: Option<structx_schema::OutputMode>,
    ) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.extend(endpoint.auth.as_ref().map(Auth::header).transpose()?);
        for (name, value) in &endpoint.headers {
            headers.insert(name, value.clone());
        }
        let mut secrets = Secrets::default();
        for (_, value) in headers.iter().filter(|(_, value)| value.is_sensitive()) {
            secrets.add(value.to_str().unwrap_or_default());
        }
        secrets.add_query(&endpoint.base_url);
        let connections = Connections::new(&endpoint)?;
        Ok(Self { wire, endpoint, method, headers, secrets, connections })
    }

    /// Encodes a request without sending it.
    ///
    /// # Errors
    /// An option that only structx sets.
    pub fn prepare(&self, request: &Request) -> Result<reqwest::Request, LlmError> {
        let HttpRequest { path, headers, body } = self.wire.encode(request)?;
        let mut url = self.endpoint.base_url.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        let mut outgoing = reqwest::Request::new(Method::POST, url);
        for (name, value) in headers {
            let value = HeaderValue::from_static(value);
            outgoing.headers_mut().insert(HeaderName::from_static(name), value);
        }
        for (name, value) in &self.headers {
            outgoing.headers_mut().insert(name, value.clone());
        }
        *outgoing.body_mut() = Some(body.into());
        Ok(outgoing)
    }

    /// Decodes a response, without secrets in errors.
    ///
    /// # Errors
    /// A status other than success, a refusal, a response that is not in the documented form.
    pub fn decode(&self, response: HttpResponse) -> Result<Response, LlmError> {
        let mut decoded = self.wire.decode_body(&response);
        if decoded.is_err() && self.secrets.are_in(&response.body) {
            // Once more without them: decoding may shorten a message within a secret.
            let body = self.secrets.scrub(&String::from_utf8_lossy(&response.body)).into_bytes();
            let (status, headers) = (response.status, response.headers.clone());
            decoded = self.wire.decode_body(&HttpResponse { status, headers, body });
        }
        response.complete(decoded).map_err(|error| LlmError {
            message: self.secrets.scrub(&error.message),
            code: error.code.as_deref().map(|code| self.secrets.scrub(code)),
            ..error
        })
    }

    async fn ask(&self, request: &Request) -> Result<Response, LlmError> {
        let outgoing = cpu::run(request.size(), || self.prepare(request))?;
        if !self.endpoint.records {
            let response = self.exchange(outgoing).await?;
            return cpu::run(response.body.len(), || self.decode(response));
        }
        let mut record = self.record(&outgoing);
        let begun = Instant::now();
        let received = self.exchange(outgoing).await;
        record.seconds = begun.elapsed().as_secs_f64();
        let result = received.and_then(|response| {
            record.status = Some(response.status);
            record.response_body = self.secrets.scrub(&String::from_utf8_lossy(&response.body));
            let headers = response.headers.iter();
            record.response_headers =
                headers.map(|(name, value)| self.shown(name, value)).collect();
            self.decode(response)
        });
        let exchange = Some(Box::new(record));
        match result {
            Ok(response) => Ok(Response { exchange, ..response }),
            Err(error) => Err(LlmError { exchange, ..error }),
        }
    }

    /// The request as it is recorded.
    fn record(&self, outgoing: &reqwest::Request) -> Exchange {
        let body = outgoing.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            self.shown(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))
        };
        Exchange {
            url: self.secrets.scrub(outgoing.url().as_str()),
            request_headers: outgoing.headers().iter().map(header).collect(),
            request_body: self.secrets.scrub(&String::from_utf8_lossy(body)),
            ..Exchange::default()
        }
    }

    /// A header as it is recorded.
    fn shown(&self, name: &str, value: &str) -> (String, String) {
        let shown = if is_secret(name) { "***".to_owned() } else { self.secrets.scrub(value) };
        (name.to_owned(), shown)
    }

    async fn exchange(&self, outgoing: reqwest::Request) -> Result<HttpResponse, LlmError> {
        let begun = self.connections.send(outgoing);
        let response = match self.endpoint.timeouts.first_byte {
            Some(limit) => tokio::time::timeout(limit, begun).await.map_err(|_| {
                let message = format!(
                    "no reply from {} began within {}",
                    self.connections.host(),
                    seconds(limit)
                );
                self.error(LlmErrorKind::FirstByteTimeout, message)
            })?,
            None => begun.await,
        };
        self.receive(response.map_err(|error| self.failed(&error))?).await
    }

    async fn receive(&self, mut response: reqwest::Response) -> Result<HttpResponse, LlmError> {
        let too_large = || {
            let message = format!("the reply is larger than {} MiB", LARGEST_REPLY >> 20);
            self.error(LlmErrorKind::BadReply, message)
        };
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + chunk.len() > LARGEST_REPLY {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let body = decompressed(body, LARGEST_REPLY).map_err(|error| {
            let message = format!("the compressed reply can't be read: {error}");
            self.error(LlmErrorKind::BadReply, message)
        })?;
        let status = response.status().as_u16();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers();
        let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(HttpResponse { status, headers, body })
    }

    fn failed(&self, error: &reqwest::Error) -> LlmError {
        let (kind, message) = self.connections.explain(error, &self.endpoint.timeouts);
        self.error(kind, message)
    }

    fn error(&self, kind: LlmErrorKind, message: impl Into<String>) -> LlmError {
        LlmError::new(kind, &self.endpoint.provider, message)
    }
}

impl Provider for HttpProvider {
    fn name(&self) -> &str {
        &self.endpoint.provider
    }

    fn address(&self) -> String {
        let mut address = self.endpoint.base_url.clone();
        address.set_query(None);
        format!("{} {address}", self.name())
    }

    fn compile(&self, model: &str, name: &str, root: &Value) -> Result<OutputSchema, SchemaError> {
        let Capabilities { dialect, methods, .. } = Capabilities::of(self.name(), model);
        let methods = self.method.as_ref().map_or(methods, std::slice::from_ref);
        dialect::compile(dialect, methods, name, root)
    }

    fn schema_key(&self, model: &str) -> String {
        format!("{}/{model} {:?}", self.name(), self.method)
    }

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(self.ask(request))
    }

    fn hides_schema(&self, model: &str) -> bool {
        Capabilities::of(self.name(), model).hides_schema
    }

    fn vision_limits(&self, model: &str) -> VisionLimits {
        Capabilities::of(self.name(), model).vision
    }
}
