//! The trait of everything that answers requests.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;
use structx_schema::{OutputSchema, SchemaError};

use crate::{LlmError, Request, Response, VisionLimits};

/// A model that answers requests: over HTTP ([`transport::HttpProvider`]) or in this process.
pub trait Provider: Send + Sync {
    /// The registry's name of the provider, for errors.
    fn name(&self) -> &str;

    /// Where requests go, without a secret: what is one address has one set of limits.
    fn address(&self) -> String;

    /// Turns the JSON Schema of a reply into what this provider's model accepts; made once per
    /// operation.
    ///
    /// # Errors
    /// [`SchemaError`]: the schema can't be asked of this model.
    fn compile(&self, model: &str, name: &str, schema: &Value)
    -> Result<OutputSchema, SchemaError>;

    /// The same for all models that [`compile`](Self::compile) does the same for.
    fn schema_key(&self, model: &str) -> String {
        format!("{}/{model}", self.name())
    }

    /// Asks once. Dropping the future aborts the request.
    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a>;

    /// Whether the same request always gives the same reply: one that was cut is then final.
    fn is_deterministic(&self) -> bool {
        false
    }

    /// Whether planning may ask for nested definitions; small models answer better without.
    fn plans_nested(&self) -> bool {
        true
    }

    /// Whether the model does not see the schema that it is held to, so that it has to be told.
    fn hides_schema(&self, _model: &str) -> bool {
        false
    }

    /// What the model, by its provider's own name, takes of images.
    fn vision_limits(&self, model: &str) -> VisionLimits;
}

/// The future of one reply.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<Response, LlmError>> + Send + 'a>>;
