//! Capabilities of models of every provider.

use super::{Capabilities, Dialect, Method};

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
        assert_eq!(Capabilities::of(provider, model).vision.is_known, sees, "{provider} {model}");
    }
}

#[test]
fn a_provider_may_take_fewer() {
    assert_eq!(Capabilities::of("groq", "llama-4").vision.max_images, 5);
    assert_eq!(Capabilities::of("xai", "grok-4").vision.max_images, 20);
}

#[test]
fn files_are_for_models_that_read_them() {
    for (provider, model, bytes) in [
        ("openai", "gpt-5-mini", 49_000_000),
        ("openai", "gpt-4", 0),
        ("openai", "o3-mini", 0),
        ("anthropic", "claude-sonnet-4-5", 31_000_000),
        ("anthropic", "claude-3-haiku-20240307", 0),
        ("gemini", "models/gemini-2.5-flash", 19_000_000),
        ("gemini", "gemma-3-27b-it", 0),
        ("openrouter", "deepseek/deepseek-chat", 19_000_000),
        ("mistral", "mistral-small-latest", 0),
        ("custom", "gpt-4o", 0),
    ] {
        assert_eq!(
            Capabilities::of(provider, model).vision.max_file_bytes,
            bytes,
            "{provider} {model}"
        );
    }
}

#[test]
fn the_best_way_of_asking_comes_first() {
    for (provider, model, dialect, method) in [
        ("openai", "gpt-4o", Dialect::OpenAi, Method::Strict),
        ("openai", "gpt-4.1-nano", Dialect::OpenAi, Method::Strict),
        ("openai", "gpt-4o-2024-05-13", Dialect::OpenAi, Method::Tool),
        ("openai", "gpt-4", Dialect::OpenAi, Method::Tool),
        ("openai", "gpt-4-turbo", Dialect::OpenAi, Method::Tool),
        ("anthropic", "claude-sonnet-4-5-20250929", Dialect::Anthropic, Method::Strict),
        ("anthropic", "claude-opus-6", Dialect::Anthropic, Method::Strict),
        ("anthropic", "claude-sonnet-4-20250514", Dialect::Anthropic, Method::Tool),
        ("anthropic", "claude-3-haiku-20240307", Dialect::Anthropic, Method::Tool),
        ("gemini", "gemini-2.5-flash", Dialect::Gemini, Method::Strict),
        ("gemini", "gemini-1.5-pro", Dialect::GeminiOpenApi, Method::Strict),
        ("gemini", "gemma-3-27b-it", Dialect::Gemini, Method::Prompt),
        ("groq", "openai/gpt-oss-20b", Dialect::OpenAi, Method::Strict),
        ("groq", "moonshotai/kimi-k2-instruct", Dialect::OpenAi, Method::Schema),
        ("groq", "llama-3.3-70b-versatile", Dialect::OpenAi, Method::Json),
        ("openrouter", "openai/gpt-4o", Dialect::OpenAi, Method::Strict),
        ("openrouter", "qwen/qwen3-8b", Dialect::OpenAi, Method::Schema),
        ("deepseek", "deepseek-chat", Dialect::OpenAi, Method::Json),
        ("ollama", "qwen3:8b", Dialect::Ollama, Method::Strict),
        ("ollama", "gpt-oss:120b-cloud", Dialect::Ollama, Method::Schema),
        ("ollama_cloud", "gpt-oss:120b", Dialect::Ollama, Method::Schema),
        ("custom", "mystery", Dialect::OpenAi, Method::Strict),
    ] {
        let capabilities = Capabilities::of(provider, model);
        let found = (capabilities.dialect, capabilities.methods[0]);
        assert_eq!(found, (dialect, method), "{provider} {model}");
    }
}

#[test]
fn servers_that_only_hold_to_a_schema_are_known() {
    for (provider, model, hides) in [
        ("ollama", "llama3.2", true),
        ("ollama", "gpt-oss:120b-cloud", true),
        ("hosted_vllm", "Qwen/Qwen3-8B", true),
        ("custom", "mystery", true),
        ("openai", "gpt-4o", false),
        ("anthropic", "claude-sonnet-4-5", false),
        ("gemini", "gemini-2.5-flash", false),
    ] {
        assert_eq!(Capabilities::of(provider, model).hides_schema, hides, "{provider} {model}");
    }
}
