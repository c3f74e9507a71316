//! Capabilities of models by provider and name: output modes, schema dialects, images, files.

use structx_schema::OutputMode::{self, Json, Prompt, Schema, Strict, Tool};
use structx_schema::dialect::Dialect;

/// The capabilities of a model.
///
/// ```
/// use structx_llm::Capabilities;
///
/// let capabilities = Capabilities::of("openai", "gpt-4o");
/// assert!(capabilities.vision.is_known && !capabilities.hides_schema);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The dialect of JSON Schema that it accepts.
    pub dialect: Dialect,
    /// How it can be asked for a schema, best first.
    pub methods: &'static [OutputMode],
    /// Whether its server constrains the output to a schema without showing it to the model.
    pub hides_schema: bool,
    pub vision: VisionLimits,
}

/// Limits of a model for images and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisionLimits {
    /// Whether the model is known to accept images. The user can have images sent to any other.
    pub is_known: bool,
    /// Images in one request.
    pub max_images: usize,
    /// Bytes of all images in one request, in base64.
    pub max_image_bytes: usize,
    /// Bytes of a PDF sent as a file, in base64; 0 for a model that is not known to read PDFs.
    pub max_file_bytes: usize,
}

/// A row of a table: a provider, prefixes of its models' names, and their capability.
type Row<T> = (&'static str, &'static [&'static str], T);

/// The prefix of any name.
const ANY: &[&str] = &[""];

const ALL: &[OutputMode] = &[Strict, Schema, Tool, Json, Prompt];
const SCHEMA_IN_PROMPT: &[OutputMode] = &[Json, Tool, Prompt];

/// Dialects and output modes; the first row that fits counts.
const METHODS: &[Row<(Dialect, &[OutputMode])>] = &[
    // platform.openai.com/docs/guides/structured-outputs: strict from gpt-4o-2024-08-06 on;
    // fine-tuned models support fewer keywords.
    ("openai", &["ft:"], (Dialect::OpenAi, &[Schema, Tool, Json, Prompt])),
    (
        "openai",
        &["gpt-3.5", "gpt-4-", "gpt-4o-2024-05", "o1-mini", "o1-preview"],
        (Dialect::OpenAi, &[Tool, Json, Prompt]),
    ),
    // platform.claude.com/docs/en/build-with-claude/structured-outputs
    (
        "anthropic",
        &[
            "claude-2",
            "claude-3",
            "claude-opus-4-0",
            "claude-opus-4-2",
            "claude-sonnet-4-0",
            "claude-sonnet-4-2",
        ],
        (Dialect::Anthropic, &[Tool, Prompt]),
    ),
    ("anthropic", ANY, (Dialect::Anthropic, &[Strict, Tool, Prompt])),
    // ai.google.dev/gemini-api/docs/structured-output
    ("gemini", &["gemini-1"], (Dialect::GeminiOpenApi, &[Strict, Json, Prompt])),
    ("gemini", &["gemma"], (Dialect::Gemini, &[Prompt])),
    ("gemini", ANY, (Dialect::Gemini, &[Strict, Json, Prompt])),
    // console.groq.com/docs/structured-outputs
    ("groq", &["gpt-oss-20b", "gpt-oss-120b"], (Dialect::OpenAi, ALL)),
    ("groq", &["gpt-oss", "llama-4", "kimi-k2"], (Dialect::OpenAi, &[Schema, Tool, Json, Prompt])),
    ("groq", ANY, (Dialect::OpenAi, SCHEMA_IN_PROMPT)),
    // openrouter.ai/docs/features/structured-outputs; others depend on the serving provider.
    (
        "openrouter",
        &[
            "gpt-4o",
            "gpt-4.1",
            "gpt-5",
            "o1",
            "o3",
            "o4",
            "gemini-2",
            "gemini-3",
            "claude-haiku-4.5",
            "claude-sonnet-4.5",
            "claude-sonnet-4.6",
            "claude-sonnet-5",
            "claude-opus-4.",
            "claude-opus-5",
        ],
        (Dialect::OpenAi, ALL),
    ),
    ("openrouter", ANY, (Dialect::OpenAi, &[Schema, Strict, Tool, Json, Prompt])),
    // api-docs.deepseek.com/guides/json_mode
    ("deepseek", ANY, (Dialect::OpenAi, SCHEMA_IN_PROMPT)),
    // docs.ollama.com/capabilities/structured-outputs: cloud models do not enforce the schema.
    ("ollama", ANY, (Dialect::Ollama, &[Strict, Json, Prompt])),
    ("ollama_cloud", ANY, (Dialect::Ollama, &[Schema, Json, Prompt])),
];

/// Providers and models without a row: servers that accept OpenAI's chat format.
const USUAL_METHODS: (Dialect, &[OutputMode]) = (Dialect::OpenAi, ALL);

/// Servers that compile the schema to a grammar and leave the prompt unchanged; `custom` may be any
/// of them (docs.ollama.com/capabilities/structured-outputs;
/// github.com/ggml-org/llama.cpp, grammars/README.md;
/// `docs.vllm.ai/en/latest/features/structured_outputs`).
const HIDES_SCHEMA: [&str; 6] =
    ["ollama", "ollama_cloud", "hosted_vllm", "lm_studio", "llamafile", "custom"];

/// Images and their bytes in one request, for providers with lower limits than [`USUAL`]: console.groq.com/docs/vision (4 MB, which includes the rest of the request) and
/// docs.mistral.ai/capabilities/vision (10 MB).
const LIMITS: [(&str, usize, usize); 2] = [("groq", 5, 3_500_000), ("mistral", 8, 9_500_000)];

/// Anthropic accepts 20 images without reducing their size (platform.claude.com/docs/en/vision), and
/// 32 MB in one request; Gemini accepts 20 MB (ai.google.dev/gemini-api/docs/image-understanding), and
/// xAI 20 MiB an image (docs.x.ai/developers/model-capabilities/images/understanding).
const USUAL: (usize, usize) = (20, 19_000_000);

/// Prefixes of models that accept images, as their makers document them.
const VISION_PREFIXES: &[&str] = &[
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
    "claude-fable",
    "claude-mythos",
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
    // Other open models.
    "nova-lite",
    "nova-pro",
    "nova-premier",
    "llava",
    "internvl",
    "minicpm-v",
    "moondream",
];

/// Parts of names that mark vision models.
const VISION_PARTS: &[&str] = &["vision", "-vl", "vl:", "5vl", "3vl"];

/// Exceptions to both: models of the same families without vision.
const NO_VISION: &[&str] = &[
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

/// Bytes of a PDF; the first row that fits counts. About 1 MB is left for the rest of the request.
const FILES: &[Row<usize>] = &[
    // platform.openai.com/docs/guides/pdf-files: 50 MB, vision models only.
    (
        "openai",
        &["gpt-4o", "chatgpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "o1", "o3", "o4"],
        49_000_000,
    ),
    // platform.claude.com/docs/en/build-with-claude/pdf-support: 32 MB.
    ("anthropic", &["claude-2", "claude-3-haiku", "claude-3-opus", "claude-3-sonnet"], 0),
    ("anthropic", &["claude"], 31_000_000),
    // ai.google.dev/gemini-api/docs/document-processing: 20 MB.
    ("gemini", &["gemini"], 19_000_000),
    // openrouter.ai/docs/features/multimodal/pdfs: any model; OpenRouter parses PDFs for those that can't.
    ("openrouter", ANY, 19_000_000),
];

/// The first row that fits a provider's model.
fn find<'a, T>(rows: &'a [Row<T>], provider: &str, name: &str) -> Option<&'a T> {
    // The added hyphen lets the prefix `gpt-4-` match `gpt-4`, but not `gpt-4o`.
    let ended = format!("{name}-");
    let fits = |(known, beginnings, _): &&Row<T>| {
        *known == provider && beginnings.iter().any(|beginning| ended.starts_with(beginning))
    };
    rows.iter().find(fits).map(|(.., found)| found)
}

/// The maker's name of a model: gateways and own servers may put a path before it.
fn own_name(model: &str) -> String {
    model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase()
}

impl Capabilities {
    /// The capabilities of a provider's model; of any other server's if the provider is unknown.
    #[must_use]
    pub fn of(provider: &str, model: &str) -> Self {
        let name = own_name(model);
        let hides_schema = HIDES_SCHEMA.contains(&provider);
        let is_cloud = name.ends_with("-cloud") || name.ends_with(":cloud");
        let provider = if provider == "ollama" && is_cloud { "ollama_cloud" } else { provider };
        let (dialect, methods) = find(METHODS, provider, &name).copied().unwrap_or(USUAL_METHODS);
        Self { dialect, methods, hides_schema, vision: VisionLimits::of(provider, &name) }
    }
}

impl VisionLimits {
    /// The limits of a model without vision, whatever the user sets.
    pub const NONE: Self =
        Self { is_known: false, max_images: 0, max_image_bytes: 0, max_file_bytes: 0 };

    fn of(provider: &str, name: &str) -> Self {
        let name = name.strip_prefix("ft:").unwrap_or(name);
        let begins = |beginnings: &[&str]| beginnings.iter().any(|it| name.starts_with(it));
        let says = VISION_PARTS.iter().any(|part| name.contains(part));
        let limits = LIMITS.iter().find(|(known, ..)| *known == provider);
        let (images, bytes) = limits.map_or(USUAL, |&(_, images, bytes)| (images, bytes));
        let is_blind = begins(NO_VISION);
        let file_bytes = find(FILES, provider, name).copied().filter(|_| !is_blind);
        Self {
            is_known: !is_blind && (says || begins(VISION_PREFIXES)),
            max_images: images,
            max_image_bytes: bytes,
            max_file_bytes: file_bytes.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
