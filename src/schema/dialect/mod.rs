//! What each provider accepts of a JSON Schema.

pub mod openai;
