//! structx: typed, validated data from any document with a query in plain words.
//!
//! ```text
//! source -> Document -> Row -> Plan -> Request -> Reply -> Value -> validated item -> RowOutcome
//! documents/            table   plan    llm/               reply/   (Validate)        run/
//! ```
//!
//! The crate is the core; `python` is the only module that knows Python, and it is compiled only
//! with the feature of that name. `embedded` (feature `local`) is one more [`llm::Provider`].

pub mod config;
pub mod item_schema;
pub mod planning;
pub mod run;

#[cfg(feature = "python")]
mod python;

pub use run::error::{Error, Result};
pub use structx_documents as documents;
#[cfg(feature = "local")]
pub use structx_embedded as embedded;
pub use structx_evidence as evidence;
pub use structx_llm as llm;
#[cfg(feature = "ocr")]
pub use structx_ocr as ocr;
pub use structx_reply as reply;
pub use structx_schema as schema;
