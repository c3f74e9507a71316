//! Requests to language models and their responses, whatever the provider.
//!
#![doc = include_str!("../README.md")]

pub mod capabilities;
pub mod cpu;
pub mod error;
pub mod http;
pub mod layers;
mod message;
pub mod price;
mod provider;
pub mod providers;
pub mod rate_limit;
mod response;
pub mod retry;
mod scripted;
pub mod tokens;

pub use capabilities::{Capabilities, VisionLimits};
pub use error::{ConfigError, LlmError, LlmErrorKind};
pub use message::{File, Image, MergedPart, Message, Part, Request, Role, document_frame};
pub use provider::{Provider, ResponseFuture};
pub use response::{Candidate, FinishReason, Response, Usage};
pub use scripted::Scripted;
