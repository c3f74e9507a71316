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

    /// The positions of the columns of a table that are not among these; of all columns if none is left.
    #[must_use]
    pub fn columns_without(&self, left_out: &[String]) -> Vec<usize> {
        let columns = self.columns();
        let is_kept = |index: &usize| !left_out.contains(&columns[*index]);
        let kept: Vec<usize> = (0..columns.len()).filter(is_kept).collect();
        if kept.is_empty() { (0..columns.len()).collect() } else { kept }
    }

    /// The text of a row, of a table with the columns at these positions in their order. A document is
    /// one row.
    #[must_use]
    pub fn row_text(&self, position: usize, columns: &[usize]) -> Cow<'_, str> {
        match self {
            Self::Document(document) => document.text.as_str().into(),
            Self::Table(table) => table.text_of(position, columns).into(),
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
