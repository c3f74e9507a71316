//! Limits of what a document may cost to read.

use serde::{Deserialize, Serialize};

/// Bounds on one document, so that a hostile or mistaken file can't take the process with it.
///
/// JSON nested deeper than 128 levels is refused by its parser, whatever is set here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the file. 100 MiB.
    pub bytes: u64,
    /// Bytes that a packed file (.docx, .xlsx, .epub, ...) may unpack to. 256 MiB.
    pub unpacked_bytes: u64,
    /// How many times larger than packed a part of more than 1 MiB may be unpacked. 200.
    pub inflate_ratio: u64,
    /// Files within a packed file, parts of an e-mail. 10,000.
    pub entries: usize,
    /// Levels of nesting: elements within elements, e-mails within e-mails. 256.
    pub depth: usize,
    /// Pages of a PDF or an image. 5,000.
    pub pages: usize,
    /// Glyphs drawn by a PDF, visible or not. 20 million.
    pub glyphs: usize,
    /// Characters of the text. 10 million. Those of a table are the characters of all of its rows
    /// ([`Measure`](crate::Measure)); they are bounded where any limit differs from its default, as
    /// `bytes` bounds a file of records and a table from memory is there already.
    pub characters: usize,
    /// Cells of a table, empty ones included, and a few more for each row and column of a text file;
    /// those of a table within a document count three times. 3 million.
    pub cells: usize,
    /// Pixels of an image. 64 million.
    pub pixels: u64,
    /// Seconds of CPU. 8.
    pub seconds: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 100 << 20,
            unpacked_bytes: 256 << 20,
            inflate_ratio: 200,
            entries: 10_000,
            depth: 256,
            pages: 5_000,
            glyphs: 20_000_000,
            characters: 10_000_000,
            cells: 3_000_000,
            pixels: 64_000_000,
            seconds: 8.0,
        }
    }
}
