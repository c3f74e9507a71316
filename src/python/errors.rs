//! The core's errors as structx's exceptions, which are defined in Python.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::documents::{ExceededLimit, FileError, FileErrorKind};
use crate::llm::{LlmError, LlmErrorKind};
use crate::run::error::Error;
use crate::run::{RowError, StopReason};

use super::raw::RawUsage;

mod exceptions {
    pyo3::import_exception!(structx.exceptions, BudgetError);
    pyo3::import_exception!(structx.exceptions, ConfigurationError);
    pyo3::import_exception!(structx.exceptions, ContentFilterError);
    pyo3::import_exception!(structx.exceptions, CorruptFileError);
    pyo3::import_exception!(structx.exceptions, DeadlineError);
    pyo3::import_exception!(structx.exceptions, ExtractionError);
    pyo3::import_exception!(structx.exceptions, FileError);
    pyo3::import_exception!(structx.exceptions, JournalError);
    pyo3::import_exception!(structx.exceptions, LimitExceededError);
    pyo3::import_exception!(structx.exceptions, ModelGenerationError);
    pyo3::import_exception!(structx.exceptions, NoTextLayerError);
    pyo3::import_exception!(structx.exceptions, PasswordRequiredError);
    pyo3::import_exception!(structx.exceptions, ProviderError);
    pyo3::import_exception!(structx.exceptions, RefusalError);
    pyo3::import_exception!(structx.exceptions, UnsupportedFileError);
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Config(message) => exceptions::ConfigurationError::new_err(message),
            Error::File(error) => file_error(error),
            Error::Sources(error) => match error.downcast::<PyErr>() {
                Ok(raised) => *raised,
                Err(error) => PyRuntimeError::new_err(error.to_string()),
            },
            Error::Journal(message) => exceptions::JournalError::new_err(message),
            Error::Plan { failure: RowError::Llm { error, .. }, .. } => llm_error(*error),
            Error::Plan { failure: RowError::Stopped(stop), .. } => stop.into(),
            error @ (Error::Schema(_) | Error::Plan { .. }) => {
                exceptions::ModelGenerationError::new_err(error.to_string())
            }
        }
    }
}

/// The error of a file that Python could not read: its message may begin with the name.
pub fn unread(name: &str, message: &str) -> FileError {
    let short = message.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
    FileError::new(FileErrorKind::Unreadable, name, short.unwrap_or(message))
}

pub fn file_error(error: FileError) -> PyErr {
    if let (FileErrorKind::LimitExceeded, Some(limit)) = (error.kind, &error.limit) {
        let ExceededLimit { name, problem, enough } = (**limit).clone();
        let facts = (error.to_string(), error.name, name, problem, enough);
        return exceptions::LimitExceededError::new_err(facts);
    }
    let raise = match error.kind {
        FileErrorKind::Corrupt => exceptions::CorruptFileError::new_err,
        FileErrorKind::LimitExceeded => exceptions::LimitExceededError::new_err,
        FileErrorKind::NoTextLayer => exceptions::NoTextLayerError::new_err,
        FileErrorKind::PasswordRequired => exceptions::PasswordRequiredError::new_err,
        FileErrorKind::Unsupported => exceptions::UnsupportedFileError::new_err,
        FileErrorKind::NotFound
        | FileErrorKind::Unreadable
        | FileErrorKind::Empty
        | FileErrorKind::Options => exceptions::FileError::new_err,
    };
    raise((error.to_string(), error.name))
}

impl From<StopReason> for PyErr {
    fn from(stop: StopReason) -> Self {
        let raise = match stop {
            StopReason::Budget(_) => exceptions::BudgetError::new_err,
            StopReason::Deadline(_) => exceptions::DeadlineError::new_err,
            StopReason::Journal(_) => exceptions::JournalError::new_err,
        };
        raise(stop.to_string())
    }
}

fn llm_error(error: LlmError) -> PyErr {
    let raise = match error.kind {
        LlmErrorKind::Refusal => exceptions::RefusalError::new_err,
        LlmErrorKind::ContentFilter => exceptions::ContentFilterError::new_err,
        _ => exceptions::ProviderError::new_err,
    };
    let (message, kind) = (error.to_string(), error.kind.name());
    raise((message, error.provider, error.status, error.code, error.request_id, kind))
}

/// The exception of a public operation that failed, with the tokens that planning spent. What the
/// caller's own iterator raised is its cause.
pub fn extraction_error(py: Python<'_>, mut error: Error) -> PyErr {
    let message = error.to_string();
    let calls = match &mut error {
        Error::Plan { calls, .. } => std::mem::take(calls),
        _ => Vec::new(),
    };
    let calls: Vec<RawUsage> = calls.into_iter().map(RawUsage::from).collect();
    let raised = exceptions::ExtractionError::new_err((message, py.None(), calls));
    raised.set_cause(py, Some(error.into()));
    raised
}

/// A panic: a defect of structx.
pub fn internal_error(py: Python<'_>, text: String) -> PyErr {
    caused(
        py,
        format!("a defect of structx, please report it: {text}"),
        PyRuntimeError::new_err(text),
    )
}

pub fn closed() -> PyErr {
    exceptions::ExtractionError::new_err("the extractor is closed; make a new one")
}

/// A validator that waits for another extraction would keep its thread from that one's validators.
pub fn within_a_job() -> PyErr {
    exceptions::ExtractionError::new_err(
        "what structx calls, such as a validator, can't wait for an extraction",
    )
}

pub fn no_threads(py: Python<'_>, error: impl Into<PyErr>) -> PyErr {
    let error = error.into();
    caused(py, format!("structx can't start its threads: {}", error.value(py)), error)
}

/// Under trio or curio, or without a running loop.
pub fn not_asyncio(py: Python<'_>, no_loop: PyErr) -> PyErr {
    let message = "structx's awaitables need a running asyncio loop; elsewhere (such as trio) call \
                   the form without _async in a thread";
    caused(py, message.to_owned(), no_loop)
}

fn caused(py: Python<'_>, message: String, cause: PyErr) -> PyErr {
    let raised = exceptions::ExtractionError::new_err(message);
    raised.set_cause(py, Some(cause));
    raised
}
