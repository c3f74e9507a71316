//! The tables of a page: first those with ruling lines (lattice), then those without (stream).

mod evidence;
mod header;
mod lattice;
mod phrases;
mod rows;
mod stream;
#[cfg(test)]
mod tests;

use hayro_interpret::kurbo::Rect;

use super::drawing::ruling_lines::RulingLine;
use super::layout::words::PageWord;
use crate::context::ReadContext;
use crate::{Bounds, FileError, markdown_table};

/// A table of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TableGrid {
    pub(super) bounds: Rect,
    /// Row by row, from left to right. A position without a cell is empty or spanned by another cell.
    pub(super) cells: Vec<GridCell>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct GridCell {
    pub(super) row: usize,
    pub(super) column: usize,
    /// The number of rows and columns that it spans.
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The indexes of its words among those of the page, in reading order; never empty.
    pub(super) words: Vec<usize>,
}

/// Finds the tables of a page by its upright words and ruling lines. No two tables share a word.
///
/// # Errors
/// The time is used up.
pub(super) fn find(
    context: &ReadContext,
    words: &[PageWord],
    rulings: &[RulingLine],
) -> Result<Vec<TableGrid>, FileError> {
    let rulings = lattice::merge(rulings);
    let mut taken = vec![false; words.len()];
    let mut grids = lattice::find(context, words, &rulings, &mut taken)?;
    grids.extend(stream::find(context, words, &rulings, &taken)?);
    Ok(grids)
}

impl TableGrid {
    /// The indexes of its words among those of the page.
    pub(super) fn words(&self) -> impl Iterator<Item = usize> {
        self.cells.iter().flat_map(|cell| cell.words.iter().copied())
    }

    /// The rows in the form that is written.
    pub(super) fn rows(&self, words: &[PageWord]) -> Vec<Vec<markdown_table::MarkdownCell>> {
        let count = self.cells.iter().map(|cell| cell.row + cell.rows).max().unwrap_or(0);
        let mut rows = vec![Vec::new(); count];
        let mut ends = vec![0; count];
        for cell in &self.cells {
            let row = &mut rows[cell.row];
            // Positions that are empty or spanned by another cell.
            row.resize_with(
                row.len() + cell.column.saturating_sub(ends[cell.row]),
                markdown_table::MarkdownCell::default,
            );
            ends[cell.row] = cell.column + cell.columns;
            let bounds = cell.words.iter().map(|word| words[*word].bounds);
            row.push(markdown_table::MarkdownCell {
                words: cell
                    .words
                    .iter()
                    .map(|word| (words[*word].text.clone(), Some(place(words[*word].bounds))))
                    .collect(),
                bounds: bounds.reduce(|area, word| area.union(word)).map(place),
                columns: u32::try_from(cell.columns).unwrap_or(u32::MAX),
                rows: 1,
            });
        }
        rows
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a place on a page needs no more precision")]
pub(super) fn place(area: Rect) -> Bounds {
    Bounds {
        left: area.x0 as f32,
        top: area.y0 as f32,
        right: area.x1 as f32,
        bottom: area.y1 as f32,
    }
}
