//! A linear layer with 8-bit weights: dot products for a few rows, a dense multiplication for many.
//! Both run in the caller's rayon pool. candle's own quantised products use threads that spin, and only
//! the environment can set their number.

use std::borrow::Cow;

use candle_core::quantized::k_quants::{BlockQ8_0, QK8_0};
use candle_core::quantized::{GgmlDType, GgmlType, QStorage, QTensor};
use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

/// The number of rows from which dequantising and multiplying in 32 bits is faster. Chosen by hand, not
/// measured.
const DENSE_ROWS: usize = 16;
/// The number of outputs of one task. Chosen by hand, not measured.
const GRAIN: usize = 64;

/// A linear layer.
pub struct Linear {
    /// One row of blocks for each output.
    blocks: Vec<BlockQ8_0>,
    inputs: usize,
    outputs: usize,
    bias: Option<Tensor>,
}

impl Linear {
    /// Converts weights of any format to 8 bits, which represent 4 to 6 bits well enough.
    pub fn new(weight: &QTensor, bias: Option<&QTensor>) -> Result<Self> {
        let (outputs, inputs) = weight.shape().dims2()?;
        if !inputs.is_multiple_of(QK8_0) {
            candle_core::bail!("a weight has {inputs} columns, not a multiple of {QK8_0}");
        }
        let width = inputs / QK8_0;
        let bytes = weight.data()?;
        let row = bytes.len() / outputs.max(1);
        let mut blocks = vec![BlockQ8_0::zeros(); outputs * width];
        blocks.par_chunks_mut(GRAIN * width).zip(bytes.par_chunks(GRAIN * row)).try_for_each(
            |(blocks, bytes)| {
                let numbers = unpack(bytes, weight.dtype(), bytes.len() / row * inputs)?;
                BlockQ8_0::from_float(&numbers, blocks);
                Ok::<_, candle_core::Error>(())
            },
        )?;
        let bias = bias.map(|bias| bias.dequantize(&Device::Cpu)).transpose()?;
        Ok(Self { blocks, inputs, outputs, bias })
    }

    pub fn forward(&self, states: &Tensor) -> Result<Tensor> {
        let rows = states.dim(0)?;
        let product =
            if rows < DENSE_ROWS { self.dots(states, rows)? } else { self.dense(states)? };
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }

    fn dots(&self, states: &Tensor, rows: usize) -> Result<Tensor> {
        let states: Vec<f32> = states.flatten_all()?.to_vec1()?;
        let mut packed = vec![BlockQ8_0::zeros(); states.len() / QK8_0];
        BlockQ8_0::from_float(&states, &mut packed);
        let width = self.inputs / QK8_0;
        let mut products = vec![0.0; rows * self.outputs];
        products.par_chunks_mut(rows * GRAIN).zip(self.blocks.par_chunks(width * GRAIN)).for_each(
            |(products, weights)| {
                for (products, weight) in products.chunks_mut(rows).zip(weights.chunks(width)) {
                    for (product, state) in products.iter_mut().zip(packed.chunks(width)) {
                        *product = BlockQ8_0::vec_dot(self.inputs, weight, state);
                    }
                }
            },
        );
        Tensor::from_vec(products, (self.outputs, rows), &Device::Cpu)?.t()?.contiguous()
    }

    fn dense(&self, states: &Tensor) -> Result<Tensor> {
        let mut weights = vec![0.0; self.inputs * self.outputs];
        weights
            .par_chunks_mut(self.inputs)
            .zip(self.blocks.par_chunks(self.inputs / QK8_0))
            .for_each(|(numbers, blocks)| BlockQ8_0::to_float(blocks, numbers));
        let weights = Tensor::from_vec(weights, (self.outputs, self.inputs), &Device::Cpu)?;
        states.matmul(&weights.t()?)
    }
}

fn unpack(bytes: &[u8], format: GgmlDType, count: usize) -> Result<Vec<f32>> {
    let storage = QStorage::from_data(Cow::Borrowed(bytes), &Device::Cpu, format)?;
    QTensor::new(storage, count)?.dequantize(&Device::Cpu)?.to_vec1()
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    use super::Linear;

    #[test]
    fn both_ways_give_the_same_product() {
        let tensor = |rows, columns| Tensor::randn(0_f32, 1.0, (rows, columns), &Device::Cpu);
        let weight = QTensor::quantize(&tensor(70, 64).unwrap(), GgmlDType::Q8_0).unwrap();
        let bias = QTensor::quantize(&tensor(1, 70).unwrap(), GgmlDType::F32).unwrap();
        let linear = Linear::new(&weight, Some(&bias)).unwrap();
        let states = tensor(50, 64).unwrap();
        let dense = linear.forward(&states).unwrap();
        for row in 0..3 {
            let one = linear.forward(&states.narrow(0, row, 1).unwrap()).unwrap();
            let difference = (one - dense.narrow(0, row, 1).unwrap()).unwrap().abs().unwrap();
            let largest: f32 = difference.max_all().unwrap().to_scalar().unwrap();
            assert!(largest < 0.5, "{largest}");
        }
    }
}
