//! Configuration: files as JSON text, and the options that providers are known to take.

use pyo3::prelude::*;

use crate::Result;
use crate::llm::providers::registry;

#[pyfunction]
pub fn read_yaml(name: &str, text: &str) -> PyResult<String> {
    Ok(crate::config::read_yaml(name, text)?.to_string())
}

/// The names of options that the provider of a model is known to take; raises `ConfigurationError`.
#[pyfunction]
pub fn known_options(model: &str, has_base: bool) -> Result<Vec<&'static str>> {
    Ok(registry::known_options(model, has_base)?)
}
