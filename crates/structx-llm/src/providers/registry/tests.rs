//! Names, addresses and keys of every provider.

use super::table::WireKind;
use super::{
    ApiKey, ModelSettings, OutputMode, PROVIDERS, known_options, output_mode, provider, resolve,
    same_provider,
};

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
    ("o3-mini", "", "sk-2", OPENAI, Ok(["openai", "o3-mini", "https://api.openai.com/v1", "sk-2"])),
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
    ("ollama/qwen", "", "", &[], Ok(["ollama", "qwen", "http://localhost:11434/", ""])),
    (
        "ollama_chat/qwen",
        "http://box:11434/v1/",
        "",
        &[],
        Ok(["ollama", "qwen", "http://box:11434/", ""]),
    ),
    (
        "ollama/qwen",
        "",
        "",
        &[("OLLAMA_HOST", "0.0.0.0")],
        Ok(["ollama", "qwen", "http://127.0.0.1:11434/", ""]),
    ),
    (
        "ollama/qwen",
        "",
        "",
        &[("OLLAMA_HOST", "box:8080"), ("OLLAMA_API_KEY", "o")],
        Ok(["ollama", "qwen", "http://box:8080/", "o"]),
    ),
    (
        "ollama/gpt-oss:120b",
        "https://ollama.com",
        "o",
        &[],
        Ok(["ollama_cloud", "gpt-oss:120b", "https://ollama.com/", "o"]),
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
        "openai/responses/gpt-5",
        "",
        "",
        OPENAI,
        Ok(["openai", "gpt-5", "https://api.openai.com/v1", "sk-1"]),
    ),
    (
        "anthropic/claude-x",
        "",
        "",
        &[("ANTHROPIC_API_KEY", "a"), ("ANTHROPIC_AUTH_TOKEN", "t")],
        Ok(["anthropic", "claude-x", "https://api.anthropic.com/", "a"]),
    ),
    (
        "anthropic/claude-x",
        "",
        "",
        &[("ANTHROPIC_BASE_URL", "https://gate.example/v1/"), ("ANTHROPIC_AUTH_TOKEN", "t")],
        Ok(["anthropic", "claude-x", "https://gate.example/", "t"]),
    ),
    (
        "anthropic/claude-x",
        "",
        "",
        OPENAI,
        Err("anthropic needs an API key: set ANTHROPIC_API_KEY"),
    ),
    ("claude-x", "", "k", &[], Ok(["anthropic", "claude-x", "https://api.anthropic.com/", "k"])),
    (
        "gemini-2.5-flash",
        "",
        "",
        &[("GOOGLE_API_KEY", "g")],
        Ok(["gemini", "gemini-2.5-flash", "https://generativelanguage.googleapis.com/", "g"]),
    ),
    (
        "azure/my deployment",
        "https://x.openai.azure.com/",
        "",
        &[("AZURE_API_VERSION", "2024-10-21"), ("AZURE_AD_TOKEN", "t")],
        Ok([
            "azure",
            "my deployment",
            "https://x.openai.azure.com/openai/deployments/my%20deployment?api-version=2024-10-21",
            "t",
        ]),
    ),
    (
        "azure/gpt",
        "",
        "",
        &[("AZURE_OPENAI_ENDPOINT", "https://x.openai.azure.com"), ("AZURE_API_KEY", "k")],
        Ok(["azure", "gpt", "https://x.openai.azure.com/openai/v1", "k"]),
    ),
    (
        "azure/gpt",
        "https://x.openai.azure.com/openai/v1/",
        "k",
        &[("AZURE_API_VERSION", "preview")],
        Ok(["azure", "gpt", "https://x.openai.azure.com/openai/v1", "k"]),
    ),
    (
        "azure/gpt",
        "",
        "k",
        &[],
        Err("azure has no address of its own: give api_base or set AZURE_API_BASE"),
    ),
    ("bedrock/claude", "", "k", &[], Err("bedrock is not supported directly yet: use openrouter/")),
    ("vertex_ai/gemini", "https://x.example", "k", &[], Err("or gemini/... or anthropic/...")),
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
    ("Org/Model-7B", "", "", OPENAI, Err("no provider is known for the model \"Org/Model-7B\"")),
    ("mystery", "", "", OPENAI, Err("no provider is known")),
    ("", "", "", OPENAI, Err("the model's name is empty")),
    ("openai/", "", "", OPENAI, Err("no provider is known")),
    (
        "openai/m",
        "https://x.example/v1/chat/completions/",
        "k",
        &[],
        Ok(["openai", "m", "https://x.example/v1", "k"]),
    ),
    (
        "openai/responses/m",
        "https://x.example/v1/responses?v=1",
        "k",
        &[],
        Ok(["openai", "m", "https://x.example/v1?v=1", "k"]),
    ),
    (
        "anthropic/m",
        "https://x.example/v1/messages",
        "k",
        &[],
        Ok(["anthropic", "m", "https://x.example/", "k"]),
    ),
    (
        "gemini/m",
        "https://x.example/v1beta/models/gemini-2.5-flash:generateContent",
        "k",
        &[],
        Ok(["gemini", "m", "https://x.example/", "k"]),
    ),
    (
        "ollama/m",
        "http://box:11434/api/chat",
        "",
        &[],
        Ok(["ollama", "m", "http://box:11434/", ""]),
    ),
    ("ollama/m", "box/api", "", &[], Ok(["ollama", "m", "http://box:11434/", ""])),
    (
        "azure/gpt",
        "https://x.example/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
        "k",
        &[("AZURE_API_VERSION", "2025-01-01")],
        Ok([
            "azure",
            "gpt",
            "https://x.example/openai/deployments/gpt?api-version=2024-10-21",
            "k",
        ]),
    ),
    (
        "azure/gpt",
        "https://x.example/openai/",
        "k",
        &[],
        Ok(["azure", "gpt", "https://x.example/openai/v1", "k"]),
    ),
    (
        "openai/m",
        "https://x.example/v1/responses",
        "k",
        &[],
        Err("is an address of the Responses API: name the model openai/responses/..."),
    ),
    ("m", "https://x.example/v1/messages", "k", &[], Err("name the model anthropic/...")),
    (
        "openai/responses/m",
        "https://x.example/v1/chat/completions",
        "k",
        &[],
        Err("is an address of the chat API"),
    ),
    ("m", "ftp://x.example", "", &[], Err("api_base must be an address")),
    ("m", "https://me:hunter2@x.example", "", &[], Err("must not hold a user name or password")),
];

