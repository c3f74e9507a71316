//! What a caller hands over as data.

use std::path::PathBuf;

use pyo3::FromPyObject;
use pyo3::pybacked::PyBackedBytes;
use serde_json::{Map, Value};

use crate::documents::{self, Content, Document, FileError, FileErrorKind, Limits, Origin};
use crate::json;
use crate::table::Table;

/// `str`, `bytes` or `os.PathLike`, as `structx.inputs` prepares them.
#[derive(FromPyObject)]
pub enum Input {
    /// A text, or a path by the documented rule.
    Text(String),
    /// A JSON array of objects.
    Records(PyBackedBytes),
    Path(PathBuf),
}

impl Input {
    pub fn read(self) -> Result<Content, FileError> {
        match self {
            Self::Text(text) => match documents::resolve(&text)? {
                Origin::Path(path) => documents::read_path(&path, &Limits::default()),
                Origin::Text => Document::from_text(text).map(Content::Document),
            },
            Self::Path(path) => documents::read_path(&path, &Limits::default()),
            Self::Records(records) => {
                let invalid = |message: String| {
                    FileError::new(FileErrorKind::Unsupported, "records", message)
                };
                let records: Vec<Map<String, Value>> = json::parse(&records)
                    .map_err(|error| invalid(format!("not a list of dicts: {error}")))?;
                Table::from_records(records).map(Content::Table)
            }
        }
    }
}
