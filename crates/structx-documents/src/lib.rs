//! Sources of any kind, read into a [`Document`] or a [`Table`](table::Table).
//!
#![doc = include_str!("../README.md")]
#![expect(clippy::doc_markdown, reason = "the README has names of formats as users write them")]

mod base64_text;
mod builder;
mod content;
mod context;
mod error;
mod format;
mod gzip;
mod highlight;
mod image;
pub mod isolate;
mod limits;
mod locate;
mod mail;
mod markdown_table;
mod markup;
mod measure;
mod model;
mod office;
mod offsets;
mod options;
mod page_ranges;
mod pdf;
mod read;
pub mod recognition;
mod records;
mod scans;
mod sheet_address;
mod source;
pub mod table;
pub mod vision;
mod zip_formats;

pub use error::{ExceededLimit, FileError, FileErrorKind};
pub use format::Format;
pub use highlight::{Mark, highlight};
pub use limits::Limits;
pub use locate::Place;
pub use measure::Measure;
pub use model::{
    Attachment, Block, BlockKind, Bounds, Content, Document, Method, Page, Recognition, SheetCell,
    Word,
};
pub use offsets::CodePoints;
pub use options::{Engine, Mode, Ocr, Password, ReadOptions};
pub use page_ranges::PageRanges;
pub use read::{read_bytes, read_path};
pub use records::options::{
    Columns, HeaderRow, ReadAs, RowFilter, SheetKey, Sheets, Skipped, TableOptions,
};
pub use source::{Origin, resolve};
pub use zip_formats::files::{ArchivedFile, files_in_bytes, files_in_path, is_archive_name};
