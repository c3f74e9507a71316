//! Why a source could not be read.

/// A source that could not be read. Holds its name and never its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct FileError {
    pub kind: FileErrorKind,
    /// The path or name as the caller gave it.
    pub name: String,
    /// The problem and its remedy.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileErrorKind {
    NotFound,
    /// A directory, a device, no permission: the system does not let it be read as a file.
    Unreadable,
    Empty,
    Unsupported,
    Corrupt,
    PasswordRequired,
    LimitExceeded,
    /// Pages without text, such as scans.
    NoTextLayer,
    /// An option for the table reader is wrong, or has no use for the file.
    Options,
}

impl FileError {
    #[must_use]
    pub fn new(kind: FileErrorKind, name: &str, message: impl Into<String>) -> Self {
        Self { kind, name: name.to_owned(), message: message.into() }
    }
}
