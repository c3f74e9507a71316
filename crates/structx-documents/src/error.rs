//! The error of reading a source.

/// An error from reading a source. It contains the name and never the text of the source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct FileError {
    pub kind: FileErrorKind,
    /// The path or name as the caller gave it.
    pub name: String,
    /// The problem and what to do about it.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileErrorKind {
    NotFound,
    /// A directory, a device, or a file without read permission.
    Unreadable,
    Empty,
    Unsupported,
    Corrupt,
    PasswordRequired,
    LimitExceeded,
    /// Pages without text, such as scans.
    NoTextLayer,
    /// An option is invalid or does not apply to the file.
    Options,
}

impl FileError {
    #[must_use]
    pub fn new(kind: FileErrorKind, name: &str, message: impl Into<String>) -> Self {
        Self { kind, name: name.to_owned(), message: message.into() }
    }
}
