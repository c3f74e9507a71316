//! Sends encoded requests: connections, keys, timeouts, size of responses.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::capabilities::{Capabilities, VisionLimits};
use crate::error::{ConfigError, Result};
use crate::http::wire_format::{HttpRequest, HttpResponse, WireFormat};
use crate::{LlmError, LlmErrorKind, Provider, Request, Response, ResponseFuture};
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

/// An API key, hidden in debug output and scrubbed from errors.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key without surrounding white space.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` without the key, which some servers repeat in errors. Keys below 8 characters are no
    /// secrets: local servers get words such as `none`.
    fn scrub(&self, text: &str) -> String {
        if self.0.len() < 8 { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(***)")
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
        let mut value = HeaderValue::try_from(format!("{scheme}{}", self.key.0)).map_err(|_| {
            ConfigError("the API key holds characters that no HTTP header can carry".to_owned())
        })?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

/// The address, key and timeouts of a provider.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The registry's name of the provider, for errors.
    pub provider: String,
    /// `http` or `https`; its query is sent with every request.
    pub base_url: Url,
    pub auth: Option<Auth>,
    pub timeouts: Timeouts,
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
    method: Option<structx_schema::Method>,
    auth: Option<(HeaderName, HeaderValue)>,
    client: Client,
}

impl HttpProvider {
    /// A provider that sends requests of this wire format to this endpoint.
    ///
    /// # Errors
    /// [`ConfigError`]: a key that can't be sent, or TLS can't be set up.
    pub fn new(
        wire: Box<dyn WireFormat>,
        endpoint: Endpoint,
        method: Option<structx_schema::Method>,
    ) -> Result<Self> {
        let auth = endpoint.auth.as_ref().map(Auth::header).transpose()?;
        let client = client(&endpoint).map_err(|error| {
            ConfigError(format!("no HTTP client could be set up: {}", root_cause(&error)))
        })?;
        Ok(Self { wire, endpoint, method, auth, client })
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
        outgoing.headers_mut().extend(self.auth.clone());
        *outgoing.body_mut() = Some(body.into());
        Ok(outgoing)
    }

    /// Decodes a response, without the key in errors.
    ///
    /// # Errors
    /// A status other than success, a refusal, a response that is not in the documented form.
    pub fn decode(&self, response: HttpResponse) -> Result<Response, LlmError> {
        self.wire.decode(response).map_err(|error| match &self.endpoint.auth {
            Some(Auth { key, .. }) => LlmError {
                message: key.scrub(&error.message),
                code: error.code.as_deref().map(|code| key.scrub(code)),
                ..error
            },
            None => error,
        })
    }

    async fn ask(&self, request: &Request) -> Result<Response, LlmError> {
        let outgoing = self.prepare(request)?;
        let begun = self.client.execute(outgoing);
        let response = match self.endpoint.timeouts.first_byte {
            Some(limit) => tokio::time::timeout(limit, begun).await.map_err(|_| {
                let message =
                    format!("no reply from {} began within {}", self.host(), seconds(limit));
                self.error(LlmErrorKind::FirstByteTimeout, message)
            })?,
            None => begun.await,
        };
        self.decode(self.receive(response.map_err(|error| self.failed(&error))?).await?)
    }

    async fn receive(&self, mut response: reqwest::Response) -> Result<HttpResponse, LlmError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + chunk.len() > LARGEST_REPLY {
                let message = format!("the reply is larger than {} MiB", LARGEST_REPLY >> 20);
                return Err(self.error(LlmErrorKind::BadReply, message));
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status().as_u16();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers();
        let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        // Scrubbed before decoding too: decoding may shorten the text within the key.
        if let Some(Auth { key, .. }) = &self.endpoint.auth
            && status >= 300
        {
            body = key.scrub(&String::from_utf8_lossy(&body)).into_bytes();
        }
        Ok(HttpResponse { status, headers, body })
    }

    fn failed(&self, error: &reqwest::Error) -> LlmError {
        let Timeouts { connect, whole, .. } = self.endpoint.timeouts;
        let (host, cause) = (self.host(), root_cause(error));
        let (kind, message) = match (error.is_connect(), error.is_timeout()) {
            (true, true) => (
                LlmErrorKind::ConnectTimeout,
                format!("no connection to {host} within {}", seconds(connect)),
            ),
            (false, true) => (
                LlmErrorKind::Timeout,
                format!("no whole reply from {host} within {}", seconds(whole)),
            ),
            (true, false) => {
                (LlmErrorKind::Connection, format!("no connection to {host}: {cause}"))
            }
            (false, false) => {
                (LlmErrorKind::Connection, format!("the connection broke to {host}: {cause}"))
            }
        };
        self.error(kind, message)
    }

    /// Host and port, for errors.
    fn host(&self) -> String {
        let name = self.endpoint.base_url.host_str().unwrap_or_default();
        let port = self.endpoint.base_url.port_or_known_default().unwrap_or_default();
        format!("{name}:{port}")
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

/// One client, and so one connection pool, for each provider.
fn client(endpoint: &Endpoint) -> reqwest::Result<Client> {
    // Fails if the process has installed a crypto provider already, which is then used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("structx/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(endpoint.timeouts.connect)
        .timeout(endpoint.timeouts.whole)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        // Retries are counted in the attempt loop of the run alone.
        .retry(reqwest::retry::never());
    if is_loopback(&endpoint.base_url) {
        builder = builder.no_proxy();
    }
    if endpoint.base_url.scheme() == "http" {
        // No certificates are needed: a machine without any still reaches its own server.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// Whether the URL is one of this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A timeout in the wording of errors.
fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

/// The innermost error; the outer ones repeat the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    // Without a source this is reqwest's own error, which shows the URL.
    if error.source().is_none() { "request failed".to_owned() } else { cause.to_string() }
}
