//! The connections to a provider: TLS, proxies, and why there is none.

use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, Url};

use super::transport::{Endpoint, Timeouts};
use super::trust::Trust;
use crate::LlmErrorKind;
use crate::error::{ConfigError, Result};

/// A pool of connections to one provider.
#[derive(Debug)]
pub(super) struct Connections {
    client: Client,
    url: Url,
    /// Host and port of the provider.
    host: String,
    /// The setting that names the trusted authorities; `None` for those of the system.
    trusted: Option<String>,
}

impl Connections {
    /// # Errors
    /// [`ConfigError`]: TLS can't be set up.
    pub fn new(endpoint: &Endpoint) -> Result<Self> {
        let client = client(endpoint).map_err(|error| {
            ConfigError(format!("no HTTP client could be set up: {}", root_cause(&error)))
        })?;
        Ok(Self {
            client,
            url: endpoint.base_url.clone(),
            host: host_of(&endpoint.base_url),
            trusted: endpoint.trust.as_ref().map(|trust| trust.source.clone()),
        })
    }

    /// Sends a request; resolves once the response begins.
    pub async fn send(&self, outgoing: reqwest::Request) -> reqwest::Result<reqwest::Response> {
        self.client.execute(outgoing).await
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// The kind of a failure, and a message that says what failed and what to do.
    pub fn explain(&self, error: &reqwest::Error, timeouts: &Timeouts) -> (LlmErrorKind, String) {
        let host = &self.host;
        let proxy = if error.is_connect() { proxy(&self.url) } else { None };
        let through = proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}"));
        let through = through.unwrap_or_default();
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => (
                LlmErrorKind::ConnectTimeout,
                format!("no connection to {host}{through} within {}", seconds(timeouts.connect)),
            ),
            (false, true) => (
                LlmErrorKind::Timeout,
                format!("no whole reply from {host} within {}", seconds(timeouts.whole)),
            ),
            (true, false) => {
                let cause = root_cause(error);
                let advice = match self.advice(&cause) {
                    Some(advice) => advice,
                    None if proxy.is_some() => PROXY_ADVICE.to_owned(),
                    None => String::new(),
                };
                let end = if advice.is_empty() { String::new() } else { format!("; {advice}") };
                let message = format!("no connection to {host}{through}: {cause}{end}");
                (LlmErrorKind::Connection, message)
            }
            (false, false) => {
                let cause = root_cause(error);
                (LlmErrorKind::Connection, format!("the connection broke to {host}: {cause}"))
            }
        }
    }

    /// What to do about a certificate that is not accepted.
    fn advice(&self, cause: &str) -> Option<String> {
        let is = |name: &str| cause.contains(name);
        if !is("certificate") {
            return None;
        }
        Some(if is("CaUsedAsEndEntity") {
            "the server's own certificate is marked as that of an authority (CA:TRUE), which no \
             server may use: make one with basicConstraints=CA:FALSE"
                .to_owned()
        } else if is("UnknownIssuer") || is("BadSignature") {
            match &self.trusted {
                Some(source) => format!(
                    "its authority is not in the file that {source} names, which replaces the \
                     system's authorities"
                ),
                None => {
                    "its authority is not trusted: give ca_file the authority's certificate, or \
                         the server's own if it signed itself"
                        .to_owned()
                }
            }
        } else if is("not valid for name") || is("NotValidForName") {
            "the certificate is for another host: use a name that it has in api_base".to_owned()
        } else {
            "the server needs another certificate".to_owned()
        })
    }
}

const PROXY_ADVICE: &str = "the proxy comes from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or the system; \
                            NO_PROXY lists hosts that are reached without it";

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
    if let Some(Trust { certificates, .. }) = &endpoint.trust {
        builder = builder.tls_certs_only(certificates.clone());
    } else if endpoint.base_url.scheme() == "http" {
        // No certificates are needed: a machine without any still reaches its own server.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// Host and port of the proxy for an address, as the HTTP client finds it.
fn proxy(url: &Url) -> Option<String> {
    if is_loopback(url) {
        return None;
    }
    let uri = url.as_str().parse().ok()?;
    let found = Matcher::from_system().intercept(&uri)?;
    let (host, port) = (found.uri().host()?, found.uri().port_u16());
    Some(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn host_of(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
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
pub(super) fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

/// The innermost error; the outer ones repeat the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    // Without a source this is reqwest's own error, which shows the URL.
    if std::error::Error::source(error).is_none() {
        "request failed".to_owned()
    } else {
        cause.to_string()
    }
}
