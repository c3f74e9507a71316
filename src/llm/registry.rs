//! The providers that structx knows: how a model's name leads to an address, a key and a wire
//! format.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::Provider;
use super::openai_chat::OpenAiChat;
use super::transport::{ApiKey, Endpoint, HttpProvider, TIMEOUT, is_loopback};
use crate::error::{Error, Result};

/// What the caller says about a model; the rest comes from the table and the environment.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `openai/gpt-4o`, or a bare name such as `gpt-4o`.
    pub model: String,
    pub api_key: Option<ApiKey>,
    pub api_base: Option<String>,
    /// For a whole request.
    pub timeout: Option<Duration>,
}

/// One provider of the OpenAI-compatible chat wire format.
struct Known {
    prefix: &'static str,
    /// Environment variables, the first that is set counts.
    keys: &'static [&'static str],
    bases: &'static [&'static str],
    /// Empty where each user has an address of their own.
    default_base: &'static str,
    /// Ends every address, as the provider documents its own without.
    suffix: &'static str,
}

const fn known(
    prefix: &'static str,
    keys: &'static [&'static str],
    bases: &'static [&'static str],
    default_base: &'static str,
) -> Known {
    Known { prefix, keys, bases, default_base, suffix: "" }
}

const PROVIDERS: [Known; 12] = [
    known(
        "openai",
        &["OPENAI_API_KEY"],
        &["OPENAI_BASE_URL", "OPENAI_API_BASE"],
        "https://api.openai.com/v1",
    ),
    known(
        "openrouter",
        &["OPENROUTER_API_KEY"],
        &["OPENROUTER_API_BASE"],
        "https://openrouter.ai/api/v1",
    ),
    known("groq", &["GROQ_API_KEY"], &["GROQ_API_BASE"], "https://api.groq.com/openai/v1"),
    known("mistral", &["MISTRAL_API_KEY"], &["MISTRAL_API_BASE"], "https://api.mistral.ai/v1"),
    known("deepseek", &["DEEPSEEK_API_KEY"], &["DEEPSEEK_API_BASE"], "https://api.deepseek.com/v1"),
    known("xai", &["XAI_API_KEY"], &["XAI_API_BASE"], "https://api.x.ai/v1"),
    known(
        "together_ai",
        &["TOGETHERAI_API_KEY", "TOGETHER_API_KEY"],
        &["TOGETHERAI_API_BASE"],
        "https://api.together.xyz/v1",
    ),
    known(
        "fireworks_ai",
        &["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"],
        &["FIREWORKS_API_BASE"],
        "https://api.fireworks.ai/inference/v1",
    ),
    known("hosted_vllm", &["HOSTED_VLLM_API_KEY"], &["HOSTED_VLLM_API_BASE"], ""),
    known("lm_studio", &["LM_STUDIO_API_KEY"], &["LM_STUDIO_API_BASE"], "http://localhost:1234/v1"),
    known("litellm_proxy", &["LITELLM_PROXY_API_KEY"], &["LITELLM_PROXY_API_BASE"], ""),
    Known {
        suffix: "/v1",
        ..known("ollama", &["OLLAMA_API_KEY"], &["OLLAMA_API_BASE"], "http://localhost:11434")
    },
];

/// Providers whose own wire formats are not written yet.
const UNSUPPORTED: [&str; 5] = ["anthropic", "gemini", "azure", "bedrock", "vertex_ai"];

