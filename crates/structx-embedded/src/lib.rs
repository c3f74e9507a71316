//! The embedded model: a small instruct model in this process whose replies always match the schema.
//!
#![doc = include_str!("../README.md")]

mod bounds;
mod chat;
mod compute;
mod copied_text;
mod cursor;
mod decoding;
mod engine;
mod grammar;
mod guide;
mod labels;
mod layout;
mod literals;
mod passages;
mod qwen2;
mod verbatim;
mod vocabulary;
mod worker;

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;

use structx_llm::ConfigError;
use structx_llm::{LlmError, Provider, Request, ResponseFuture, VisionLimits};
use structx_schema::OutputSchema;
use structx_schema::SchemaError;
use worker::Worker;

/// The provider's name in errors.
const PROVIDER: &str = "local";

/// Options of the embedded model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalOptions {
    /// The maximum number of tokens of a prompt and its answer together, up to the model's training
    /// context. Default: 8192 or the training context, whichever is less.
    pub context: Option<usize>,
    /// The maximum number of tokens of an answer.
    pub max_tokens: usize,
    /// The number of compute threads. Default: one for each core that is available to the process.
    pub threads: Option<usize>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { context: None, max_tokens: 1024, threads: None }
    }
}

/// A provider that runs a GGUF file. The first request loads the weights.
#[derive(Debug)]
pub struct LocalProvider {
    worker: Worker,
}

impl LocalProvider {
    /// A provider for the weights at `path`.
    ///
    /// ```no_run
    /// use structx_embedded::{LocalOptions, LocalProvider};
    ///
    /// let provider = LocalProvider::open("model.gguf".into(), LocalOptions::default())?;
    /// # Ok::<(), structx_llm::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`]: there is no such file.
    pub fn open(path: PathBuf, options: LocalOptions) -> Result<Self, ConfigError> {
        if !path.is_file() {
            return Err(ConfigError(format!("there is no model file {}", path.display())));
        }
        Ok(Self { worker: Worker::new(path, options) })
    }
}

impl Provider for LocalProvider {
    fn name(&self) -> &'static str {
        PROVIDER
    }

    fn address(&self) -> String {
        self.worker.describe()
    }

    fn compile(
        &self,
        _model: &str,
        name: &str,
        schema: &Value,
    ) -> Result<OutputSchema, SchemaError> {
        grammar::compile(name, schema)
    }

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.worker.send(request.clone(), reply)?;
            let ended = |_| engine::failed("the engine ended before it answered".to_owned());
            answer.await.map_err(ended).and_then(|answer: Result<_, LlmError>| answer)
        })
    }

    fn is_deterministic(&self) -> bool {
        true
    }

    fn plans_nested(&self) -> bool {
        false
    }

    fn vision_limits(&self, _: &str) -> VisionLimits {
        VisionLimits::NONE
    }
}
