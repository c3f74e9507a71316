//! Sources of any kind, read into a [`Document`] or a [`Table`].
//!
#![doc = include_str!("../README.md")]

mod base64_text;
mod builder;
mod error;
mod format;
mod image;
pub mod isolate;
mod limits;
mod mail;
mod markup;
mod measure;
mod office;
mod offsets;
mod options;
mod packed;
mod pdf;
mod pipes;
mod places;
mod reading;
mod records;
mod source;
pub mod table;
pub mod vision;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use office_oxide::DocumentFormat;
use serde::{Deserialize, Serialize};

use table::Table;

pub use error::{FileError, FileErrorKind};
pub use format::Format;
pub use limits::Limits;
pub use measure::Measure;
pub use offsets::CodePoints;
pub use options::{Mode, Password, ReadOptions};
pub use places::Place;
pub use records::options::{Columns, SheetKey, Sheets, Skipped, TableOptions};
pub use source::{Origin, resolve};

use markup::{html, markdown, rtf, text, xml};
use packed::{epub, opendocument};
use reading::Reading;

/// What a source holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    Document(Document),
    Table(Table),
}

/// A text in reading order, in which every character can be traced to its page and block.
///
/// Ranges are in bytes of `text`, always on character boundaries; the public offsets of structx are
/// Unicode code points, and [`CodePoints`] is the one converter.
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
    /// How it was read, so that its pages are shown likewise.
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
    /// It has no usable text: to be read, it must be seen.
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
    #[serde(with = "base64_text")]
    pub bytes: Arc<[u8]>,
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
    /// A footnote, an endnote or a comment.
    Note,
    /// What stands in the margin of every page.
    Margin,
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
    /// The text is blank, or longer than the limit.
    pub fn from_text(text: impl Into<String>, options: &ReadOptions) -> Result<Self, FileError> {
        let reading = Reading::new("text", options);
        options.table.allow(reading.name, &[])?;
        text::document(&reading, text::normalise_newlines(text.into()))
    }
}

/// The content of the file at `path`.
///
/// # Errors
/// The file can't be read, is empty, is not of a supported format, or has no use for an option.
pub fn read_path(path: &Path, options: &ReadOptions) -> Result<Content, FileError> {
    let name = path.display().to_string();
    let reading = Reading::new(&name, options);
    let bytes = source::read_file(path, &reading)?;
    read_checked(&reading, bytes)
}

/// The content of a file given as bytes; `name` says where they come from, and its extension which
/// format they have where the bytes themselves don't.
///
/// # Errors
/// The bytes are empty, too many, broken, not of a supported format, or have no use for an option.
pub fn read_bytes(name: &str, bytes: Vec<u8>, options: &ReadOptions) -> Result<Content, FileError> {
    read_checked(&Reading::new(name, options), bytes)
}

fn read_checked(reading: &Reading, bytes: Vec<u8>) -> Result<Content, FileError> {
    reading.check_bytes(bytes.len() as u64)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(reading.error(FileErrorKind::Empty, "the file is empty"));
    }
    let (format, warning) = format::detect(reading.name, &bytes)?;
    let mut content = catch_unwind(AssertUnwindSafe(|| read(reading, format, bytes)))
        .unwrap_or_else(|_| {
            let message = "the file is damaged: its reader gave up; save it again and retry";
            Err(reading.corrupt(message))
        })?;
    let (found, known, warnings) = match &mut content {
        Content::Document(document) => {
            reading.check_characters(&document.text)?;
            document.options = reading.options.clone().into();
            (&mut document.name, &mut document.format, &mut document.warnings)
        }
        Content::Table(table) => {
            table.check_limits(reading)?;
            (&mut table.name, &mut table.format, &mut table.warnings)
        }
    };
    source::file_name(reading.name).clone_into(found);
    *known = Some(format);
    warnings.splice(0..0, warning);
    Ok(content)
}

fn read(reading: &Reading, format: Format, bytes: Vec<u8>) -> Result<Content, FileError> {
    reading.options.table.allow(reading.name, format.options())?;
    let document = match format {
        Format::Csv => return records::delimited::read(reading, &bytes, None).map(Content::Table),
        Format::Tsv => {
            return records::delimited::read(reading, &bytes, Some(b'\t')).map(Content::Table);
        }
        Format::Json => return records::json::read(reading, &bytes),
        Format::JsonLines => return records::json::read_lines(reading, &bytes).map(Content::Table),
        Format::Xlsx | Format::Xlsb | Format::Xls | Format::Ods => {
            return records::workbook::read(reading, format, bytes).map(Content::Table);
        }
        Format::Text => text::read(reading, &bytes),
        Format::Markdown => markdown::read(reading, &bytes),
        Format::Html => html::read(reading, &bytes),
        Format::Xml => xml::read(reading, &bytes),
        Format::Rtf => rtf::read(reading, &bytes),
        Format::Odt | Format::Odp => opendocument::read(reading, &bytes),
        Format::Epub => epub::read(reading, &bytes),
        Format::Pdf => pdf::read(reading, bytes),
        Format::Docx => office::docx::read(reading, &bytes),
        Format::Doc => office::read_doc(reading, bytes),
        Format::Email => mail::read(reading, &bytes),
        Format::Image => image::read(reading, bytes),
        Format::Ppt => office::read_slides(reading, bytes, DocumentFormat::Ppt),
        Format::Pptx => office::read_slides(reading, bytes, DocumentFormat::Pptx),
        Format::Parquet | Format::Arrow => {
            let message = format!("{} is read from Python, with pyarrow or polars", format.title());
            Err(reading.error(FileErrorKind::Unsupported, message))
        }
    };
    document.map(Content::Document)
}
