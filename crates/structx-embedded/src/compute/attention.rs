//! Grouped-query attention over a cache of keys and values.

use rayon::prelude::*;

use super::elementwise::exp;
use super::{Kernel, Lanes, Matrix, PANEL, Rotary, multiply_add, vectorized};

/// The queries that are answered at once.
const QUERIES: usize = 4;

/// The heads of a layer. Each key-value head serves the same number of query heads.
#[derive(Clone, Copy)]
pub struct Heads {
    pub query: usize,
    pub key_value: usize,
    /// The numbers of a head; a multiple of 16.
    pub size: usize,
}

/// The keys and values of one layer, which can be overwritten from any position on.
pub struct KeyValueCache {
    heads: Vec<Head>,
}

/// The keys and values of one key-value head, so that products go over 16 positions or numbers at once.
struct Head {
    /// For each 16 positions, for each number of a head: that number of the keys.
    keys: Vec<Lanes>,
    /// For each 16 numbers of a head: these of the values, by position.
    values: Vec<Vec<Lanes>>,
}

impl KeyValueCache {
    pub fn new(heads: Heads) -> Self {
        let head = || Head { keys: Vec::new(), values: vec![Vec::new(); heads.size / PANEL] };
        Self { heads: (0..heads.key_value).map(|_| head()).collect() }
    }

    /// Writes the keys and values of some rows, whose columns are queries, keys and values, from
    /// `position` on.
    pub fn write(&mut self, states: &Matrix, position: usize, rotary: &Rotary, heads: Heads) {
        let panels = heads.size / PANEL;
        let key_panel = heads.query * panels;
        let mut key = vec![0.0; heads.size];
        for (index, head) in self.heads.iter_mut().enumerate() {
            let keys = key_panel + index * panels;
            let values = keys + heads.key_value * panels;
            for row in 0..states.rows {
                read(states, row, keys, &mut key);
                rotary.turn(&mut key, position + row);
                head.write_key(position + row, &key);
                for (panel, stored) in head.values.iter_mut().enumerate() {
                    stored.truncate(position + row);
                    stored.push(states.lanes[(values + panel) * states.rows + row]);
                }
            }
        }
    }

    /// The attention of some rows, whose first columns are queries, at `position`.
    pub fn attend(
        &self,
        states: &Matrix,
        position: usize,
        rotary: &Rotary,
        heads: Heads,
    ) -> Matrix {
        let mut mixed = Matrix::zeros(states.rows, heads.query * heads.size);
        let group = heads.query / heads.key_value;
        let lanes_of_head = states.rows * group * heads.size / PANEL;
        let outputs = mixed.lanes.par_chunks_exact_mut(lanes_of_head);
        outputs.zip(&self.heads).enumerate().for_each(|(index, (mixed, head))| {
            let first = index * group * heads.size / PANEL;
            let queries = queries(states, first, group, position, rotary, heads.size);
            vectorized(Attend { head, queries, group, rows: states.rows, position, mixed });
        });
        mixed
    }
}

impl Head {
    fn write_key(&mut self, position: usize, key: &[f32]) {
        let start = position / PANEL * key.len();
        self.keys.resize(self.keys.len().max(start + key.len()), [0.0; PANEL]);
        for (lanes, number) in self.keys[start..].iter_mut().zip(key) {
            lanes[position % PANEL] = *number;
        }
    }
}

/// The numbers of a row in some panels, one after another.
fn read(states: &Matrix, row: usize, panel: usize, numbers: &mut [f32]) {
    for (index, numbers) in numbers.chunks_exact_mut(PANEL).enumerate() {
        numbers.copy_from_slice(&states.lanes[(panel + index) * states.rows + row]);
    }
}

/// The turned and scaled queries of the heads of a group, row by row.
fn queries(
    states: &Matrix,
    first: usize,
    group: usize,
    position: usize,
    rotary: &Rotary,
    size: usize,
) -> Vec<f32> {
    #[expect(clippy::cast_precision_loss, reason = "a head has some hundred numbers")]
    let scale = 1.0 / (size as f32).sqrt();
    let mut all = vec![0.0; states.rows * group * size];
    for (index, query) in all.chunks_exact_mut(size).enumerate() {
        let (row, head) = (index / group, index % group);
        read(states, row, first + head * size / PANEL, query);
        rotary.turn(query, position + row);
        for number in query {
            *number *= scale;
        }
    }
    all
}

