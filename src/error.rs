//! The one error type of the core; each variant is one class of exception at the Python edge.

use crate::documents::FileError;
use crate::run::Failure;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting or an argument is wrong; nothing was read or sent.
    #[error("{0}")]
    Config(String),
    /// A source could not be read; nothing was sent.
    #[error(transparent)]
    File(#[from] FileError),
    /// A definition, a type expression or a JSON Schema that structx can't use.
    #[error("{0}")]
    Schema(String),
    /// The planning request failed for good, so that no row was asked.
    #[error("planning failed: {0}")]
    Plan(#[source] Failure),
}
