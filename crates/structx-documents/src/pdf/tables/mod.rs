//! The tables of a page: first those with ruling lines (lattice), then those without (stream).

pub(super) mod continued;
mod cut_rules;
mod evidence;
mod header;
mod lattice;
mod phrases;
mod rows;
mod side_by_side;
mod stream;
#[cfg(test)]
mod tests;
mod wrapped_lines;

use hayro_interpret::kurbo::Rect;

use super::drawing::ruling_lines::RulingLine;
use super::layout::lines::lines;
use super::layout::rotation::Rotation;
use super::layout::words::PageWord;
use crate::builder::WordPlace;
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
    let cut_rules = cut_rules::find(context, rulings)?;
    let rulings = lattice::merge(rulings);
    let mut taken = vec![false; words.len()];
    let mut grids = lattice::find(context, words, &rulings, &mut taken)?;
    grids.extend(stream::find(context, words, &rulings, &cut_rules, &taken)?);
    Ok(grids.into_iter().flat_map(|grid| side_by_side::split(words, grid)).collect())
}

impl TableGrid {
    /// The indexes of its words among those of the page.
    pub(super) fn words(&self) -> impl Iterator<Item = usize> {
        self.cells.iter().flat_map(|cell| cell.words.iter().copied())
    }

    /// The rows in the form that is written. The words of a cell are read as those of a paragraph are:
    /// line by line, from right to left where their letters are.
    pub(super) fn rows(
        &self,
        words: &[PageWord],
        rotation: Rotation,
    ) -> Vec<Vec<markdown_table::MarkdownCell>> {
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
            let words = lines(cell.words.iter().map(|word| words[*word].clone()).collect());
            let words = words.into_iter().flat_map(|line| line.words);
            let words: Vec<(String, Option<WordPlace>)> = words
                .map(|word| {
                    let place = word.place(rotation);
                    (word.text, Some(place))
                })
                .collect();
            let places = words.iter().filter_map(|(_, place)| Some((*place)?.bounds));
            row.push(markdown_table::MarkdownCell {
                bounds: places.reduce(Bounds::union),
                words,
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
