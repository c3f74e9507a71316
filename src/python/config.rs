//! `_core.read_yaml`: configuration files, as JSON text.

use pyo3::prelude::*;

#[pyfunction]
pub fn read_yaml(name: &str, text: &str) -> PyResult<String> {
    Ok(crate::config::read_yaml(name, text)?.to_string())
}