#[test]
fn a_name_leads_to_a_provider() {
    for &(model, base, key, variables, expected) in CASES {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let settings = ModelSettings {
            model: model.to_owned(),
            api_key: given(key).as_deref().map(ApiKey::new),
            api_base: given(base),
            ..ModelSettings::default()
        };
        let look_up = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, it)| (*it).to_owned())
        };
        match (resolve(&settings, look_up), expected) {
            (Ok(found), Ok([provider, there, address, key])) => {
                let endpoint = found.endpoint;
                let names = [&*endpoint.provider, &found.model, endpoint.base_url.as_str()];
                assert_eq!(names, [provider, there, address], "{model} {base}");
                let sent = endpoint.auth.map(|auth| auth.key);
                assert_eq!(sent, given(key).as_deref().map(ApiKey::new), "{model} {base}");
            }
            (Err(error), Err(part)) => {
                let text = error.to_string();
                assert!(text.contains(part), "{text} for {model} {base}");
                assert!(!text.contains("hunter2"), "{text}");
            }
            (Ok(_), expected) => panic!("an endpoint, not {expected:?}, for {model} {base}"),
            (Err(error), _) => panic!("{error} for {model} {base}"),
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
        ("azure/a", "azure/b", true, true),
        ("bedrock/a", "bedrock/b", true, false),
        ("openai/responses/a", "gpt-4o", false, true),
        ("ollama/a", "ollama_chat/b", false, true),
        ("claude-a", "anthropic/b", false, true),
    ];
    for (one, other, has_base, expected) in cases {
        assert_eq!(same_provider(one, other, has_base), expected, "{one} {other} {has_base}");
        assert_eq!(same_provider(other, one, has_base), expected, "{other} {one} {has_base}");
    }
}

#[test]
fn every_default_address_is_sound() {
    for known in &PROVIDERS {
        let settings = ModelSettings {
            model: format!("{}/m", known.prefix),
            api_key: Some(ApiKey::new(KEY)),
            ..ModelSettings::default()
        };
        let is_resolved = resolve(&settings, |_| None).is_ok();
        assert_eq!(is_resolved, !known.default_base.is_empty(), "{}", known.prefix);
    }
}