/// The attention of the query heads of one key-value head.
struct Attend<'a> {
    head: &'a Head,
    queries: Vec<f32>,
    group: usize,
    rows: usize,
    /// The position of the first row.
    position: usize,
    mixed: &'a mut [Lanes],
}

impl Kernel for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let count = self.rows * self.group;
        let mut at = 0;
        while at < count {
            match count - at {
                1 => self.some::<FUSED, 1>(at),
                2 => self.some::<FUSED, 2>(at),
                3 => self.some::<FUSED, 3>(at),
                _ => self.some::<FUSED, QUERIES>(at),
            }
            at += QUERIES;
        }
    }
}

impl Attend<'_> {
    /// Answers `N` queries from index `at` on.
    #[inline(always)]
    fn some<const FUSED: bool, const N: usize>(&mut self, at: usize) {
        let size = self.head.values.len() * PANEL;
        let visible = |index: usize| self.position + (at + index) / self.group + 1;
        let queries: [&[f32]; N] =
            std::array::from_fn(|index| &self.queries[(at + index) * size..][..size]);
        let length = visible(N - 1);
        let mut weights: [Vec<Lanes>; N] =
            std::array::from_fn(|_| vec![[0.0; PANEL]; length.div_ceil(PANEL)]);
        for (block, keys) in self.head.keys.chunks_exact(size).enumerate() {
            if block * PANEL >= length {
                break;
            }
            let scores = products::<FUSED, N>(queries, keys);
            for (weights, scores) in weights.iter_mut().zip(scores) {
                weights[block] = scores;
            }
        }
        let mut totals = [0.0; N];
        for (index, (weights, total)) in weights.iter_mut().zip(&mut totals).enumerate() {
            *total = softmax::<FUSED>(weights, visible(index));
        }
        let weights: [&[f32]; N] =
            std::array::from_fn(|index| &weights[index].as_flattened()[..length]);
        for (panel, values) in self.head.values.iter().enumerate() {
            let sums = products::<FUSED, N>(weights, &values[..length]);
            for (index, (sums, total)) in sums.into_iter().zip(totals).enumerate() {
                let (row, head) = ((at + index) / self.group, (at + index) % self.group);
                let panel = head * self.head.values.len() + panel;
                self.mixed[panel * self.rows + row] = sums.map(|sum| sum / total);
            }
        }
    }
}

/// The products of `N` vectors with a matrix.
#[inline(always)]
fn products<const FUSED: bool, const N: usize>(
    vectors: [&[f32]; N],
    matrix: &[Lanes],
) -> [Lanes; N] {
    let vectors = vectors.map(|vector| &vector[..matrix.len()]);
    let mut sums = [[0.0; PANEL]; N];
    for (index, lanes) in matrix.iter().enumerate() {
        for (sums, vector) in sums.iter_mut().zip(vectors) {
            for (sum, number) in sums.iter_mut().zip(lanes) {
                *sum = multiply_add::<FUSED>(vector[index], *number, *sum);
            }
        }
    }
    sums
}

/// Replaces the first `length` scores by exponentials, and the others by almost 0. Returns their sum.
#[inline(always)]
fn softmax<const FUSED: bool>(scores: &mut [Lanes], length: usize) -> f32 {
    for score in &mut scores.as_flattened_mut()[length..] {
        *score = f32::NEG_INFINITY;
    }
    let mut largest = [f32::NEG_INFINITY; PANEL];
    for lanes in &*scores {
        for (largest, score) in largest.iter_mut().zip(lanes) {
            *largest = largest.max(*score);
        }
    }
    let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0; PANEL];
    for lanes in scores {
        for (score, sum) in lanes.iter_mut().zip(&mut sums) {
            *score = exp::<FUSED>(*score - largest);
            *sum += *score;
        }
    }
    sums.iter().sum()
}
