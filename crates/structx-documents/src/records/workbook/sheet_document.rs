//! Writes a sheet as a page: titles and pairs as lines, tables as Markdown, each cell with its address.

use std::collections::{BTreeMap, BTreeSet};

use super::grid::{GridCell, SheetGrid};
use super::layout::{self, Part, PartRow};
use super::value::shown;
use crate::builder::Builder;
use crate::markdown_table::safe;
use crate::sheet_address::address;
use crate::{BlockKind, FileError};

/// Follows what a sheet does not show.
const HIDDEN: &str = " [hidden]";

/// Writes the sheet to the current page of the builder.
///
/// # Errors
/// The text or the tables exceed a limit.
pub(super) fn write(
    mut grid: SheetGrid,
    name: &str,
    builder: &mut Builder,
) -> Result<(), FileError> {
    grid.sort();
    builder.name_page(name);
    builder.text("# ");
    builder.block(BlockKind::Heading { level: 1 }, &safe(name), None);
    let comments = std::mem::take(&mut grid.comments);
    let mut writer = SheetWriter { grid: &grid, builder, comments };
    let mut was_line = false;
    for part in layout::parts(&grid.rows, &grid.merged) {
        let is_line = matches!(part, Part::Line(_));
        writer.builder.text(if is_line && was_line { "\n" } else { "\n\n" });
        was_line = is_line;
        match part {
            Part::Line(row) => writer.line(row),
            Part::Pairs(rows) => writer.pairs(&rows),
            Part::Table(rows) => writer.table(&rows)?,
        }
        grid.context.check_time()?;
        grid.context.check_growing(writer.builder.as_str().len())?;
    }
    writer.rest_of_comments();
    writer.drawings();
    Ok(())
}

struct SheetWriter<'a> {
    grid: &'a SheetGrid<'a>,
    builder: &'a mut Builder,
    /// Those that are not written yet.
    comments: BTreeMap<(u32, u32), String>,
}

impl SheetWriter<'_> {
    fn line(&mut self, row: PartRow) {
        for (index, cell) in row.cells.iter().enumerate() {
            if index > 0 {
                self.builder.text("\n");
            }
            let block = self.builder.open(BlockKind::Paragraph);
            self.cell(row.number, cell);
            self.builder.close(block);
        }
    }

    fn pairs(&mut self, rows: &[PartRow]) {
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                self.builder.text("\n");
            }
            let Some(pairs) = layout::pairs(row.cells) else {
                self.line(*row);
                continue;
            };
            for (index, (label, value)) in pairs.into_iter().enumerate() {
                if index > 0 {
                    self.builder.text("\n");
                }
                let block = self.builder.open(BlockKind::Paragraph);
                self.cell(row.number, label);
                self.builder.text(if layout::has_colon(label) { " " } else { ": " });
                self.cell(row.number, value);
                self.builder.close(block);
            }
        }
    }

    /// A cell in a line, with its comment and whether it is hidden.
    fn cell(&mut self, row: u32, cell: &GridCell) {
        let text = shown(cell.kind, &cell.value);
        self.builder.cell(text.trim(), row, cell.column);
        if self.grid.hidden_rows.contains(row) || self.grid.hidden_columns.contains(cell.column) {
            self.builder.text(HIDDEN);
        }
        if let Some(comment) = self.comments.remove(&(row, cell.column)) {
            self.comment(row, cell.column, &comment);
        }
    }

    fn comment(&mut self, row: u32, column: u32, text: &str) {
        self.builder.text(" [comment: ");
        self.builder.cell(text, row, column);
        self.builder.text("]");
    }

    /// The rows as a Markdown table of the columns that have cells.
    fn table(&mut self, rows: &[PartRow]) -> Result<(), FileError> {
        let columns: BTreeSet<u32> =
            rows.iter().flat_map(|row| row.cells).map(|cell| cell.column).collect();
        let columns: Vec<u32> = columns.into_iter().collect();
        self.grid.context.check_document_cells(columns.len().saturating_mul(rows.len()))?;
        let table = self.builder.open(BlockKind::Table);
        for (place, row) in (0..).zip(rows) {
            self.builder.text(if place == 0 { "|" } else { "\n|" });
            self.table_row(place, row, &columns);
            if place == 0 {
                self.builder.text("\n|");
                self.builder.text(&" --- |".repeat(columns.len()));
            }
        }
        self.builder.close(table);
        Ok(())
    }

    fn table_row(&mut self, place: u32, row: &PartRow, columns: &[u32]) {
        let mut cells = row.cells.iter().peekable();
        let is_hidden = self.grid.hidden_rows.contains(row.number);
        for (column, sheet_column) in (0..).zip(columns) {
            self.builder.text(" ");
            if let Some(cell) = cells.next_if(|cell| cell.column == *sheet_column) {
                let block = self.builder.open(BlockKind::Cell { row: place, column });
                let text = safe(&shown(cell.kind, &cell.value));
                self.builder.cell(&text, row.number, cell.column);
                self.builder.close(block);
            }
            let is_hidden = (column == 0 && is_hidden)
                || (place == 0 && self.grid.hidden_columns.contains(*sheet_column));
            if is_hidden {
                self.builder.text(HIDDEN);
            }
            if let Some(comment) = self.comments.remove(&(row.number, *sheet_column)) {
                self.comment(row.number, *sheet_column, &safe(&comment));
            }
            self.builder.text(" |");
        }
    }

    /// Comments on cells that are blank.
    fn rest_of_comments(&mut self) {
        for ((row, column), text) in std::mem::take(&mut self.comments) {
            self.builder.text("\n\n");
            let block = self.builder.open(BlockKind::Note);
            self.builder.text(&format!("[comment on {}: ", address(row, column)));
            self.builder.cell(&text, row, column);
            self.builder.text("]");
            self.builder.close(block);
        }
    }

    /// The texts of text boxes, charts and pictures.
    fn drawings(&mut self) {
        for (place, text) in &self.grid.drawings {
            self.builder.text("\n\n");
            let block = self.builder.open(BlockKind::Paragraph);
            match place {
                Some((row, column)) => self.builder.cell(text, *row, *column),
                None => self.builder.text(text),
            }
            self.builder.close(block);
        }
    }
}
