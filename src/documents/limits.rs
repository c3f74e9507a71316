//! What a document may cost to read.

use super::{FileError, FileErrorKind};

/// Bounds on one document, so that a hostile or mistaken file can't take the process with it.
///
/// JSON nested deeper than 128 levels is refused by its parser, whatever is set here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file. 100 MiB.
    pub bytes: u64,
    /// Bytes that a packed file (.docx) may unpack to. 512 MiB.
    pub unpacked_bytes: u64,
    /// Pages of a PDF. 5,000.
    pub pages: usize,
    /// Glyphs drawn by a PDF, visible or not. 20 million.
    pub glyphs: usize,
    /// Characters of the text. 20 million.
    pub characters: usize,
    /// Cells of a table, empty ones included. 10 million.
    pub cells: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 100 << 20,
            unpacked_bytes: 512 << 20,
            pages: 5_000,
            glyphs: 20_000_000,
            characters: 20_000_000,
            cells: 10_000_000,
        }
    }
}

impl Limits {
    pub(super) fn check_bytes(&self, name: &str, bytes: u64) -> Result<(), FileError> {
        check(name, "bytes", bytes, self.bytes)
    }

    pub(super) fn check_pages(&self, name: &str, pages: usize) -> Result<(), FileError> {
        check(name, "pages", pages as u64, self.pages as u64)
    }

    pub(super) fn check_glyphs(&self, name: &str, glyphs: usize) -> Result<(), FileError> {
        check(name, "glyphs", glyphs as u64, self.glyphs as u64)
    }

    pub(super) fn check_characters(&self, name: &str, text: &str) -> Result<(), FileError> {
        // A text has no more characters than bytes: the usual one is not counted.
        if text.len() <= self.characters {
            return Ok(());
        }
        check(name, "characters", text.chars().count() as u64, self.characters as u64)
    }

    pub(super) fn check_cells(&self, name: &str, cells: usize) -> Result<(), FileError> {
        check(name, "cells", cells as u64, self.cells as u64)
    }
}

fn check(name: &str, unit: &str, found: u64, limit: u64) -> Result<(), FileError> {
    if found <= limit {
        return Ok(());
    }
    let message = format!("more than {limit} {unit}; split the file, or raise the limit `{unit}`");
    Err(FileError::new(FileErrorKind::LimitExceeded, name, message))
}
