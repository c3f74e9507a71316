//! The core's errors as structx's exceptions, which are defined in Python.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::documents::FileError;
use crate::error::Error;
use crate::llm::LlmError;
use crate::run::Failure;

mod exceptions {
    pyo3::import_exception!(structx.exceptions, ConfigurationError);
    pyo3::import_exception!(structx.exceptions, ExtractionError);
    pyo3::import_exception!(structx.exceptions, FileError);
    pyo3::import_exception!(structx.exceptions, ModelGenerationError);
    pyo3::import_exception!(structx.exceptions, ProviderError);
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Config(message) => exceptions::ConfigurationError::new_err(message),
            Error::File(error) => error.into(),
            Error::Plan(Failure::Llm { error, .. }) => error.into(),
            error @ (Error::Schema(_) | Error::Plan(_)) => {
                exceptions::ModelGenerationError::new_err(error.to_string())
            }
        }
    }
}

impl From<FileError> for PyErr {
    fn from(error: FileError) -> Self {
        exceptions::FileError::new_err((error.to_string(), error.name))
    }
}

impl From<LlmError> for PyErr {
    fn from(error: LlmError) -> Self {
        let message = error.to_string();
        exceptions::ProviderError::new_err((
            message,
            error.provider,
            error.status,
            error.code,
            error.request_id,
        ))
    }
}

/// The end of a public operation: its result, or an `ExtractionError` with the cause.
///
/// The exception is made where Python takes it over, never on a thread of the runtime.
pub struct Finished<T>(pub Result<T, Error>);

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Finished<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0 {
            Ok(result) => result.into_bound_py_any(py),
            Err(error) => {
                let raised = exceptions::ExtractionError::new_err(error.to_string());
                raised.set_cause(py, Some(error.into()));
                Err(raised)
            }
        }
    }
}
