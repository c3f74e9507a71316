//! A matrix of numbers in panels of 16 columns.

use super::{Lanes, PANEL};

/// Rows of states: for each panel of 16 columns, the lanes of all rows one after another.
pub struct Matrix {
    pub rows: usize,
    pub lanes: Vec<Lanes>,
}

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, lanes: vec![[0.0; PANEL]; rows * columns.div_ceil(PANEL)] }
    }

    pub fn from_rows(rows: usize, numbers: &[f32]) -> Self {
        let columns = numbers.len() / rows;
        let mut matrix = Self::zeros(rows, columns);
        for (index, numbers) in numbers.chunks_exact(columns).enumerate() {
            for (panel, numbers) in numbers.chunks(PANEL).enumerate() {
                matrix.lanes[panel * rows + index][..numbers.len()].copy_from_slice(numbers);
            }
        }
        matrix
    }

    pub fn panels(&self) -> impl DoubleEndedIterator<Item = &[Lanes]> + ExactSizeIterator {
        self.lanes.chunks_exact(self.rows)
    }

    /// The numbers of one row.
    pub fn row(&self, index: usize) -> impl Iterator<Item = f32> {
        self.panels().flat_map(move |panel| panel[index])
    }
}