/// Bare names that belong to one provider, by their beginnings.
const BARE_NAMES: [(&str, &str); 8] = [
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("ft:gpt-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "gemini"),
];

/// The provider of a model, and the model's name as that provider spells it.
///
/// `environment` looks a variable up.
///
/// # Errors
/// [`Error::Config`] names what is missing or wrong.
pub fn provider(
    settings: &Settings,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(Arc<dyn Provider>, Arc<str>)> {
    let (endpoint, model) = resolve(settings, environment)?;
    let wire = OpenAiChat { provider: endpoint.provider.clone() };
    Ok((Arc::new(HttpProvider::new(wire, endpoint)?), model.into()))
}

fn resolve(
    settings: &Settings,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(Endpoint, String)> {
    let find = |names: &[&str]| {
        names.iter().find_map(|name| environment(name).filter(|value| !value.trim().is_empty()))
    };
    let (prefix, model) = split(&settings.model, settings.api_base.is_some())?;
    let Some(known) = PROVIDERS.iter().find(|known| known.prefix == prefix) else {
        // Some server of the caller's: no key of another provider is sent there.
        let base = settings.api_base.as_deref().unwrap_or_default();
        return Ok((
            endpoint(settings, "custom", base_url(base, "")?, settings.api_key.clone()),
            model,
        ));
    };
    let own_base = settings.api_base.clone().or_else(|| find(known.bases));
    let base = own_base.as_deref().unwrap_or(known.default_base);
    if base.is_empty() {
        return Err(Error::Config(format!(
            "{prefix} has no address of its own: give api_base or set {}",
            known.bases[0]
        )));
    }
    let url = base_url(base, known.suffix)?;
    let key =
        settings.api_key.clone().or_else(|| find(known.keys).map(|key| ApiKey::new(key.trim())));
    if key.is_none() && own_base.is_none() && !is_loopback(&url) {
        return Err(Error::Config(format!(
            "{prefix} needs an API key: set {} or give api_key",
            known.keys[0]
        )));
    }
    Ok((endpoint(settings, prefix, url, key), model))
}

fn endpoint(settings: &Settings, provider: &str, base_url: Url, key: Option<ApiKey>) -> Endpoint {
    Endpoint {
        provider: provider.to_owned(),
        base_url,
        key,
        timeout: settings.timeout.unwrap_or(TIMEOUT),
    }
}

/// The provider's prefix, empty for a server of the caller's, and the model's name there.
fn split(model: &str, has_base: bool) -> Result<(&str, String)> {
    if model.trim().is_empty() {
        return Err(Error::Config(
            "the model's name is empty; give one, such as openai/gpt-4o".to_owned(),
        ));
    }
    if let Some((prefix, name)) = model.split_once('/') {
        if PROVIDERS.iter().any(|known| known.prefix == prefix) && !name.is_empty() {
            return Ok((prefix, name.to_owned()));
        }
        if UNSUPPORTED.contains(&prefix) {
            return Err(unsupported(prefix, name));
        }
        return if has_base { Ok(("", model.to_owned())) } else { Err(unknown(model)) };
    }
    match BARE_NAMES.iter().find(|(beginning, _)| model.starts_with(beginning)) {
        Some((_, "openai")) => Ok(("openai", model.to_owned())),
        _ if has_base => Ok(("", model.to_owned())),
        Some((_, provider)) => Err(unsupported(provider, model)),
        None => Err(unknown(model)),
    }
}

fn unsupported(provider: &str, model: &str) -> Error {
    Error::Config(format!(
        "{provider} is not supported directly yet: use openrouter/..., or openai/{model} with the \
         api_base of an OpenAI-compatible gateway to it"
    ))
}

fn unknown(model: &str) -> Error {
    let prefixes: Vec<_> = PROVIDERS.iter().map(|known| known.prefix).collect();
    Error::Config(format!(
        "no provider is known for the model {model:?}: name one of {} before a slash, or give the \
         api_base of an OpenAI-compatible server",
        prefixes.join(", ")
    ))
}

/// The address is not repeated in errors: it may hold a password.
fn base_url(text: &str, suffix: &str) -> Result<Url> {
    let wrong = || {
        Error::Config(
            "api_base must be an address such as https://host/v1 (http or https)".to_owned(),
        )
    };
    let text = text.trim().trim_end_matches('/');
    let end = if text.ends_with(suffix) { "" } else { suffix };
    let url = Url::parse(&format!("{text}{end}")).map_err(|_| wrong())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(wrong()) }
}
