//! What stands between the products: normalisation, the gate of the feed-forward layer, rotary
//! positions, and the exponential function.

use super::{Kernel, Lanes, Matrix, PANEL, ROUND, multiply_add, vectorized};

/// Root mean square normalisation of rows.
pub struct Norm {
    weights: Vec<Lanes>,
    columns: usize,
    epsilon: f32,
}

impl Norm {
    pub fn new(weights: &[f32], epsilon: f32) -> Self {
        Self { weights: Matrix::from_rows(1, weights).lanes, columns: weights.len(), epsilon }
    }

    pub fn forward(&self, states: &Matrix) -> Matrix {
        vectorized(Normalize { norm: self, states })
    }
}

struct Normalize<'a> {
    norm: &'a Norm,
    states: &'a Matrix,
}

impl Kernel for Normalize<'_> {
    type Output = Matrix;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Matrix {
        let Self { norm, states } = self;
        let mut squares = vec![[0.0; PANEL]; states.rows];
        for panel in states.panels() {
            for (squares, lanes) in squares.iter_mut().zip(panel) {
                for (square, &number) in squares.iter_mut().zip(lanes) {
                    *square = multiply_add::<FUSED>(number, number, *square);
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a row has some thousand columns")]
        let columns = norm.columns as f32;
        let scale = |squares: &Lanes| {
            let mean = squares.iter().sum::<f32>() / columns;
            1.0 / (mean + norm.epsilon).sqrt()
        };
        let scales: Vec<f32> = squares.iter().map(scale).collect();
        let mut normed = Matrix { rows: states.rows, lanes: states.lanes.clone() };
        for (panel, weights) in normed.lanes.chunks_exact_mut(states.rows).zip(&norm.weights) {
            for (lanes, scale) in panel.iter_mut().zip(&scales) {
                for (number, weight) in lanes.iter_mut().zip(weights) {
                    *number *= scale * weight;
                }
            }
        }
        normed
    }
}

/// The second half of the columns, each times the `SiLU` of its partner in the first half.
pub fn gated(mut states: Matrix) -> Matrix {
    let middle = states.lanes.len() / 2;
    let (gates, numbers) = states.lanes.split_at_mut(middle);
    vectorized(Gate { gates, numbers });
    states.lanes.truncate(middle);
    states
}

struct Gate<'a> {
    gates: &'a mut [Lanes],
    numbers: &'a [Lanes],
}

impl Kernel for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for (gates, numbers) in self.gates.iter_mut().zip(self.numbers) {
            for (gate, number) in gates.iter_mut().zip(numbers) {
                *gate *= number / (1.0 + exp::<FUSED>(-*gate));
            }
        }
    }
}

/// The exponential function, with a relative error below 2e-7; below -87, about 0. As `expf` of Cephes: a
/// power of 2 times a polynomial of the rest.
#[inline(always)]
pub fn exp<const FUSED: bool>(number: f32) -> f32 {
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let number = number.clamp(-87.0, 88.0);
    let shifted = multiply_add::<FUSED>(number, std::f32::consts::LOG2_E, ROUND);
    let power = shifted - ROUND;
    let rest = multiply_add::<FUSED>(power, -LN_2_HIGH, number);
    let rest = multiply_add::<FUSED>(power, -LN_2_LOW, rest);
    let mut series = 1.987_569_1e-4;
    for factor in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        series = multiply_add::<FUSED>(series, rest, factor);
    }
    let series = multiply_add::<FUSED>(series * rest, rest, rest + 1.0);
    // The lowest bits of `shifted` are the power, which moves to the bits of the exponent.
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// The rotary position embedding: turns the two halves of a head by angles that grow with the position.
pub struct Rotary {
    half: usize,
    /// The cosine and sine of each pair, for each position.
    turns: Vec<(f32, f32)>,
}

impl Rotary {
    /// Positions must stay below `context`.
    #[expect(clippy::cast_precision_loss, reason = "positions and dimensions are small numbers")]
    pub fn new(context: usize, size: usize, base: f32) -> Self {
        let half = size / 2;
        let frequencies: Vec<f32> =
            (0..half).map(|index| base.powf(-((2 * index) as f32) / size as f32)).collect();
        let turn = |position: usize| {
            frequencies.iter().map(move |frequency| {
                let (sine, cosine) = (position as f32 * frequency).sin_cos();
                (cosine, sine)
            })
        };
        Self { half, turns: (0..context).flat_map(turn).collect() }
    }

    pub fn turn(&self, head: &mut [f32], position: usize) {
        let (first, second) = head.split_at_mut(self.half);
        let turns = &self.turns[position * self.half..];
        for ((first, second), (cosine, sine)) in first.iter_mut().zip(second).zip(turns) {
            (*first, *second) =
                (*first * cosine - *second * sine, *second * cosine + *first * sine);
        }
    }
}
