//! structx: any document and a question in plain words into typed, validated data.
//!
//! ```text
//! source -> Document -> Row -> Plan -> Request -> Reply -> Value -> validated item -> RowOutcome
//! documents/            table   plan    llm/               reply/   (Validate)        run/
//! ```
//!
//! The crate is the core; `python` is the only module that knows Python, and it is compiled only
//! with the feature of that name. `embedded` (feature `local`) is one more [`llm::Provider`].

pub mod canonical;
pub mod config;
pub mod documents;
#[cfg(feature = "local")]
pub mod embedded;
pub mod error;
pub mod json;
pub mod llm;
pub mod plan;
pub mod prompt;
pub mod refinement;
pub mod reply;
pub mod run;
pub mod schema;
pub mod sqlite;
pub mod table;
pub mod tokens;

#[cfg(feature = "python")]
mod python;

pub use error::{Error, Result};
