//! The tables of a page: those that rules part into cells, then those that only white parts.

mod evidence;
mod lattice;
mod lines;
mod rows;
mod runs;
#[cfg(test)]
mod tests;

use hayro_interpret::kurbo::Rect;

use super::rules::Rule;
use super::words::Word;
use crate::reading::Reading;
use crate::{Bounds, FileError, pipes};

/// A table of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub(super) bounds: Rect,
    /// From top to bottom, each from left to right. A place that no cell is at is empty, or another
    /// cell reaches over it.
    pub(super) cells: Vec<Cell>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) column: usize,
    /// How many rows and columns it reaches over.
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The places of its words among those of the page, in reading order; never none.
    pub(super) words: Vec<usize>,
}

/// The tables of a page, from its upright words and its rules. No two of them share a word.
///
/// # Errors
/// The time is spent.
pub(super) fn find(
    reading: &Reading,
    words: &[Word],
    rules: &[Rule],
) -> Result<Vec<Grid>, FileError> {
    let rules = lattice::merge(rules);
    let mut taken = vec![false; words.len()];
    let mut grids = lattice::find(reading, words, &rules, &mut taken)?;
    grids.extend(runs::find(reading, words, &rules, &taken)?);
    Ok(grids)
}

impl Grid {
    /// The places of its words among those of the page.
    pub(super) fn words(&self) -> impl Iterator<Item = usize> {
        self.cells.iter().flat_map(|cell| cell.words.iter().copied())
    }

    /// Its rows as they are written.
    pub(super) fn rows(&self, words: &[Word]) -> Vec<Vec<pipes::Cell>> {
        let count = self.cells.iter().map(|cell| cell.row + cell.rows).max().unwrap_or(0);
        let mut rows = vec![Vec::new(); count];
        let mut ends = vec![0; count];
        for cell in &self.cells {
            let row = &mut rows[cell.row];
            // What is empty, or lies under another cell.
            row.resize_with(
                row.len() + cell.column.saturating_sub(ends[cell.row]),
                pipes::Cell::default,
            );
            ends[cell.row] = cell.column + cell.columns;
            let bounds = cell.words.iter().map(|word| words[*word].bounds);
            row.push(pipes::Cell {
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
