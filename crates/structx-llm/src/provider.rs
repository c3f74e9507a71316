//! The trait of everything that answers requests, and of the layers around it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use structx_schema::{OutputSchema, SchemaError};

use crate::{LlmError, Request, Response, VisionLimits};

/// A server or an embedded model that answers requests, or a layer around one.
///
/// [`HttpProvider`](crate::http::HttpProvider) is the one for servers; the module
/// [`layers`](crate::layers) and [`RateLimited`](crate::rate_limit::RateLimited) are layers.
pub trait Provider: Send + Sync {
    /// The registry's name of the provider, for errors.
    fn name(&self) -> &str;

    /// The address that requests go to, without secrets. Rate limits apply per address.
    fn address(&self) -> String;

    /// Compiles the JSON Schema of a reply to the dialect of this provider's model; once per step.
    ///
    /// # Errors
    /// [`SchemaError`]: the model can't be asked for this schema.
    fn compile(&self, model: &str, name: &str, schema: &Value)
    -> Result<OutputSchema, SchemaError>;

    /// A key that is equal for all models for which [`compile`](Self::compile) gives the same result.
    fn schema_key(&self, model: &str) -> String {
        format!("{}/{model}", self.name())
    }

    /// Sends one request, without retries unless a layer adds them. Dropping the future aborts the
    /// request.
    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a>;

    /// Whether equal requests get equal responses: a truncated response is then final.
    fn is_deterministic(&self) -> bool {
        false
    }

    /// Whether planning may ask for nested definitions; small models answer better without them.
    fn plans_nested(&self) -> bool {
        true
    }

    /// Whether the model does not see the schema that constrains it, so that the prompt must state
    /// it.
    fn hides_schema(&self, _model: &str) -> bool {
        false
    }

    /// The limits for images and files of a model (by the provider's name for it).
    fn vision_limits(&self, model: &str) -> VisionLimits;
}

/// The future of one response.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<Response, LlmError>> + Send + 'a>>;

/// Defines all methods of [`Provider`] but `complete` as those of another provider.
macro_rules! delegate {
    ($self:ident => $provider:expr) => {
        fn name(&$self) -> &str {
            $provider.name()
        }

        fn address(&$self) -> String {
            $provider.address()
        }

        fn compile(
            &$self,
            model: &str,
            name: &str,
            schema: &::serde_json::Value,
        ) -> Result<::structx_schema::OutputSchema, ::structx_schema::SchemaError> {
            $provider.compile(model, name, schema)
        }

        fn schema_key(&$self, model: &str) -> String {
            $provider.schema_key(model)
        }

        fn is_deterministic(&$self) -> bool {
            $provider.is_deterministic()
        }

        fn plans_nested(&$self) -> bool {
            $provider.plans_nested()
        }

        fn hides_schema(&$self, model: &str) -> bool {
            $provider.hides_schema(model)
        }

        fn vision_limits(&$self, model: &str) -> $crate::VisionLimits {
            $provider.vision_limits(model)
        }
    };
}
pub(crate) use delegate;

impl<P: Provider + ?Sized> Provider for Arc<P> {
    delegate!(self => (**self));

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        (**self).complete(request)
    }
}

impl<P: Provider + ?Sized> Provider for &P {
    delegate!(self => (**self));

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        (**self).complete(request)
    }
}
