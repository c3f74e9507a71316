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
    let given_key = settings.api_key.clone().filter(|key| !key.is_empty());
    let (prefix, model) = split(&settings.model, settings.api_base.is_some())?;
    let Some(known) = PROVIDERS.iter().find(|known| known.prefix == prefix) else {
        // Some server of the caller's: no key of another provider is sent there.
        let base = settings.api_base.as_deref().unwrap_or_default();
        return Ok((endpoint(settings, "custom", base_url(base, "")?, given_key), model));
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
    let key = given_key.or_else(|| find(known.keys).as_deref().map(ApiKey::new));
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

/// Whether two models are asked of the same provider, so that a key and an address given for the
/// one are right for the other. `has_base`: whether an address is given.
#[must_use]
pub fn same_provider(one: &str, other: &str, has_base: bool) -> bool {
    matches!(
        (split(one, has_base), split(other, has_base)),
        (Ok((one, _)), Ok((other, _))) if one == other
    )
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
    if has_base {
        // Whatever it is called: many servers serve models such as gpt-oss.
        return Ok(("", model.to_owned()));
    }
    match BARE_NAMES.iter().find(|(beginning, _)| model.starts_with(beginning)) {
        Some((_, "openai")) => Ok(("openai", model.to_owned())),
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
    let text = text.trim().trim_end_matches('/');
    let end = if text.ends_with(suffix) { "" } else { suffix };
    let url = Url::parse(&format!("{text}{end}")).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let problem = match &url {
        None => "api_base must be an address such as https://host/v1 (http or https)",
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            "api_base must not hold a user name or password; give api_key"
        }
        Some(_) => "",
    };
    url.filter(|_| problem.is_empty()).ok_or_else(|| Error::Config(problem.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, PROVIDERS, Settings, provider, resolve, same_provider};

    const KEY: &str = "sk-secret";

    /// Model, address, key, environment; then provider, model there, address and key, or a part of
    /// the error.
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        Result<[&'static str; 4], &'static str>,
    );

    const OPENAI: &[(&str, &str)] = &[("OPENAI_API_KEY", "sk-1")];

    const CASES: &[Case] = &[
        (
            "openai/gpt-4o",
            "",
            "",
            OPENAI,
            Ok(["openai", "gpt-4o", "https://api.openai.com/v1", "sk-1"]),
        ),
        (
            "gpt-4o-mini",
            "",
            "",
            OPENAI,
            Ok(["openai", "gpt-4o-mini", "https://api.openai.com/v1", "sk-1"]),
        ),
        (
            "o3-mini",
            "",
            "sk-2",
            OPENAI,
            Ok(["openai", "o3-mini", "https://api.openai.com/v1", "sk-2"]),
        ),
        (
            "openai/gpt-4o",
            "",
            "",
            &[("OPENAI_API_KEY", " ")],
            Err("openai needs an API key: set OPENAI_API_KEY or give api_key"),
        ),
        ("groq/llama", "", "", OPENAI, Err("set GROQ_API_KEY")),
        (
            "openrouter/anthropic/claude-x",
            "",
            "k",
            &[],
            Ok(["openrouter", "anthropic/claude-x", "https://openrouter.ai/api/v1", "k"]),
        ),
        (
            "together_ai/m",
            "",
            "",
            &[("TOGETHER_API_KEY", "t")],
            Ok(["together_ai", "m", "https://api.together.xyz/v1", "t"]),
        ),
        (
            "openai/m",
            "",
            "",
            &[("OPENAI_BASE_URL", "http://10.0.0.9:8000/v1/")],
            Ok(["openai", "m", "http://10.0.0.9:8000/v1", ""]),
        ),
        (
            "openai/m",
            "http://a.example/v1",
            "",
            &[("OPENAI_BASE_URL", "http://b.example")],
            Ok(["openai", "m", "http://a.example/v1", ""]),
        ),
        (
            "openai/m",
            "http://a.example/v1",
            "",
            OPENAI,
            Ok(["openai", "m", "http://a.example/v1", "sk-1"]),
        ),
        (
            "gpt-4o",
            "",
            "",
            &[("OPENAI_API_KEY", "sk-1"), ("OPENAI_BASE_URL", "http://b.example")],
            Ok(["openai", "gpt-4o", "http://b.example/", "sk-1"]),
        ),
        (
            "gpt-oss-20b",
            "http://a.example/v1",
            "",
            OPENAI,
            Ok(["custom", "gpt-oss-20b", "http://a.example/v1", ""]),
        ),
        (
            "o1-like",
            "http://a.example/v1",
            "sk-2",
            OPENAI,
            Ok(["custom", "o1-like", "http://a.example/v1", "sk-2"]),
        ),
        ("ollama/qwen", "", "", &[], Ok(["ollama", "qwen", "http://localhost:11434/v1", ""])),
        (
            "ollama/qwen",
            "http://box:11434/",
            "",
            &[],
            Ok(["ollama", "qwen", "http://box:11434/v1", ""]),
        ),
        (
            "ollama/qwen",
            "http://box:11434/v1",
            "",
            &[],
            Ok(["ollama", "qwen", "http://box:11434/v1", ""]),
        ),
        ("lm_studio/m", "", "", &[], Ok(["lm_studio", "m", "http://localhost:1234/v1", ""])),
        (
            "hosted_vllm/a/b",
            "http://v:8000/v1",
            "",
            &[],
            Ok(["hosted_vllm", "a/b", "http://v:8000/v1", ""]),
        ),
        ("hosted_vllm/a/b", "", "", &[], Err("give api_base or set HOSTED_VLLM_API_BASE")),
        (
            "anthropic/claude-x",
            "",
            "",
            &[],
            Err("anthropic is not supported directly yet: use openrouter/"),
        ),
        ("azure/gpt", "https://x.example", "k", &[], Err("azure is not supported")),
        ("claude-x", "", "", &[], Err("anthropic is not supported")),
        (
            "claude-x",
            "https://x.example/v1",
            "k",
            &[],
            Ok(["custom", "claude-x", "https://x.example/v1", "k"]),
        ),
        (
            "Org/Model-7B",
            "https://x.example/v1",
            "",
            OPENAI,
            Ok(["custom", "Org/Model-7B", "https://x.example/v1", ""]),
        ),
        (
            "Org/Model-7B",
            "",
            "",
            OPENAI,
            Err("no provider is known for the model \"Org/Model-7B\""),
        ),
        ("mystery", "", "", OPENAI, Err("no provider is known")),
        ("", "", "", OPENAI, Err("the model's name is empty")),
        ("openai/", "", "", OPENAI, Err("no provider is known")),
        ("m", "ftp://x.example", "", &[], Err("api_base must be an address")),
        (
            "m",
            "https://me:hunter2@x.example",
            "",
            &[],
            Err("must not hold a user name or password"),
        ),
    ];

    #[test]
    fn a_name_leads_to_a_provider() {
        for &(model, base, key, variables, expected) in CASES {
            let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let settings = Settings {
                model: model.to_owned(),
                api_key: given(key).as_deref().map(ApiKey::new),
                api_base: given(base),
                timeout: None,
            };
            let look_up = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, it)| (*it).to_owned())
            };
            match (resolve(&settings, look_up), expected) {
                (Ok((endpoint, name)), Ok([provider, there, address, key])) => {
                    let found = [&*endpoint.provider, &name, endpoint.base_url.as_str()];
                    assert_eq!(found, [provider, there, address], "{model} {base}");
                    assert_eq!(
                        endpoint.key,
                        given(key).as_deref().map(ApiKey::new),
                        "{model} {base}"
                    );
                }
                (Err(error), Err(part)) => {
                    let text = error.to_string();
                    assert!(text.contains(part), "{text} for {model} {base}");
                    assert!(!text.contains("hunter2"), "{text}");
                }
                (found, expected) => panic!("{found:?}, not {expected:?}, for {model} {base}"),
            }
        }
    }

    #[test]
    fn a_key_is_shared_within_a_provider_only() {
        let cases = [
            ("gpt-4o", "openai/gpt-4o-mini", false, true),
            ("groq/a", "groq/b", false, true),
            ("groq/a", "groq/b", true, true),
            ("org/a", "org2/b", true, true),
            ("gpt-oss-20b", "org/b", true, true),
            ("gpt-4o", "openai/gpt-4o-mini", true, false),
            ("openai/m", "groq/m", false, false),
            ("org/a", "groq/b", true, false),
            ("org/a", "org/b", false, false),
            ("azure/a", "azure/b", true, false),
        ];
        for (one, other, has_base, expected) in cases {
            assert_eq!(same_provider(one, other, has_base), expected, "{one} {other} {has_base}");
            assert_eq!(same_provider(other, one, has_base), expected, "{other} {one} {has_base}");
        }
    }

    #[test]
    fn every_default_address_is_sound() {
        for known in PROVIDERS {
            let settings = Settings {
                model: format!("{}/m", known.prefix),
                api_key: Some(ApiKey::new(KEY)),
                ..Settings::default()
            };
            let is_resolved = resolve(&settings, |_| None).is_ok();
            assert_eq!(is_resolved, !known.default_base.is_empty(), "{}", known.prefix);
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let settings = Settings { api_key: Some(ApiKey::new(KEY)), ..Settings::default() };
        assert!(!format!("{settings:?}").contains(KEY));
        let unusable = ApiKey::new(&format!("{KEY}\n{KEY}"));
        let settings =
            Settings { model: "gpt-4o".to_owned(), api_key: Some(unusable), ..Settings::default() };
        let error = provider(&settings, |_| None).err().map(|error| error.to_string());
        assert!(
            error.as_ref().is_some_and(|it| it.contains("API key") && !it.contains(KEY)),
            "{error:?}"
        );
    }
}
