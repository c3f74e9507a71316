//! Which models see, and how much at once.

/// What a model takes of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Whether the model is known to see. One that is not known may be sent images all the same,
    /// if the user says so.
    pub is_known: bool,
    /// The most images of one request.
    pub images: usize,
    /// The most bytes of them together, in base64.
    pub bytes: usize,
}

/// Providers with narrower limits than [`USUAL`], from their documentation (console.groq.com/docs/
/// vision, docs.mistral.ai/capabilities/vision): what they document as "4 MB" and "10 MB" includes
/// the rest of the request.
const LIMITS: [(&str, usize, usize); 2] = [("groq", 5, 3_500_000), ("mistral", 8, 9_500_000)];

/// Anthropic takes 20 images without narrowing their size (platform.claude.com/docs/en/vision), and
/// 32 MB in one request; Gemini takes 20 MB (ai.google.dev/gemini-api/docs/image-understanding).
const USUAL: (usize, usize) = (20, 19_000_000);

/// Beginnings of the names of models that take images, as their makers document them.
const SEEING: &[&str] = &[
    // platform.openai.com/docs/models
    "gpt-4o",
    "chatgpt-4o",
    "gpt-4.1",
    "gpt-4.5",
    "gpt-4-turbo",
    "gpt-5",
    "o1",
    "o3",
    "o4",
    // platform.claude.com/docs/en/about-claude/models
    "claude-3",
    "claude-4",
    "claude-opus",
    "claude-sonnet",
    "claude-haiku",
    // ai.google.dev/gemini-api/docs/models
    "gemini-1.5",
    "gemini-2",
    "gemini-3",
    "gemini-flash",
    "gemini-pro-latest",
    "gemma-3",
    "gemma3",
    // docs.mistral.ai/getting-started/models
    "pixtral",
    "mistral-medium",
    "mistral-small-latest",
    "mistral-small-3.1",
    "mistral-small-3.2",
    "mistral-small3.1",
    "mistral-small3.2",
    "mistral-small-2503",
    "mistral-small-2506",
    // docs.x.ai/docs/models
    "grok-4",
    "grok-2-vision",
    "grok-vision",
    // llama.com/docs
    "llama-4",
    "llama4",
    "llama-3.2-11b",
    "llama-3.2-90b",
    // Others that are served openly.
    "nova-lite",
    "nova-pro",
    "nova-premier",
    "llava",
    "internvl",
    "minicpm-v",
    "moondream",
];

/// Parts of names that say so themselves.
const SAYING: &[&str] = &["vision", "-vl", "vl:", "5vl", "3vl"];

/// Exceptions to both: the same families without eyes.
const BLIND: &[&str] = &[
    "o1-mini",
    "o1-preview",
    "o3-mini",
    "gpt-4-turbo-preview",
    "gpt-4o-audio",
    "gpt-4o-realtime",
    "gpt-4o-transcribe",
    "gpt-4o-mini-audio",
    "gpt-4o-mini-realtime",
    "gpt-4o-mini-transcribe",
    "gemma-3-1b",
    "gemma3:1b",
];

impl Sight {
    /// Of a model that takes no images, whatever the user says.
    pub const NONE: Self = Self { is_known: false, images: 0, bytes: 0 };

    /// Of a provider's model. Gateways and servers of the user's call models as their makers do,
    /// perhaps after a path.
    #[must_use]
    pub fn of(provider: &str, model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase();
        let name = name.strip_prefix("ft:").unwrap_or(&name);
        let begins = |beginnings: &[&str]| beginnings.iter().any(|it| name.starts_with(it));
        let says = SAYING.iter().any(|part| name.contains(part));
        let limits = LIMITS.iter().find(|(known, ..)| *known == provider);
        let (images, bytes) = limits.map_or(USUAL, |&(_, images, bytes)| (images, bytes));
        Self { is_known: !begins(BLIND) && (says || begins(SEEING)), images, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::Sight;

    #[test]
    fn families_that_see_are_known_by_their_names() {
        for (provider, model, sees) in [
            ("openai", "gpt-4o-2024-11-20", true),
            ("openai", "gpt-4o-mini", true),
            ("openai", "ft:gpt-4o-mini:org::id", true),
            ("openai", "gpt-5.1", true),
            ("openai", "o3", true),
            ("openai", "o3-mini", false),
            ("openai", "gpt-3.5-turbo", false),
            ("openai", "gpt-4", false),
            ("openai", "gpt-4o-audio-preview", false),
            ("openai", "fake", false),
            ("openrouter", "anthropic/claude-sonnet-4.5", true),
            ("openrouter", "google/gemini-2.5-flash", true),
            ("openrouter", "deepseek/deepseek-chat", false),
            ("deepseek", "deepseek-chat", false),
            ("mistral", "pixtral-large-latest", true),
            ("mistral", "codestral-latest", false),
            ("groq", "meta-llama/llama-4-scout-17b-16e-instruct", true),
            ("groq", "llama-3.3-70b-versatile", false),
            ("together_ai", "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", true),
            ("fireworks_ai", "accounts/fireworks/models/qwen2p5-vl-32b-instruct", true),
            ("ollama", "llama3.2-vision:11b", true),
            ("ollama", "qwen2.5vl:7b", true),
            ("ollama", "gemma3:1b", false),
            ("xai", "grok-4", true),
            ("xai", "grok-3", false),
            ("custom", "Qwen/Qwen2.5-VL-7B-Instruct", true),
            ("custom", "mystery", false),
        ] {
            assert_eq!(Sight::of(provider, model).is_known, sees, "{provider} {model}");
        }
    }

    #[test]
    fn a_provider_may_take_fewer() {
        assert_eq!(Sight::of("groq", "llama-4").images, 5);
        assert_eq!(Sight::of("xai", "grok-4").images, 20);
    }
}
