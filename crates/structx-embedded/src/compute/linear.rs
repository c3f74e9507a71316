//! A linear layer with quantised weights, on all threads of the caller's rayon pool.

use candle_core::quantized::QTensor;
use candle_core::{Device, Result};
use rayon::prelude::*;

use super::packed::{Packed, Panel};
use super::{Activations, Lanes, Matrix, PANEL};

/// The fewest panels of a task: some microseconds of work for one row.
const GRAIN: usize = 4;

/// One or more linear layers with the same input, whose outputs stand side by side.
pub struct Linear {
    parts: Vec<Packed>,
    bias: Vec<Lanes>,
}

impl Linear {
    /// Packs the weights, with their biases, of layers with the same input.
    pub fn new(layers: &[(QTensor, Option<QTensor>)]) -> Result<Self> {
        let mut linear = Self { parts: Vec::new(), bias: Vec::new() };
        for (weight, bias) in layers {
            let part = Packed::new(weight)?;
            let panels = part.outputs().div_ceil(PANEL);
            if !part.outputs().is_multiple_of(PANEL) && layers.len() > 1 {
                candle_core::bail!(
                    "a weight has {} rows, not a multiple of {PANEL}",
                    part.outputs()
                );
            }
            let mut biases = vec![[0.0; PANEL]; panels];
            if let Some(bias) = bias {
                let numbers: Vec<f32> = bias.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
                let numbers_of = numbers.chunks(PANEL);
                for (biases, numbers) in biases.iter_mut().zip(numbers_of) {
                    biases[..numbers.len()].copy_from_slice(numbers);
                }
            }
            linear.bias.extend(biases);
            linear.parts.push(part);
        }
        Ok(linear)
    }

    pub fn forward(&self, states: &Activations) -> Matrix {
        let mut products = Matrix::zeros(states.rows, self.bias.len() * PANEL);
        self.add(states, &mut products);
        products
    }

    /// Adds the outputs to `sums`.
    pub fn add(&self, states: &Activations, sums: &mut Matrix) {
        let panels: Vec<Panel<'_>> = self.parts.iter().flat_map(Packed::panels).collect();
        let sums = sums.lanes.par_chunks_exact_mut(states.rows);
        let panels = sums.zip(panels).zip(&self.bias).with_min_len(GRAIN);
        panels.for_each(|((sums, panel), bias)| {
            for number in sums.iter_mut().flat_map(|lanes| lanes.iter_mut().zip(bias)) {
                *number.0 += number.1;
            }
            panel.multiply(states, sums);
        });
    }
}
