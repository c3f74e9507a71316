//! `structx.AttemptError`: why one request for a row gave no result.

use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::run::{self, RowError};

/// The attributes of an [`AttemptError`], in the order of its constructor.
const ERROR_NAMES: [&str; 6] = ["model", "kind", "message", "status", "code", "request_id"];

/// Why one request for a row gave no result.
///
/// Examples:
///     >>> refused = extractor.extract(data="key refused", query=query, model=Invoice)
///     >>> [(error.kind, error.status) for error in refused.rows[0].errors]
///     [('authentication', 401)]
#[pyclass(frozen, eq, hash, get_all, skip_from_py_object, module = "structx.results")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AttemptError {
    model: String,
    kind: String,
    message: String,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
}

#[pymethods]
impl AttemptError {
    #[classattr]
    fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        PyTuple::new(py, ERROR_NAMES)
    }

    #[new]
    #[pyo3(signature = (model, kind, message, status=None, code=None, request_id=None))]
    fn new(
        model: String,
        kind: String,
        message: String,
        status: Option<u16>,
        code: Option<String>,
        request_id: Option<String>,
    ) -> Self {
        Self { model, kind, message, status, code, request_id }
    }

    fn __str__(&self) -> &str {
        &self.message
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let field = |name: &str| Ok(format!("{name}={}", slf.getattr(name)?.repr()?));
        let fields = ERROR_NAMES.into_iter().map(field).collect::<PyResult<Vec<_>>>()?;
        Ok(format!("AttemptError({})", fields.join(", ")))
    }

    #[expect(clippy::type_complexity, reason = "the arguments of the constructor")]
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> (Bound<'py, PyType>, (String, String, String, Option<u16>, Option<String>, Option<String>))
    {
        let Self { model, kind, message, status, code, request_id } = slf.get().clone();
        (slf.get_type(), (model, kind, message, status, code, request_id))
    }
}

impl From<run::AttemptError> for AttemptError {
    fn from(run::AttemptError { model, failure }: run::AttemptError) -> Self {
        let (kind, message) = (failure.kind().to_owned(), failure.to_string());
        let (status, code, request_id) = match failure {
            RowError::Llm { error, .. } => (error.status, error.code, error.request_id),
            RowError::Invalid { .. }
            | RowError::Validator(_)
            | RowError::Unread(_)
            | RowError::Stopped(_) => (None, None, None),
        };
        Self { model: model.to_string(), kind, message, status, code, request_id }
    }
}
