//! Limits on the cost of reading a document.

use serde::{Deserialize, Serialize};

use super::Format;

/// Limits on one document, so that a hostile file can't exhaust memory or time.
///
/// The JSON parser refuses more than 128 levels of nesting whatever the limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the file; of a CSV or TSV file three times as many. 100 MiB.
    pub bytes: u64,
    /// Unpacked bytes of a compressed file (.docx, .xlsx, .epub, ...). 256 MiB.
    pub unpacked_bytes: u64,
    /// The largest ratio of unpacked to compressed size for parts of more than 1 MiB. 200.
    pub inflate_ratio: u64,
    /// Files in an archive, parts of an e-mail. 10,000.
    pub entries: usize,
    /// Levels of nesting: elements within elements, e-mails within e-mails. 256.
    pub depth: usize,
    /// Pages of a PDF or an image. 5,000.
    pub pages: usize,
    /// Glyphs drawn by a PDF, visible or not. 20 million.
    pub glyphs: usize,
    /// Characters of the text, for a table of all rows ([`Measure`](crate::Measure)). 10 million. A
    /// table is only checked if this limit differs from its default: `bytes` bounds a file of records,
    /// and other tables are in memory already.
    pub characters: usize,
    /// Cells of a table, empty ones included. Ten cells of a CSV or TSV file count as one, and there a
    /// row counts as a cell more. Cells of a table within a document count three times. 3.2 million.
    pub cells: usize,
    /// Pixels of an image. 64 million.
    pub pixels: u64,
    /// CPU seconds, without those of text recognition. 8.
    pub seconds: f64,
    /// Pages whose text is recognised (OCR); further ones stay unread. 200.
    pub ocr_pages: usize,
    /// Seconds of text recognition for one page. 60.
    pub ocr_seconds: f64,
}

/// How often the bytes of a text file of records may exceed the limit of other files, which are
/// unpacked or parsed into many times their size: chosen by hand, not measured.
const TEXT_BYTES: u64 = 3;

impl Limits {
    /// The most bytes of a file of this name.
    #[must_use]
    pub fn most_bytes(&self, name: &str) -> u64 {
        self.bytes.saturating_mul(bytes_weight(name))
    }
}

/// How many bytes of a file of this name count as one.
pub(super) fn bytes_weight(name: &str) -> u64 {
    match Format::from_name(name) {
        Some(Format::Csv | Format::Tsv) => TEXT_BYTES,
        _ => 1,
    }
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
            cells: 3_200_000,
            pixels: 64_000_000,
            seconds: 8.0,
            ocr_pages: 200,
            ocr_seconds: 60.0,
        }
    }
}
