//! .

use super::{Document, FileError, FileErrorKind, Limits};

pub(super) fn read(name: &str, _bytes: Vec<u8>, _limits: &Limits) -> Result<Document, FileError> {
    Err(FileError::new(FileErrorKind::Unsupported, name, "is not read yet"))
}
