//! The address of a provider's API, out of what a user gives as such.

use reqwest::Url;

use super::table::{ProviderEntry, WireKind};
use crate::error::{ConfigError, Result};

/// Parses an address: the base of the API, or one of its endpoints. Errors do not repeat it: it may
/// hold a password.
pub(super) fn base_url(text: &str, known: &ProviderEntry) -> Result<Url> {
    let text = text.trim();
    let url = if known.wire == WireKind::Ollama { host_url(text) } else { Url::parse(text).ok() };
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let problem = match &url {
        None => "api_base must be an address such as https://host/v1 (http or https)",
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            "api_base must not hold a user name or password; give api_key"
        }
        Some(url) => foreign_endpoint(url, known.wire).unwrap_or_default(),
    };
    let mut url =
        url.filter(|_| problem.is_empty()).ok_or_else(|| ConfigError(problem.to_owned()))?;
    let path = base_path(url.path(), known).to_owned();
    url.set_path(&path);
    Ok(url)
}

/// A path without the endpoint that the wire format adds itself.
fn base_path<'a>(path: &'a str, known: &ProviderEntry) -> &'a str {
    let path = path.trim_end_matches('/');
    let path = match known.wire {
        WireKind::Gemini => path.split_once("/models/").map_or(path, |(base, _)| base),
        _ => path,
    };
    let path = endpoints(known.wire).iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
    path.strip_suffix(known.address_suffix).unwrap_or(path)
}

/// The endpoints of a wire format, as the ends of addresses.
const fn endpoints(wire: WireKind) -> &'static [&'static str] {
    match wire {
        WireKind::OpenAiChat | WireKind::Azure => &["/chat/completions"],
        WireKind::OpenAiResponses => &["/responses"],
        WireKind::Anthropic => &["/messages"],
        WireKind::Gemini => &[],
        WireKind::Ollama => &["/api/chat", "/api/generate", "/api", "/chat/completions"],
    }
}

/// What is wrong with the endpoint of another wire format.
fn foreign_endpoint(url: &Url, wire: WireKind) -> Option<&'static str> {
    let ends_with = |end: &str| url.path().trim_end_matches('/').ends_with(end);
    let is_chat = matches!(wire, WireKind::OpenAiChat | WireKind::Azure);
    if is_chat && ends_with("/responses") {
        Some("api_base is an address of the Responses API: name the model openai/responses/...")
    } else if is_chat && ends_with("/v1/messages") {
        Some("api_base is an address of Anthropic's Messages API: name the model anthropic/...")
    } else if wire == WireKind::OpenAiResponses && ends_with("/chat/completions") {
        Some("api_base is an address of the chat API: name the model openai/...")
    } else {
        None
    }
}

/// The address of an Ollama server: a URL, a host with or without a port, or the address that the
/// server listens at (docs.ollama.com/faq).
fn host_url(text: &str) -> Option<Url> {
    if text.contains("://") {
        return Url::parse(text).ok();
    }
    let mut url = Url::parse(&format!("http://{text}")).ok()?;
    if url.port().is_none() && !text.ends_with(":80") {
        url.set_port(Some(11434)).ok()?;
    }
    if url.host_str() == Some("0.0.0.0") {
        url.set_host(Some("127.0.0.1")).ok()?;
    }
    Some(url)
}

/// Completes the address of an Azure resource: for one deployment and API version, or for the API
/// without versions
/// (learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle).
pub(super) fn azure(base: &mut Url, deployment: &str, version: Option<&str>) -> Result<()> {
    const VERSIONLESS: [&str; 3] = ["v1", "preview", "latest"];
    let version = version.map(str::trim).filter(|version| !VERSIONLESS.contains(version));
    let is_whole = base.path().ends_with("/openai/v1");
    if base.path().contains("/openai/deployments/") {
        let has_version = base.query_pairs().any(|(name, _)| name == "api-version");
        if let Some(version) = version.filter(|_| !has_version) {
            base.query_pairs_mut().append_pair("api-version", version);
        }
        return Ok(());
    }
    let path = base.path().strip_suffix("/openai").unwrap_or(base.path()).to_owned();
    base.set_path(&path);
    let mut path = base
        .path_segments_mut()
        .map_err(|()| ConfigError("api_base can't be the address of an API".to_owned()))?;
    match version {
        _ if is_whole => {}
        None => {
            path.pop_if_empty().extend(["openai", "v1"]);
        }
        Some(version) => {
            path.pop_if_empty().extend(["openai", "deployments", deployment]);
            drop(path);
            base.query_pairs_mut().append_pair("api-version", version);
        }
    }
    Ok(())
}
