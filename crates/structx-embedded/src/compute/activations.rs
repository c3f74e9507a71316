//! States rounded to 8 bits: the other side of a product with quantised weights.

use std::ops::Range;

use super::{BLOCK, GROUPS, Kernel, Lanes, Matrix, ROUND, vectorized};

/// The rows of a matrix in 8 bits: for each block of 32 columns, all rows one after another.
pub struct Activations {
    pub rows: usize,
    /// Each number holds 4 neighbouring codes, as bytes in the order of memory.
    pub codes: Vec<[i32; GROUPS]>,
    pub scales: Vec<f32>,
    /// The sums of each half of a block, as scaled numbers.
    pub sums: Vec<[f32; 2]>,
}

impl Activations {
    pub fn new(matrix: &Matrix) -> Self {
        let count = matrix.lanes.len() / 2;
        let mut all = Self {
            rows: matrix.rows,
            codes: vec![[0; GROUPS]; count],
            scales: vec![0.0; count],
            sums: vec![[0.0; 2]; count],
        };
        vectorized(Quantize { matrix, all: &mut all });
        all
    }

    /// Block `index` of some rows.
    #[inline(always)]
    pub fn block(&self, index: usize, rows: Range<usize>) -> RowsOfBlock<'_> {
        let first = index * self.rows;
        let rows = first + rows.start..first + rows.end;
        RowsOfBlock {
            codes: &self.codes[rows.clone()],
            scales: &self.scales[rows.clone()],
            sums: &self.sums[rows],
        }
    }
}

/// One block of neighbouring rows.
#[derive(Clone, Copy)]
pub struct RowsOfBlock<'a> {
    pub codes: &'a [[i32; GROUPS]],
    pub scales: &'a [f32],
    pub sums: &'a [[f32; 2]],
}

struct Quantize<'a> {
    matrix: &'a Matrix,
    all: &'a mut Activations,
}

impl Kernel for Quantize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { matrix, all } = self;
        let rows = matrix.rows;
        for (block, halves) in matrix.lanes.chunks_exact(2 * rows).enumerate() {
            let (low, high) = halves.split_at(rows);
            for (row, (low, high)) in low.iter().zip(high).enumerate() {
                let at = block * rows + row;
                (all.codes[at], all.scales[at], all.sums[at]) = quantize(low, high);
            }
        }
    }
}

#[inline(always)]
fn quantize(low: &Lanes, high: &Lanes) -> ([i32; GROUPS], f32, [f32; 2]) {
    let mut largest = [0.0_f32; 16];
    for ((largest, low), high) in largest.iter_mut().zip(low).zip(high) {
        *largest = low.abs().max(high.abs());
    }
    let largest = largest.into_iter().fold(0.0, f32::max);
    let scale = largest / 127.0;
    let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let mut codes = [0_u8; BLOCK];
    let mut sums = [0.0; 2];
    for (half, numbers) in [low, high].into_iter().enumerate() {
        let mut sum = 0_i32;
        for (code, number) in codes[half * 16..].iter_mut().zip(numbers) {
            #[expect(clippy::cast_possible_wrap, reason = "the bits are those of a signed byte")]
            let rounded = (number * inverse + ROUND).to_bits() as i32;
            *code = rounded.to_le_bytes()[0];
            sum += rounded - ROUND.to_bits().cast_signed();
        }
        #[expect(clippy::cast_precision_loss, reason = "a sum of 16 bytes is exact")]
        let sum = sum as f32;
        sums[half] = sum * scale;
    }
    (pulp::bytemuck::cast(codes), scale, sums)
}
