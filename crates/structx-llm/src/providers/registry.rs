//! The known providers: resolves a model's name to an address, a key and a wire format.

mod table;

use std::sync::Arc;

use reqwest::Url;

use crate::Provider;
use crate::capabilities::Capabilities;
use crate::error::{ConfigError, Result};
use crate::http::{ApiKey, Auth, Endpoint, HttpProvider, Timeouts, is_loopback};
use structx_schema::Method;
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
    pub timeouts: Timeouts,
    /// How the model is asked for a schema; `None` for the best way that it supports.
    pub output_mode: Option<Method>,
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
            let is_taken = |(_, method): &&(&str, Method)| methods.contains(method);
            let names: Vec<_> = MODES.iter().filter(is_taken).map(|(name, _)| *name).collect();
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

/// The names of output modes.
const MODES: [(&str, Method); 5] = [
    ("strict", Method::Strict),
    ("schema", Method::Schema),
    ("tool", Method::Tool),
    ("json", Method::Json),
    ("prompt", Method::Prompt),
];

/// The output mode of this name.
///
/// # Errors
/// [`ConfigError`]: there is no such mode.
pub fn output_mode(name: &str) -> Result<Method> {
    let known = MODES.iter().find(|(known, _)| *known == name);
    known.map(|(_, method)| *method).ok_or_else(|| {
        let names = MODES.map(|(known, _)| known).join(", ");
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
    let mut base_url = base_url(base, known)?;
    if known.wire == WireKind::Azure {
        let version = settings.api_version.clone();
        azure(&mut base_url, &model, version.or_else(|| find(&AZURE_VERSIONS)).as_deref())?;
    }
    let given = settings.api_key.clone().filter(|key| !key.is_empty());
    let key = given.or_else(|| find(known.keys).as_deref().map(ApiKey::new));
    let auth = key
        .map(|key| Auth { header: known.header, key })
        .or_else(|| Some(Auth { header: BEARER, key: ApiKey::new(&find(known.tokens)?) }));
    if auth.is_none() && own_base.is_none() && !is_loopback(&base_url) {
        return Err(ConfigError(format!(
            "{} needs an API key: set {} or give api_key",
            known.prefix, known.keys[0]
        )));
    }
    let is_cloud = known.wire == WireKind::Ollama && base_url.host_str() == Some("ollama.com");
    let provider = if is_cloud { "ollama_cloud" } else { known.name }.to_owned();
    let endpoint = Endpoint { provider, base_url, auth, timeouts: settings.timeouts };
    Ok(Resolved { known, endpoint, model })
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

/// Parses an address. Errors do not repeat it: it may hold a password.
fn base_url(text: &str, known: &ProviderEntry) -> Result<Url> {
    let text = text.trim().trim_end_matches('/');
    let text = text.strip_suffix(known.address_suffix).unwrap_or(text);
    let url = if known.wire == WireKind::Ollama { host_url(text) } else { Url::parse(text).ok() };
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let problem = match &url {
        None => "api_base must be an address such as https://host/v1 (http or https)",
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            "api_base must not hold a user name or password; give api_key"
        }
        Some(_) => "",
    };
    url.filter(|_| problem.is_empty()).ok_or_else(|| ConfigError(problem.to_owned()))
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

const AZURE_VERSIONS: [&str; 2] = ["AZURE_API_VERSION", "OPENAI_API_VERSION"];

/// Completes the address of an Azure resource: for one deployment and API version, or for the API
/// without versions
/// (learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle).
fn azure(base: &mut Url, deployment: &str, version: Option<&str>) -> Result<()> {
    const VERSIONLESS: [&str; 3] = ["v1", "preview", "latest"];
    let version = version.map(str::trim).filter(|version| !VERSIONLESS.contains(version));
    let is_whole = base.path().ends_with("/openai/v1");
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

#[cfg(test)]
mod tests;
