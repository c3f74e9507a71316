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
    /// The limit that the source exceeds, of [`FileErrorKind::LimitExceeded`], if raising it may do.
    pub limit: Option<Box<ExceededLimit>>,
}

/// A limit that a source exceeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceededLimit {
    /// Its name in [`Limits`](crate::Limits).
    pub name: String,
    /// What exceeds it.
    pub problem: String,
    /// A value that may do, as a number in JSON.
    pub enough: String,
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
        Self { kind, name: name.to_owned(), message: message.into(), limit: None }
    }
}
