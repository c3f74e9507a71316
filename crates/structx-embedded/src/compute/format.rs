//! The quantised formats of GGUF files: how a block of 32 weights is stored.

use candle_core::quantized::GgmlDType;
use half::f16;

use super::BLOCK;

/// The formats that keep their bits; weights of others are converted to 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Q4_0,
    Q5_0,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

/// 32 weights of one output. The weight of a code is `scale * code - min`, with the scale and min of
/// its half.
pub struct Block {
    /// Unsigned; with 8 bits, signed in two's complement.
    pub codes: [u8; BLOCK],
    pub scales: [f32; 2],
    pub mins: [f32; 2],
}

impl Format {
    pub fn new(kind: GgmlDType) -> Option<Self> {
        match kind {
            GgmlDType::Q4_0 => Some(Self::Q4_0),
            GgmlDType::Q5_0 => Some(Self::Q5_0),
            GgmlDType::Q8_0 => Some(Self::Q8_0),
            GgmlDType::Q4K => Some(Self::Q4K),
            GgmlDType::Q5K => Some(Self::Q5K),
            GgmlDType::Q6K => Some(Self::Q6K),
            _ => None,
        }
    }

    /// The bits of a code.
    pub fn bits(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q4K => 4,
            Self::Q5_0 | Self::Q5K => 5,
            Self::Q6K => 6,
            Self::Q8_0 => 8,
        }
    }

    /// Whether blocks store their own mins. Else the min is the scale times [`Format::offset`].
    pub fn has_mins(self) -> bool {
        matches!(self, Self::Q4K | Self::Q5K)
    }

    /// The number of scales of a block: one, or one for each half.
    pub fn scales(self) -> usize {
        if self == Self::Q6K { 2 } else { 1 }
    }

    /// The code that means zero in a format without mins.
    pub fn offset(self) -> f32 {
        match self {
            Self::Q4_0 => 8.0,
            Self::Q5_0 => 16.0,
            Self::Q6K => 32.0,
            Self::Q8_0 | Self::Q4K | Self::Q5K => 0.0,
        }
    }

    /// The bytes and the blocks of a unit of storage.
    pub fn unit(self) -> (usize, usize) {
        match self {
            Self::Q4_0 => (18, 1),
            Self::Q5_0 => (22, 1),
            Self::Q8_0 => (34, 1),
            Self::Q4K => (144, 8),
            Self::Q5K => (176, 8),
            Self::Q6K => (210, 8),
        }
    }

    /// Block `index` of a unit of storage. The layouts are those of ggml's `ggml-common.h`.
    pub fn block(self, unit: &[u8], index: usize) -> Block {
        match self {
            Self::Q4_0 => self.even(half(unit, 0), nibbles(&unit[2..18])),
            Self::Q5_0 => {
                let mut codes = nibbles(&unit[6..22]);
                for (index, code) in codes.iter_mut().enumerate() {
                    *code |= (unit[2 + index / 8] >> (index % 8) & 1) << 4;
                }
                self.even(half(unit, 0), codes)
            }
            Self::Q8_0 => {
                let mut codes = [0; BLOCK];
                codes.copy_from_slice(&unit[2..34]);
                self.even(half(unit, 0), codes)
            }
            Self::Q4K => {
                let codes = quarter(&unit[16 + index / 2 * BLOCK..], index % 2);
                with_min(unit, index, codes)
            }
            Self::Q5K => {
                let mut codes = quarter(&unit[48 + index / 2 * BLOCK..], index % 2);
                for (code, high) in codes.iter_mut().zip(&unit[16..48]) {
                    *code |= (high >> index & 1) << 4;
                }
                with_min(unit, index, codes)
            }
            Self::Q6K => self.six_bits(unit, index),
        }
    }

    fn six_bits(self, unit: &[u8], index: usize) -> Block {
        let (part, place) = (index / 4, index % 4);
        let mut codes = quarter(&unit[part * 64 + place % 2 * BLOCK..], place / 2);
        for (code, high) in codes.iter_mut().zip(&unit[128 + part * BLOCK..]) {
            *code |= (high >> (2 * place) & 3) << 4;
        }
        let scale = half(unit, 208);
        let scales =
            [0, 1].map(|half| scale * f32::from(unit[192 + 2 * index + half].cast_signed()));
        Block { codes, scales, mins: scales.map(|scale| scale * self.offset()) }
    }

    /// A block with one scale and no min of its own.
    fn even(self, scale: f32, codes: [u8; BLOCK]) -> Block {
        Block { codes, scales: [scale; 2], mins: [scale * self.offset(); 2] }
    }
}

fn half(unit: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([unit[at], unit[at + 1]]).to_f32()
}

/// 32 codes from 16 bytes: first all low nibbles, then all high ones.
fn nibbles(bytes: &[u8]) -> [u8; BLOCK] {
    let mut codes = [0; BLOCK];
    for (index, byte) in bytes.iter().enumerate() {
        codes[index] = byte & 15;
        codes[index + BLOCK / 2] = byte >> 4;
    }
    codes
}

/// 32 codes from the low nibbles (`place` 0) or the high ones of 32 bytes.
fn quarter(bytes: &[u8], place: usize) -> [u8; BLOCK] {
    let mut codes = [0; BLOCK];
    for (code, byte) in codes.iter_mut().zip(bytes) {
        *code = byte >> (4 * place) & 15;
    }
    codes
}

/// A block of a unit with 6-bit scales and mins, of which the last four have their two highest bits in
/// the first eight bytes.
fn with_min(unit: &[u8], index: usize, codes: [u8; BLOCK]) -> Block {
    let packed = &unit[4..16];
    let (scale, min) = if index < 4 {
        (packed[index] & 63, packed[index + 4] & 63)
    } else {
        let low = packed[index + 4];
        (low & 15 | packed[index - 4] >> 6 << 4, low >> 4 | packed[index] >> 6 << 4)
    };
    let scale = half(unit, 0) * f32::from(scale);
    let min = half(unit, 2) * f32::from(min);
    Block { codes, scales: [scale; 2], mins: [min; 2] }
}
