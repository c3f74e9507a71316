//! A model, its provider, and the options of its requests.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::llm::price::Price;
use crate::llm::rate_limit::RateLimiter;
use crate::llm::{LlmError, LlmErrorKind, Message, Part, Provider, Request, VisionLimits};
use crate::planning::prompts;
use crate::schema::OutputSchema;

use super::error::Result;

/// A model that requests can be sent to.
#[derive(Clone)]
pub struct Client {
    /// Without layers: a call adds its own.
    pub provider: Arc<dyn Provider>,
    pub limiter: Arc<RateLimiter>,
    /// The provider's name of the model.
    pub model: Arc<str>,
    /// The caller's name of the model, such as `openai/gpt-4o`.
    pub name: Arc<str>,
    /// Sent unchanged with every request.
    pub options: Arc<Map<String, Value>>,
    /// `None` if unknown.
    pub price: Option<Price>,
}

impl Client {
    /// Makes a request of `messages`. The schema is added to the prompt if the model would not see
    /// it otherwise.
    #[must_use]
    pub fn request(&self, mut messages: Vec<Message>, schema: &Arc<OutputSchema>) -> Request {
        if self.states_schema(schema) {
            prompts::state_schema(&mut messages, schema.compiled.text());
        }
        Request {
            model: self.model.clone(),
            messages,
            schema: Some(schema.clone()),
            options: self.options.clone(),
        }
    }

    /// Whether the prompt must state the schema.
    #[must_use]
    pub fn states_schema(&self, schema: &OutputSchema) -> bool {
        schema.mode.is_told() || self.provider.hides_schema(&self.model)
    }

    /// Compiles a JSON Schema for this model.
    ///
    /// # Errors
    /// [`Error::Schema`](crate::Error::Schema): the schema can't be compiled for the model.
    pub fn compile(&self, name: &str, schema: &Value) -> Result<Arc<OutputSchema>> {
        Ok(Arc::new(self.provider.compile(&self.model, name, schema)?))
    }

    /// A key that is equal for all models for which [`compile`](Self::compile) gives the same
    /// result.
    #[must_use]
    pub fn schema_key(&self) -> String {
        self.provider.schema_key(&self.model)
    }

    #[must_use]
    pub fn vision_limits(&self) -> VisionLimits {
        self.provider.vision_limits(&self.model)
    }

    /// Whether the model is known to accept the images and files in the messages.
    #[must_use]
    pub fn takes(&self, messages: &[Message]) -> bool {
        let vision_limits = self.vision_limits();
        let (mut images, mut bytes) = (0, 0);
        for part in messages.iter().flat_map(|message| &message.parts) {
            match part {
                Part::Image(image) => {
                    images += 1;
                    bytes += image.data.len();
                }
                Part::File(file) if file.data.len() > vision_limits.max_file_bytes => return false,
                Part::File(_) | Part::Text(_) | Part::Document(_) => {}
            }
        }
        images == 0
            || vision_limits.is_known
                && images <= vision_limits.max_images
                && bytes <= vision_limits.max_image_bytes
    }

    #[must_use]
    pub fn error(&self, kind: LlmErrorKind, message: impl Into<String>) -> LlmError {
        LlmError::new(kind, self.provider.name(), message)
    }
}
