//! Portable definitions, as JSON in and out.

use pyo3::prelude::*;

use crate::run::error::{Error, Result};
use crate::schema::capabilities::capabilities;
use crate::schema::definition::ExtractionRequest;

/// The normal form of a definition, with the tree of each type; raises `ModelGenerationError`.
#[pyfunction]
pub fn normalise(definition: &str) -> Result<String> {
    let problem = |error: serde_json::Error| Error::Schema(format!("the definition: {error}"));
    let given: ExtractionRequest = serde_json::from_str(definition).map_err(problem)?;
    serde_json::to_string(&given.normalise()?).map_err(problem)
}

/// The catalogue of types.
#[pyfunction]
pub fn type_capabilities() -> Result<String> {
    serde_json::to_string(&capabilities()).map_err(|e| Error::Schema(e.to_string()))
}
