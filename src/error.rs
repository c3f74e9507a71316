//! The errors of all layers in one type; each variant is one class of exception at the Python edge.

use crate::documents::FileError;
use crate::llm::Usage;
use crate::llm::setup::ConfigError;
use crate::run::RowError;
use crate::schema::SchemaError;

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
    /// The journal can't be opened, read or written; no row was asked.
    #[error("{0}")]
    Journal(String),
    /// The planning request failed for good, so that no row was asked.
    #[error("planning failed: {failure}")]
    Plan {
        #[source]
        failure: RowError,
        /// One entry for each request: what was spent all the same.
        calls: Vec<Usage>,
    },
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.0)
    }
}

impl From<SchemaError> for Error {
    fn from(error: SchemaError) -> Self {
        Self::Schema(error.0)
    }
}
