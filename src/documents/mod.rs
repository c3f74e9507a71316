//! Sources of any kind, read into a [`Document`] or a [`Table`](crate::table::Table).

pub mod docx;
pub mod error;
pub mod format;
pub mod limits;
pub mod pdf;
pub mod text;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use error::{FileError, FileErrorKind};

/// A text in reading order, in which every character can be traced to its page and block.
///
/// Ranges are in bytes of `text`, always on character boundaries; the public offsets of structx are
/// Unicode code points, and [`Document::code_points`] is the one converter.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Document {
    /// The file's name, or `text` for a raw text.
    pub name: String,
    pub text: String,
    pub pages: Vec<Page>,
    /// In the order of the text, not overlapping except that cells lie within their table.
    pub blocks: Vec<Block>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// 1 for the first.
    pub number: u32,
    pub range: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    pub kind: BlockKind,
    pub range: Range<usize>,
    /// The number of its page; `None` where the format has no pages.
    pub page: Option<u32>,
    /// Where it stands on the page; `None` where the format does not say.
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
