//! Readers of records: CSV, JSON, XML and workbooks.

pub(super) mod delimited;
mod dialect;
mod header;
pub(super) mod json;
pub(super) mod options;
pub(super) mod workbook;
pub(super) mod xml;

use super::builder::Builder;
use super::context::ReadContext;
use super::markdown_table::{self, MarkdownCell};
use super::{Document, FileError, ReadOptions};
use crate::table::{self, Table};

impl Table {
    /// Converts the table to a document of one Markdown table.
    ///
    /// # Errors
    /// It has more cells or characters than the limits that the table was read with.
    pub fn document(&self) -> Result<Document, FileError> {
        let options = ReadOptions { limits: self.limits.clone(), ..ReadOptions::default() };
        let context = ReadContext::new(&self.name, &options);
        context.check_document_cells(self.columns.len().saturating_mul(self.records.len() + 1))?;
        let header = self.columns.iter().map(MarkdownCell::text).collect();
        let columns = self.columns.len();
        let records = self.records.iter().map(|record| record.cells(columns).map(cell).collect());
        let rows: Vec<_> = std::iter::once(header).chain(records).collect();
        let mut builder = Builder::default();
        markdown_table::write(&context, &mut builder, &rows, None)?;
        let document = builder.finish();
        context.check_characters(&document.text)?;
        let (name, warnings) = (self.name.clone(), self.warnings.clone());
        Ok(Document { name, format: self.format, warnings, ..document })
    }
}

fn cell(cell: table::Cell) -> MarkdownCell {
    cell.text().map_or_else(MarkdownCell::default, MarkdownCell::text)
}
