//! The common interface of documents and tables: rows and a sample.

use std::borrow::Cow;

use crate::{Content, Document};

/// Rows of a table in the sample that a plan is made from, at most: chosen by hand, not measured.
const SAMPLE_ROWS: usize = 5;

impl Content {
    /// A sample for planning, of at most `characters` characters.
    #[must_use]
    pub fn sample(&self, characters: usize) -> String {
        match self {
            Self::Document(document) => document.sample(characters).to_owned(),
            Self::Table(table) => table.sample(SAMPLE_ROWS, characters),
        }
    }

    /// The name of the file, or `data` or `text` for data without one.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Document(document) => &document.name,
            Self::Table(table) => &table.name,
        }
    }

    /// Warnings from reading.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        match self {
            Self::Document(document) => &document.warnings,
            Self::Table(table) => &table.warnings,
        }
    }

    /// The columns that a plan can choose from; a document has none.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Document(_) => &[],
            Self::Table(table) => &table.columns,
        }
    }

    /// The number of rows; 1 for a document.
    #[must_use]
    pub fn row_count(&self) -> usize {
        match self {
            Self::Document(_) => 1,
            Self::Table(table) => table.records.len(),
        }
    }

    /// The texts of the rows in order, restricted to `columns` if it is a table. A document is one
    /// row.
    #[must_use]
    pub fn row_texts<'a>(
        &'a self,
        columns: &[String],
    ) -> Box<dyn Iterator<Item = Cow<'a, str>> + Send + 'a> {
        match self {
            Self::Document(document) => Box::new(std::iter::once(document.text.as_str().into())),
            Self::Table(table) => Box::new(table.row_texts(columns).map(Cow::Owned)),
        }
    }
}

impl Document {
    /// The beginning of the text.
    #[must_use]
    pub fn sample(&self, characters: usize) -> &str {
        beginning(&self.text, characters)
    }
}

/// At most `characters` characters, cut at the last line end if that is in the second half.
pub(crate) fn beginning(text: &str, characters: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(characters) else { return text };
    let start = &text[..end];
    match start.rfind('\n') {
        Some(line) if line >= end / 2 => &start[..line],
        _ => start,
    }
}
