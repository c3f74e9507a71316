//! The one error type of the core; each variant is one class of exception at the Python edge.

use crate::documents::FileError;
use crate::llm::LlmError;

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
    /// A request that failed for good.
    #[error(transparent)]
    Llm(#[from] LlmError),
}