#[test]
fn a_key_is_never_shown() {
    let settings = ModelSettings { api_key: Some(ApiKey::new(KEY)), ..ModelSettings::default() };
    assert!(!format!("{settings:?}").contains(KEY));
    let unusable = ApiKey::new(&format!("{KEY}\n{KEY}"));
    let settings = ModelSettings {
        model: "gpt-4o".to_owned(),
        api_key: Some(unusable),
        ..ModelSettings::default()
    };
    let error = provider(&settings, |_| None).err().map(|error| error.to_string());
    assert!(
        error.as_ref().is_some_and(|it| it.contains("API key") && !it.contains(KEY)),
        "{error:?}"
    );
}

#[test]
fn a_key_is_sent_as_the_provider_wants_it() {
    let cases = [
        ("openai/m", "OPENAI_API_KEY", "authorization"),
        ("anthropic/m", "ANTHROPIC_API_KEY", "x-api-key"),
        ("anthropic/m", "ANTHROPIC_AUTH_TOKEN", "authorization"),
        ("gemini/m", "GEMINI_API_KEY", "x-goog-api-key"),
        ("azure/m", "AZURE_API_KEY", "api-key"),
        ("azure/m", "AZURE_AD_TOKEN", "authorization"),
        ("ollama/m", "OLLAMA_API_KEY", "authorization"),
    ];
    for (model, variable, header) in cases {
        let settings = ModelSettings {
            model: model.to_owned(),
            api_base: Some("https://x.example".to_owned()),
            ..ModelSettings::default()
        };
        let found = resolve(&settings, |name| (name == variable).then(|| KEY.to_owned()));
        let auth = found.ok().and_then(|found| found.endpoint.auth).expect("a key");
        assert_eq!((auth.header, auth.key), (header, ApiKey::new(KEY)), "{model} {variable}");
    }
}

#[test]
fn a_version_of_azure_s_may_be_given() {
    let settings = ModelSettings {
        model: "azure/gpt".to_owned(),
        api_base: Some("https://x.openai.azure.com".to_owned()),
        api_version: Some("2025-01-01-preview".to_owned()),
        ..ModelSettings::default()
    };
    let found = resolve(&settings, |name| (name == "AZURE_API_VERSION").then(|| "2024".to_owned()));
    let found = found.ok().map(|found| (found.known.wire, found.endpoint.base_url.to_string()));
    let address =
        "https://x.openai.azure.com/openai/deployments/gpt?api-version=2025-01-01-preview";
    assert_eq!(found, Some((WireKind::Azure, address.to_owned())));
}

#[test]
fn a_way_of_asking_must_be_one_of_the_model_s() {
    assert_eq!(output_mode("tool").ok(), Some(OutputMode::Tool));
    let error = output_mode("xml").unwrap_err().to_string();
    assert!(error.contains("strict, schema, tool, json, prompt"), "{error}");
    let ask = |model: &str, mode| {
        let settings = ModelSettings {
            model: model.to_owned(),
            api_key: Some(ApiKey::new(KEY)),
            output_mode: Some(mode),
            ..ModelSettings::default()
        };
        provider(&settings, |_| None).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(ask("gpt-4o", OutputMode::Tool), Ok(()));
    let error = ask("deepseek/deepseek-chat", OutputMode::Strict).unwrap_err();
    assert!(error.contains("it takes tool, json, prompt"), "{error}");
}

#[test]
fn known_options_are_those_of_the_wire_format() {
    for (model, has_base, known, unknown) in [
        ("openai/m", false, "logit_bias", "num_ctx"),
        ("gpt-4o", false, "seed", "topK"),
        ("org/m", true, "chat_template_kwargs", "num_ctx"),
        ("openai/responses/m", false, "truncation", "seed"),
        ("anthropic/m", false, "stop_sequences", "seed"),
        ("gemini/m", false, "topK", "thinking"),
        ("ollama/m", false, "num_ctx", "logit_bias"),
    ] {
        let options = known_options(model, has_base).unwrap();
        assert!(options.contains(&known) && options.contains(&"temperature"), "{model}");
        assert!(!options.contains(&unknown), "{model}");
    }
    assert!(known_options("mystery", false).is_err());
}
