//! The data model: a source is read into [`Content`], a [`Document`] or a [`Table`].

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::table::Table;
use crate::{Format, ReadOptions};

/// The content of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    Document(Document),
    Table(Table),
}

/// A text in reading order. Each character can be traced to its page and block.
///
/// Ranges are in bytes of `text`, on character boundaries. The public offsets of structx are Unicode
/// code points; [`CodePoints`](crate::CodePoints) converts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Document {
    /// The file's name, or `text` for a raw text.
    pub name: String,
    /// `None` for a raw text.
    pub format: Option<Format>,
    pub text: String,
    pub pages: Vec<Page>,
    /// In the order of the text. Blocks don't overlap, except that cells lie within their table.
    pub blocks: Vec<Block>,
    /// The words with a known box, in the order of the text, not overlapping.
    pub words: Vec<Word>,
    /// The cells of a workbook, in the order of the text, not overlapping.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<SheetCell>,
    pub attachments: Vec<Attachment>,
    pub warnings: Vec<String>,
    /// The file itself, kept if it or its pages can be shown to a model.
    #[serde(skip)]
    pub original: Option<Arc<[u8]>>,
    /// The options that it was read with; they also apply when its pages are rendered.
    pub options: Arc<ReadOptions>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// 1 for the first.
    pub number: u32,
    /// The name of a sheet; `None` for other pages.
    #[serde(default)]
    pub name: Option<String>,
    pub range: Range<usize>,
    /// Width and height as displayed, in points (1/72 inch), for an image in pixels. `None` if the
    /// format has no sizes.
    pub size: Option<(f32, f32)>,
    /// The page has no usable text and none was recognised; only a vision model can read it.
    pub needs_vision: bool,
    /// What became of its text recognition; `None` if it was not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recognition: Option<Recognition>,
}

/// What became of the text recognition (OCR) of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recognition {
    /// All its text was recognised, or it has none.
    Done,
    /// It was stopped, or a limit of the document was reached before.
    Skipped,
    /// The engine can't run, such as without its weights.
    Unavailable,
    /// It failed, took too long for all or some lines, or found no word that is clear.
    Failed,
}

/// A word and its box on the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub range: Range<usize>,
    pub page: u32,
    pub bounds: Bounds,
    /// How sure text recognition is of it, from 0 to 1; `None` for text of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
}

/// How the text of a page was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The file has it.
    Native,
    /// It was recognised (OCR), or a part of it was.
    Ocr,
    /// There is none.
    None,
}

/// A cell of a workbook, or its comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetCell {
    pub range: Range<usize>,
    /// The number of the page that is its sheet.
    pub page: u32,
    /// From 0, as all columns and rows are.
    pub row: u32,
    pub column: u32,
}

/// A file that came with a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The name that the document gives it; empty if none.
    pub name: String,
    /// The MIME type, such as `application/pdf`.
    pub media_type: String,
    #[serde(with = "crate::base64_text")]
    pub bytes: Arc<[u8]>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    pub kind: BlockKind,
    pub range: Range<usize>,
    /// The number of its page; `None` where the format has no pages.
    pub page: Option<u32>,
    /// Its box on the page; `None` if the format has none.
    pub bounds: Option<Bounds>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum BlockKind {
    /// 1 for the outermost level.
    Heading {
        level: u8,
    },
    Paragraph,
    ListItem,
    /// A footnote, an endnote or a comment.
    Note,
    /// A header or footer: text repeated in the margin of the pages.
    #[serde(rename = "margin")]
    HeaderFooter,
    Table,
    /// The rest of the last table, from the next page. Its rows are numbered on, and a header that is
    /// repeated is left out.
    ContinuedTable,
    /// Zero-based; row 0 is the header if there is one.
    Cell {
        row: u32,
        column: u32,
    },
}

/// A rectangle in points (1/72 inch) from the top left corner of the page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl Document {
    /// How the text of a page was found.
    #[must_use]
    pub fn method(&self, page: &Page) -> Method {
        let words = self.words_in(&page.range);
        if words.iter().any(|word| word.score.is_some()) {
            Method::Ocr
        } else if self.text.get(page.range.clone()).is_none_or(|text| text.trim().is_empty()) {
            Method::None
        } else {
            Method::Native
        }
    }
}
