//! The table of providers: address, environment variables and wire format of each.

use crate::http::wire_format::WireFormat;
use crate::providers::{anthropic, gemini, ollama, openai_chat, openai_responses};

/// One provider.
pub(super) struct ProviderEntry {
    /// The part of a model's name before the slash.
    pub prefix: &'static str,
    /// The name in errors and in the table of capabilities.
    pub name: &'static str,
    /// Environment variables of the key; the first that is set counts.
    pub keys: &'static [&'static str],
    /// Environment variables of bearer tokens, used if there is no key.
    pub tokens: &'static [&'static str],
    /// Environment variables of the address.
    pub bases: &'static [&'static str],
    /// Empty if each user has their own address.
    pub default_base: &'static str,
    /// The suffix of an address that the wire format adds itself.
    pub address_suffix: &'static str,
    /// The header that carries the key.
    pub header: &'static str,
    pub wire: WireKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireKind {
    OpenAiChat,
    OpenAiResponses,
    /// OpenAI's chat format with one address per deployment.
    Azure,
    Anthropic,
    Gemini,
    Ollama,
}

impl WireKind {
    /// The wire format for a provider of this name.
    pub fn format(self, provider: &str) -> Box<dyn WireFormat> {
        let provider = provider.to_owned();
        match self {
            Self::OpenAiChat | Self::Azure => Box::new(openai_chat::OpenAiChat { provider }),
            Self::OpenAiResponses => Box::new(openai_responses::OpenAiResponses { provider }),
            Self::Anthropic => Box::new(anthropic::Anthropic { provider }),
            Self::Gemini => Box::new(gemini::Gemini { provider }),
            Self::Ollama => Box::new(ollama::Ollama { provider }),
        }
    }
}

/// A server that accepts OpenAI's chat format.
const fn chat(
    prefix: &'static str,
    keys: &'static [&'static str],
    bases: &'static [&'static str],
    default_base: &'static str,
) -> ProviderEntry {
    ProviderEntry {
        prefix,
        name: prefix,
        keys,
        tokens: &[],
        bases,
        default_base,
        address_suffix: "",
        header: BEARER,
        wire: WireKind::OpenAiChat,
    }
}

/// The header of a bearer token.
pub(super) const BEARER: &str = "authorization";

const OPENAI: ProviderEntry = chat(
    "openai",
    &["OPENAI_API_KEY"],
    &["OPENAI_BASE_URL", "OPENAI_API_BASE"],
    "https://api.openai.com/v1",
);

const OLLAMA: ProviderEntry = ProviderEntry {
    address_suffix: "/v1",
    wire: WireKind::Ollama,
    ..chat(
        "ollama",
        &["OLLAMA_API_KEY"],
        &["OLLAMA_API_BASE", "OLLAMA_HOST"],
        "http://localhost:11434",
    )
};

pub(super) static PROVIDERS: [ProviderEntry; 18] = [
    OPENAI,
    ProviderEntry { prefix: "openai/responses", wire: WireKind::OpenAiResponses, ..OPENAI },
    ProviderEntry {
        tokens: &["ANTHROPIC_AUTH_TOKEN"],
        address_suffix: "/v1",
        header: "x-api-key",
        wire: WireKind::Anthropic,
        ..chat(
            "anthropic",
            &["ANTHROPIC_API_KEY"],
            &["ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"],
            "https://api.anthropic.com",
        )
    },
    ProviderEntry {
        address_suffix: "/v1beta",
        header: "x-goog-api-key",
        wire: WireKind::Gemini,
        ..chat(
            "gemini",
            &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
            &["GEMINI_API_BASE", "GOOGLE_GEMINI_BASE_URL"],
            "https://generativelanguage.googleapis.com",
        )
    },
    ProviderEntry {
        tokens: &["AZURE_AD_TOKEN", "AZURE_OPENAI_AD_TOKEN"],
        header: "api-key",
        wire: WireKind::Azure,
        ..chat(
            "azure",
            &["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"],
            &["AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"],
            "",
        )
    },
    chat(
        "openrouter",
        &["OPENROUTER_API_KEY"],
        &["OPENROUTER_API_BASE"],
        "https://openrouter.ai/api/v1",
    ),
    chat("groq", &["GROQ_API_KEY"], &["GROQ_API_BASE"], "https://api.groq.com/openai/v1"),
    chat("mistral", &["MISTRAL_API_KEY"], &["MISTRAL_API_BASE"], "https://api.mistral.ai/v1"),
    chat("deepseek", &["DEEPSEEK_API_KEY"], &["DEEPSEEK_API_BASE"], "https://api.deepseek.com/v1"),
    chat("xai", &["XAI_API_KEY"], &["XAI_API_BASE"], "https://api.x.ai/v1"),
    chat(
        "together_ai",
        &["TOGETHERAI_API_KEY", "TOGETHER_API_KEY"],
        &["TOGETHERAI_API_BASE"],
        "https://api.together.xyz/v1",
    ),
    chat(
        "fireworks_ai",
        &["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"],
        &["FIREWORKS_API_BASE"],
        "https://api.fireworks.ai/inference/v1",
    ),
    OLLAMA,
    ProviderEntry { prefix: "ollama_chat", ..OLLAMA },
    chat("hosted_vllm", &["HOSTED_VLLM_API_KEY"], &["HOSTED_VLLM_API_BASE"], ""),
    chat("lm_studio", &["LM_STUDIO_API_KEY"], &["LM_STUDIO_API_BASE"], "http://localhost:1234/v1"),
    chat("llamafile", &["LLAMAFILE_API_KEY"], &["LLAMAFILE_API_BASE"], "http://127.0.0.1:8080/v1"),
    chat("litellm_proxy", &["LITELLM_PROXY_API_KEY"], &["LITELLM_PROXY_API_BASE"], ""),
];

/// Any server at an address that the caller gives.
pub(super) static CUSTOM: ProviderEntry =
    ProviderEntry { name: "custom", ..chat("", &[], &[], "") };

/// Providers without a wire format here, and alternatives to them.
pub(super) const UNSUPPORTED: [(&str, &str); 5] = [
    ("bedrock", BEDROCK),
    ("bedrock_converse", BEDROCK),
    ("vertex_ai", "gemini/... or anthropic/... with a key of theirs"),
    ("vertex_ai_beta", "gemini/... with a key of Gemini's"),
    ("azure_ai", "azure/... with the api_base https://<resource>.services.ai.azure.com"),
];

const BEDROCK: &str = "openai/... with Bedrock's OpenAI-compatible address as api_base, such as \
https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1, and a key of Bedrock's, or \
anthropic/... with a key of Anthropic's";

/// Prefixes of bare model names that belong to one provider.
pub(super) const BARE_NAMES: [(&str, &str); 8] = [
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("ft:gpt-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "gemini"),
];
