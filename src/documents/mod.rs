//! Sources of any kind, read into a [`Document`] or a [`Table`].

mod builder;
mod delimited;
pub mod docx;
pub mod error;
pub mod format;
mod json;
pub mod limits;
mod offsets;
pub mod pdf;
mod pdf_layout;
mod source;
mod table_options;
pub mod text;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::table::Table;

pub use error::{FileError, FileErrorKind};
pub use format::Format;
pub use limits::Limits;
pub use offsets::CodePoints;
pub use source::{Origin, resolve};
pub use table_options::TableOptions;

/// What a source holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Document(Document),
    Table(Table),
}

/// A text in reading order, in which every character can be traced to its page and block.
///
/// Ranges are in bytes of `text`, always on character boundaries; the public offsets of structx are
/// Unicode code points, and [`Document::code_points`] is the one converter.
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

impl Document {
    /// A document of a text that comes from no file.
    ///
    /// # Errors
    /// The text is blank.
    pub fn from_text(text: impl Into<String>) -> Result<Self, FileError> {
        text::document("text", text::normalise_newlines(text.into()), text::Markup::Plain)
    }

    /// The range of bytes as a range of Unicode code points. Counts from the start of the text: for
    /// many ranges of one document, [`Document::offsets`] is made once and asked often.
    #[must_use]
    pub fn code_points(&self, range: Range<usize>) -> Range<usize> {
        let count =
            |bytes: usize| self.text[..self.text.floor_char_boundary(bytes)].chars().count();
        count(range.start)..count(range.end)
    }

    #[must_use]
    pub fn offsets(&self) -> CodePoints<'_> {
        CodePoints::new(&self.text)
    }

    /// The blocks that share at least one byte with the range.
    pub fn locate(&self, range: Range<usize>) -> impl Iterator<Item = &Block> {
        self.blocks
            .iter()
            .filter(move |block| block.range.start < range.end && range.start < block.range.end)
    }
}

/// The content of the file at `path`.
///
/// # Errors
/// The file can't be read, is empty, is not of a supported format, or has no use for an option.
pub fn read_path(
    path: &Path,
    options: &TableOptions,
    limits: &Limits,
) -> Result<Content, FileError> {
    let name = path.display().to_string();
    let bytes = source::read_file(path, &name, limits)?;
    read_bytes(&name, bytes, options, limits)
}

/// The content of a file given as bytes; `name` says where they come from, and its extension which
/// format they have where the bytes themselves don't.
///
/// # Errors
/// The bytes are empty, too many, broken, not of a supported format, or have no use for an option.
pub fn read_bytes(
    name: &str,
    bytes: Vec<u8>,
    options: &TableOptions,
    limits: &Limits,
) -> Result<Content, FileError> {
    limits.check_bytes(name, bytes.len() as u64)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(FileError::new(FileErrorKind::Empty, name, "the file is empty"));
    }
    let (format, warning) = format::detect(name, &bytes)?;
    let mut content = catch_unwind(AssertUnwindSafe(|| read(format, name, bytes, options, limits)))
        .unwrap_or_else(|_| {
            let message = "the file is damaged: its reader gave up; save it again and retry";
            Err(FileError::new(FileErrorKind::Corrupt, name, message))
        })?;
    let warnings = match &mut content {
        Content::Document(document) => {
            limits.check_characters(name, &document.text)?;
            source::file_name(name).clone_into(&mut document.name);
            document.format = Some(format);
            &mut document.warnings
        }
        Content::Table(table) => &mut table.warnings,
    };
    warnings.splice(0..0, warning);
    Ok(content)
}

fn read(
    format: Format,
    name: &str,
    bytes: Vec<u8>,
    options: &TableOptions,
    limits: &Limits,
) -> Result<Content, FileError> {
    options.allow(name, format.options())?;
    match format {
        Format::Text => text::read(name, &bytes, text::Markup::Plain).map(Content::Document),
        Format::Markdown => text::read(name, &bytes, text::Markup::Markdown).map(Content::Document),
        Format::Csv => delimited::read(name, &bytes, None, options, limits).map(Content::Table),
        Format::Tsv => {
            delimited::read(name, &bytes, Some(b'\t'), options, limits).map(Content::Table)
        }
        Format::Json => json::read(name, &bytes, options, limits),
        Format::JsonLines => json::read_lines(name, &bytes, options, limits).map(Content::Table),
        Format::Pdf => pdf::read(name, bytes, limits).map(Content::Document),
        Format::Docx => docx::read(name, bytes, limits).map(Content::Document),
    }
}
