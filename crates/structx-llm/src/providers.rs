//! The wire formats of providers, one file each, and the registry that finds the right one.

pub mod anthropic;
pub mod gemini;
pub mod ollama;
pub mod openai_chat;
pub mod openai_responses;
pub mod registry;
