//! The product of a panel in plain Rust, for any processor.

use half::f16;

use super::packed::{Panel, Unit};
use super::{Activations, GROUPS, Lanes, PANEL};

/// A block of weights: codes by group of 4 inputs, output and input.
struct Weights {
    codes: [[[i32; 4]; PANEL]; GROUPS],
    scales: [Lanes; 2],
    mins: [Lanes; 2],
}

pub fn multiply(panel: Panel<'_>, states: &Activations, sums: &mut [Lanes]) {
    let rows = sums.len();
    for (block, units) in panel.units.chunks_exact(panel.format.units()).enumerate() {
        let weights = unpack(panel, units);
        for (row, sums) in sums.iter_mut().enumerate() {
            let at = block * rows + row;
            let codes = states.codes[at].map(|codes| codes.to_ne_bytes().map(u8::cast_signed));
            for half in 0..2 {
                let mut totals = [0_i32; PANEL];
                let groups = weights.codes[4 * half..][..4].iter().zip(&codes[4 * half..]);
                for (weights, codes) in groups {
                    for (total, weights) in totals.iter_mut().zip(weights) {
                        for (weight, &code) in weights.iter().zip(codes) {
                            *total += weight * i32::from(code);
                        }
                    }
                }
                let (scale, state) = (states.scales[at], states.sums[at][half]);
                for (lane, total) in totals.into_iter().enumerate() {
                    #[expect(clippy::cast_precision_loss, reason = "16 products of bytes")]
                    let total = total as f32 * scale;
                    sums[lane] += weights.scales[half][lane] * total;
                    sums[lane] -= weights.mins[half][lane] * state;
                }
            }
        }
    }
}

fn unpack(panel: Panel<'_>, units: &[Unit]) -> Weights {
    let format = panel.format;
    let mut codes = [[[0; 4]; PANEL]; GROUPS];
    for (group, outputs) in codes.iter_mut().enumerate() {
        for (output, inputs) in outputs.iter_mut().enumerate() {
            let (half, lane) = (output / 8, output % 8);
            for (input, code) in inputs.iter_mut().enumerate() {
                let byte = |unit: usize| units[unit + half][lane * 4 + input];
                let low = || byte(2 * (group % 4)) >> (4 * (group / 4)) & 15;
                *code = match format.bits() {
                    4 => i32::from(low()),
                    5 => i32::from(low() | (byte(8) >> group & 1) << 4),
                    6 => {
                        let high = byte(8 + 2 * (group / 4)) >> (2 * (group % 4)) & 3;
                        i32::from(low() | high << 4)
                    }
                    _ => i32::from(byte(2 * group).cast_signed()),
                };
            }
        }
    }
    let scales = [0, 1].map(|half| numbers(&units[format.code_units() + half % format.scales()]));
    let mins = if format.has_mins() {
        [numbers(&units[format.code_units() + format.scales()]); 2]
    } else {
        scales.map(|scales| scales.map(|scale| scale * format.offset()))
    };
    Weights { codes, scales, mins }
}

fn numbers(unit: &Unit) -> Lanes {
    let mut numbers = [0.0; PANEL];
    for (number, bytes) in numbers.iter_mut().zip(unit.chunks_exact(2)) {
        *number = f16::from_le_bytes([bytes[0], bytes[1]]).to_f32();
    }
    numbers
}
