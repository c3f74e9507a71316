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

/// A text in reading order, in which every character can be traced to its page and block.
///
/// Ranges are in bytes of `text`, always on character boundaries; the public offsets of structx are
/// Unicode code points, and [`CodePoints`](crate::CodePoints) is the one converter.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Document {
    /// The file's name, or `text` for a raw text.
    pub name: String,
    /// `None` for a raw text.
    pub format: Option<Format>,
    pub text: String,
    pub pages: Vec<Page>,
    /// In the order of the text, not overlapping except that cells lie within their table.
    pub blocks: Vec<Block>,
    /// The words whose place on a page is known, in the order of the text, not overlapping.
    pub words: Vec<Word>,
    pub attachments: Vec<Attachment>,
    pub warnings: Vec<String>,
    /// The file itself, kept where it or its pages can be shown to a model.
    #[serde(skip)]
    pub original: Option<Arc<[u8]>>,
    /// The options it was read with; its pages are rendered with the same.
    pub options: Arc<ReadOptions>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// 1 for the first.
    pub number: u32,
    pub range: Range<usize>,
    /// Width and height in points (1/72 inch) as it is shown; in pixels for an image. `None` where
    /// the format does not say.
    pub size: Option<(f32, f32)>,
    /// The page has no usable text; only a model that sees can read it.
    pub needs_vision: bool,
}

/// A word, and its box on the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub range: Range<usize>,
    pub page: u32,
    pub bounds: Bounds,
}

/// A file that came with a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// As the document calls it; empty where it does not.
    pub name: String,
    /// Such as `application/pdf`.
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
    /// Zero-based; row 0 is the header, where there is one.
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
