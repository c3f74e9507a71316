//! The models that are tried in turn for a prompt.

use std::sync::{Arc, OnceLock};

use crate::llm::layers::TimeLimit;
use crate::llm::retry::RetryPolicy;
use crate::llm::{Message, Provider, Request};
use crate::schema::{OutputMode, OutputSchema};

use super::client::Client;

/// The models that are tried in turn, and the bounds of the attempts with them.
pub struct ModelChain {
    pub first: Model,
    pub fallbacks: Vec<Model>,
    pub retry_policy: RetryPolicy,
    pub deadline: Option<TimeLimit>,
    /// The hash of the first model's schema, computed on first use.
    pub schema_hash: OnceLock<String>,
}

/// A model with the schema compiled for it.
pub struct Model {
    pub client: Client,
    /// The client's provider with the layers of the call.
    pub provider: Arc<dyn Provider>,
    pub schema: Arc<OutputSchema>,
}

impl Model {
    pub fn request(&self, messages: &[Message]) -> Request {
        self.client.request(messages.to_vec(), &self.schema)
    }
}

impl ModelChain {
    /// One warning for each model whose provider does not enforce the schema.
    pub fn warnings(&self) -> Vec<String> {
        let models = std::iter::once(&self.first).chain(&self.fallbacks);
        let unenforced = models.filter(|model| !model.schema.is_enforced());
        unenforced
            .map(|Model { client, schema, .. }| {
                let how = match schema.mode {
                    OutputMode::Strict | OutputMode::Schema => "is sent the schema",
                    OutputMode::Tool => "is sent the schema as a tool definition",
                    OutputMode::Json | OutputMode::Prompt => "is given the schema in the prompt",
                };
                format!("{} {how}, but it is not enforced; replies are validated", client.name)
            })
            .collect()
    }
}
