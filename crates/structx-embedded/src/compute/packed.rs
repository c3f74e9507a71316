//! The quantised weights of a linear layer, rearranged for products.

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Result};
use half::f16;
use memmap2::MmapMut;
use pulp::bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

use super::format::{Block, Format};
use super::{Activations, BLOCK, Lanes, PANEL, portable};

/// 32 bytes of packed weights: half of the codes of some inputs, or a scale or min for each output.
pub type Unit = [u8; 32];

/// Weights in panels of 16 outputs, in these in blocks of 32 inputs. A block has its codes, then its
/// scales, then its mins.
///
/// Codes stand in groups of 4 inputs of 8 outputs. A unit has the low 4 bits of two groups that are 16
/// inputs apart; after these, a unit has the fifth bits of all eight groups, or the fifth and sixth of
/// four. With 8 bits, a unit has a group.
pub struct Packed {
    format: Format,
    outputs: usize,
    blocks: usize,
    units: MmapMut,
}

/// The weights of 16 outputs.
#[derive(Clone, Copy)]
pub struct Panel<'a> {
    pub format: Format,
    pub units: &'a [Unit],
}

impl Packed {
    pub fn new(weight: &QTensor) -> Result<Self> {
        let (outputs, inputs) = weight.shape().dims2()?;
        if !inputs.is_multiple_of(BLOCK) {
            candle_core::bail!("a weight has {inputs} columns, not a multiple of {BLOCK}");
        }
        let Some(format) = Format::new(weight.dtype()) else {
            let numbers = weight.dequantize(&Device::Cpu)?;
            return Self::new(&QTensor::quantize(&numbers, GgmlDType::Q8_0)?);
        };
        let blocks = inputs / BLOCK;
        let (size, per_unit) = format.unit();
        let bytes: Cow<'_, [u8]> = weight.data()?;
        let row = blocks / per_unit * size;
        let mut units = zeroed(outputs.div_ceil(PANEL) * blocks * format.units())?;
        let panels = cast_slice_mut(&mut units).par_chunks_mut(blocks * format.units());
        panels.zip(bytes.par_chunks(PANEL * row)).for_each(|(panel, bytes)| {
            for (block, units) in panel.chunks_exact_mut(format.units()).enumerate() {
                let at = block / per_unit * size;
                for (output, bytes) in bytes.chunks_exact(row).enumerate() {
                    let stored = format.block(&bytes[at..at + size], block % per_unit);
                    pack(format, &stored, output, units);
                }
            }
        });
        Ok(Self { format, outputs, blocks, units })
    }

    pub fn outputs(&self) -> usize {
        self.outputs
    }

    pub fn panels(&self) -> impl Iterator<Item = Panel<'_>> {
        let units = cast_slice(&self.units).chunks_exact(self.blocks * self.format.units());
        units.map(|units| Panel { format: self.format, units })
    }
}

/// Memory for weights, in large pages where the system has them: each token reads all weights.
fn zeroed(units: usize) -> Result<MmapMut> {
    let memory = MmapMut::map_anon(units * size_of::<Unit>())?;
    // Without them, the weights are only read more slowly.
    #[cfg(target_os = "linux")]
    drop(memory.advise(memmap2::Advice::HugePage));
    Ok(memory)
}

impl Panel<'_> {
    /// Adds the products with all rows of `states` to `sums`, one for each row.
    pub fn multiply(self, states: &Activations, sums: &mut [Lanes]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = super::avx512::Vnni::try_new() {
            return super::avx512::multiply(simd, self, states, sums);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            return super::avx2::multiply(simd, self, states, sums);
        }
        portable::multiply(self, states, sums);
    }
}

impl Format {
    /// The units of the codes of a block.
    pub fn code_units(self) -> usize {
        2 * self.bits()
    }

    /// The units of a block.
    pub fn units(self) -> usize {
        self.code_units() + self.scales() + usize::from(self.has_mins())
    }
}

fn pack(format: Format, block: &Block, output: usize, units: &mut [Unit]) {
    let (half, lane) = (output / 8, output % 8);
    for (input, &code) in block.codes.iter().enumerate() {
        let (group, byte) = (input / 4, lane * 4 + input % 4);
        if format.bits() == 8 {
            units[2 * group + half][byte] = code;
            continue;
        }
        units[2 * (group % 4) + half][byte] |= (code & 15) << (4 * (group / 4));
        match format.bits() {
            5 => units[8 + half][byte] |= code >> 4 << group,
            6 => units[8 + 2 * (group / 4) + half][byte] |= code >> 4 << (2 * (group % 4)),
            _ => {}
        }
    }
    let mut write = |unit: usize, number: f32| {
        let bytes = f16::from_f32(number).to_le_bytes();
        units[unit][2 * output..2 * output + 2].copy_from_slice(&bytes);
    };
    for (index, &scale) in block.scales[..format.scales()].iter().enumerate() {
        write(format.code_units() + index, scale);
    }
    if format.has_mins() {
        write(format.code_units() + format.scales(), block.mins[0]);
    }
}
