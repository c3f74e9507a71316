//! The known providers: resolves a model's name to an address, a key and a wire format.

mod address;
mod known_options;
mod table;

use std::path::PathBuf;
use std::sync::Arc;

use reqwest::header::HeaderMap;

use crate::Provider;
use crate::capabilities::Capabilities;
use crate::error::{ConfigError, Result};
use crate::http::{self, ApiKey, Auth, Endpoint, HttpProvider, Timeouts, Trust, is_loopback};
use structx_schema::OutputMode;
use table::{BARE_NAMES, BEARER, CUSTOM, PROVIDERS, ProviderEntry, UNSUPPORTED, WireKind};

/// The caller's settings for a model; the rest comes from the table and the environment.
#[derive(Debug, Clone, Default)]
pub struct ModelSettings {
    /// `openai/gpt-4o`, or a bare name such as `gpt-4o`.
    pub model: String,
    pub api_key: Option<ApiKey>,
    pub api_base: Option<String>,
    /// The version of Azure's API.
    pub api_version: Option<String>,
    /// Headers of every request, by name.
    pub headers: Vec<(String, String)>,
    /// The organization and the project that requests are billed to, at OpenAI and servers like it.
    pub organization: Option<String>,
    pub project: Option<String>,
    /// Certificates of the trusted authorities, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether responses and errors carry the [`Exchange`](crate::http::Exchange).
    pub records: bool,
    pub timeouts: Timeouts,
    /// How the model is asked for a schema; `None` for the best way that it supports.
    pub output_mode: Option<OutputMode>,
}

/// The provider of a model, and the provider's name for the model. `environment` looks up a variable.
///
/// ```
/// use structx_llm::Provider;
/// use structx_llm::providers::registry::{ModelSettings, provider};
///
/// let settings = ModelSettings { model: "gpt-4o".to_owned(), ..Default::default() };
/// let environment = |name: &str| (name == "OPENAI_API_KEY").then(|| "sk-example".to_owned());
/// let (provider, model) = provider(&settings, environment)?;
/// assert_eq!((provider.name(), &*model), ("openai", "gpt-4o"));
/// # Ok::<(), structx_llm::ConfigError>(())
/// ```
///
/// # Errors
/// [`ConfigError`] names what is missing or wrong.
pub fn provider(
    settings: &ModelSettings,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(Arc<dyn Provider>, Arc<str>)> {
    let (provider, model) = connect(settings, environment)?;
    Ok((Arc::new(provider), model))
}

/// Like [`provider`], with the concrete type.
///
/// # Errors
/// [`ConfigError`] names what is missing or wrong.
pub fn connect(
    settings: &ModelSettings,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(HttpProvider, Arc<str>)> {
    let Resolved { known, endpoint, model } = resolve(settings, environment)?;
    if let Some(mode) = settings.output_mode {
        let methods = Capabilities::of(&endpoint.provider, &model).methods;
        if !methods.contains(&mode) {
            let taken = OutputMode::ALL.into_iter().filter(|mode| methods.contains(mode));
            let names: Vec<_> = taken.map(OutputMode::name).collect();
            return Err(ConfigError(format!(
                "{} can't be asked in this output_mode; it takes {}",
                settings.model,
                names.join(", ")
            )));
        }
    }
    let wire = known.wire.format(&endpoint.provider);
    Ok((HttpProvider::new(wire, endpoint, settings.output_mode)?, model.into()))
}

/// The output mode of this name.
///
/// # Errors
/// [`ConfigError`]: there is no such mode.
pub fn output_mode(name: &str) -> Result<OutputMode> {
    OutputMode::from_name(name).ok_or_else(|| {
        let names = OutputMode::ALL.map(OutputMode::name).join(", ");
        ConfigError(format!("output_mode must be one of {names}, not {name:?}"))
    })
}

struct Resolved {
    known: &'static ProviderEntry,
    endpoint: Endpoint,
    model: String,
}

fn resolve(
    settings: &ModelSettings,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Resolved> {
    let find = |names: &[&str]| {
        names.iter().find_map(|name| environment(name).filter(|value| !value.trim().is_empty()))
    };
    let (known, model) = split(&settings.model, settings.api_base.is_some())?;
    let own_base = settings.api_base.clone().or_else(|| find(known.bases));
    let base = own_base.as_deref().unwrap_or(known.default_base);
    if base.is_empty() {
        return Err(ConfigError(format!(
            "{} has no address of its own: give api_base or set {}",
            known.prefix, known.bases[0]
        )));
    }
    let mut base_url = address::base_url(base, known)?;
    if known.wire == WireKind::Azure {
        let version = settings.api_version.clone();
        address::azure(
            &mut base_url,
            &model,
            version.or_else(|| find(&AZURE_VERSIONS)).as_deref(),
        )?;
    }
    let headers = headers(settings, known, find)?;
    let given = settings.api_key.clone().filter(|key| !key.is_empty());
    let key = given.or_else(|| find(known.keys).as_deref().map(ApiKey::new));
    let auth = key
        .map(|key| Auth { header: known.header, key })
        .or_else(|| Some(Auth { header: BEARER, key: ApiKey::new(&find(known.tokens)?) }));
    let is_authorized = [known.header, BEARER].iter().any(|name| headers.contains_key(*name));
    if auth.is_none() && !is_authorized && own_base.is_none() && !is_loopback(&base_url) {
        return Err(ConfigError(format!(
            "{} needs an API key: set {} or give api_key",
            known.prefix, known.keys[0]
        )));
    }
    let is_cloud = known.wire == WireKind::Ollama && base_url.host_str() == Some("ollama.com");
    let provider = if is_cloud { "ollama_cloud" } else { known.name }.to_owned();
    let ca_file = settings.ca_file.as_deref();
    let uses_tls = base_url.scheme() == "https" || ca_file.is_some();
    let trust = if uses_tls { Trust::find(ca_file, &environment)? } else { None };
    let (timeouts, records) = (settings.timeouts, settings.records);
    let endpoint = Endpoint { provider, base_url, auth, headers, timeouts, trust, records };
    Ok(Resolved { known, endpoint, model })
}

/// The headers of every request but the key.
fn headers(
    settings: &ModelSettings,
    known: &ProviderEntry,
    find: impl Fn(&[&str]) -> Option<String>,
) -> Result<HeaderMap> {
    // As OpenAI's own client has them (github.com/openai/openai-python, src/openai/_client.py).
    let billing = [
        ("organization", &settings.organization, "OPENAI_ORG_ID", "OpenAI-Organization"),
        ("project", &settings.project, "OPENAI_PROJECT_ID", "OpenAI-Project"),
    ];
    let mut given = Vec::new();
    for (setting, value, variable, header) in billing {
        let is_like_openai =
            !matches!(known.wire, WireKind::Anthropic | WireKind::Gemini | WireKind::Ollama);
        if value.is_some() && !is_like_openai {
            return Err(ConfigError(format!(
                "{setting} is a setting of OpenAI, not of {}",
                known.name
            )));
        }
        let from_environment = || if known.name == "openai" { find(&[variable]) } else { None };
        if let Some(value) = value.clone().or_else(from_environment) {
            given.push((header.to_owned(), value));
        }
    }
    given.extend(settings.headers.iter().cloned());
    http::headers(&given)
}

/// The names of options that the provider of a model is known to take, in its own spellings and the
/// common ones.
///
/// # Errors
/// [`ConfigError`]: no provider is known for the model.
pub fn known_options(model: &str, has_base: bool) -> Result<Vec<&'static str>> {
    let (known, _) = split(model, has_base)?;
    Ok(known_options::of(known.wire))
}

/// Whether two models have the same provider, so that a key and an address given for one are right
/// for the other. `has_base`: whether an address is given.
#[must_use]
pub fn same_provider(one: &str, other: &str, has_base: bool) -> bool {
    matches!(
        (split(one, has_base), split(other, has_base)),
        (Ok((one, _)), Ok((other, _))) if one.name == other.name
    )
}

/// The provider, and its name for the model.
fn split(model: &str, has_base: bool) -> Result<(&'static ProviderEntry, String)> {
    if model.trim().is_empty() {
        return Err(ConfigError(
            "the model's name is empty; give one, such as openai/gpt-4o".to_owned(),
        ));
    }
    let after = |known: &ProviderEntry| model.strip_prefix(known.prefix)?.strip_prefix('/');
    let named = PROVIDERS.iter().filter_map(|known| Some((known, after(known)?)));
    // The longest prefix wins: `openai/responses/...` is not a model of `openai`.
    if let Some((known, name)) = named.max_by_key(|(known, _)| known.prefix.len())
        && !name.is_empty()
    {
        return Ok((known, name.to_owned()));
    }
    if let Some((prefix, _)) = model.split_once('/')
        && let Some((_, instead)) = UNSUPPORTED.iter().find(|(known, _)| *known == prefix)
    {
        return Err(ConfigError(format!(
            "{prefix} is not supported directly yet: use openrouter/..., or {instead}"
        )));
    }
    if has_base {
        // Whatever its name: many servers serve models such as gpt-oss. No key of another provider
        // is sent there.
        return Ok((&CUSTOM, model.to_owned()));
    }
    let bare = BARE_NAMES.iter().find(|(beginning, _)| model.starts_with(beginning));
    let known = bare.and_then(|(_, name)| PROVIDERS.iter().find(|known| known.prefix == *name));
    match known {
        Some(known) if !model.contains('/') => Ok((known, model.to_owned())),
        _ => Err(unknown(model)),
    }
}

fn unknown(model: &str) -> ConfigError {
    let prefixes: Vec<_> = PROVIDERS.iter().map(|known| known.prefix).collect();
    ConfigError(format!(
        "no provider is known for the model {model:?}: name one of {} before a slash, or give the \
         api_base of an OpenAI-compatible server",
        prefixes.join(", ")
    ))
}

const AZURE_VERSIONS: [&str; 2] = ["AZURE_API_VERSION", "OPENAI_API_VERSION"];

#[cfg(test)]
mod tests;
