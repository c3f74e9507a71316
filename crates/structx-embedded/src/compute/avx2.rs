//! The product of a panel on x86-64 with AVX2: 16 outputs of up to 4 rows at once.

use std::arch::x86_64::{__m128i, __m256, __m256i};

use pulp::NullaryFnOnce;
use pulp::bytemuck::cast;
use pulp::x86::V3;

use super::activations::RowsOfBlock;
use super::format::Format;
use super::packed::{Panel, Unit};
use super::{Activations, GROUPS, Lanes};

/// The rows that are multiplied at once.
const ROWS: usize = 4;

/// The codes of a block, by group and half of the outputs.
type Codes = [[__m256i; 2]; GROUPS];

pub fn multiply(simd: V3, panel: Panel<'_>, states: &Activations, sums: &mut [Lanes]) {
    let units = panel.units;
    match panel.format {
        Format::Q4_0 => simd.vectorize(Product::<4, 1, false> { simd, units, states, sums }),
        Format::Q5_0 => simd.vectorize(Product::<5, 1, false> { simd, units, states, sums }),
        Format::Q8_0 => simd.vectorize(Product::<8, 1, false> { simd, units, states, sums }),
        Format::Q4K => simd.vectorize(Product::<4, 1, true> { simd, units, states, sums }),
        Format::Q5K => simd.vectorize(Product::<5, 1, true> { simd, units, states, sums }),
        Format::Q6K => simd.vectorize(Product::<6, 2, false> { simd, units, states, sums }),
    }
}

/// The product for a format with `BITS` of a code, `SCALES` of a block, and `MINS` or an offset.
struct Product<'a, const BITS: usize, const SCALES: usize, const MINS: bool> {
    simd: V3,
    units: &'a [Unit],
    states: &'a Activations,
    sums: &'a mut [Lanes],
}

/// A block of weights in registers.
struct Weights<const SCALES: usize> {
    codes: Codes,
    scales: [[__m256; 2]; SCALES],
    mins: [[__m256; 2]; SCALES],
}

impl<const BITS: usize, const SCALES: usize, const MINS: bool> NullaryFnOnce
    for Product<'_, BITS, SCALES, MINS>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, units, states, sums } = self;
        let rows = sums.len();
        let size = 2 * BITS + SCALES + usize::from(MINS);
        if rows == 1 {
            // A loop of its own, so that the codes of a block need not all be in registers at once.
            for (index, units) in units.chunks_exact(size).enumerate() {
                let weights = Self::weights(simd, units);
                Self::rows::<1>(simd, &weights, states.block(index, 0..1), sums);
            }
            return;
        }
        for (index, units) in units.chunks_exact(size).enumerate() {
            let weights = Self::weights(simd, units);
            let mut at = 0;
            while at < rows {
                let some = at..rows.min(at + ROWS);
                let (states, sums) = (states.block(index, some.clone()), &mut sums[some]);
                match sums.len() {
                    1 => Self::rows::<1>(simd, &weights, states, sums),
                    2 => Self::rows::<2>(simd, &weights, states, sums),
                    3 => Self::rows::<3>(simd, &weights, states, sums),
                    _ => Self::rows::<ROWS>(simd, &weights, states, sums),
                }
                at += ROWS;
            }
        }
    }
}

impl<const BITS: usize, const SCALES: usize, const MINS: bool> Product<'_, BITS, SCALES, MINS> {
    /// How many products of a code and a state of 8 bits, of 2 inputs each, fit into 16 bits.
    const FITTING: usize = match BITS {
        4 => 8,
        5 => 4,
        6 => 2,
        _ => 1,
    };

    #[inline(always)]
    fn weights(simd: V3, units: &[Unit]) -> Weights<SCALES> {
        let mut scales = [[simd.avx._mm256_setzero_ps(); 2]; SCALES];
        let mut mins = scales;
        for part in 0..SCALES {
            scales[part] = numbers(simd, &units[2 * BITS + part]);
            if MINS {
                mins[part] = numbers(simd, &units[2 * BITS + SCALES]);
            } else {
                let offset = simd.avx._mm256_set1_ps(f32::from(1_u16 << (BITS - 1)));
                for half in 0..2 {
                    mins[part][half] = simd.avx._mm256_mul_ps(scales[part][half], offset);
                }
            }
        }
        Weights { codes: Self::codes(simd, units), scales, mins }
    }

    #[inline(always)]
    fn codes(simd: V3, units: &[Unit]) -> Codes {
        let (avx, avx2) = (simd.avx, simd.avx2);
        let zero = avx._mm256_setzero_si256();
        let mut codes = [[zero; 2]; GROUPS];
        if BITS == 8 {
            for group in 0..GROUPS {
                codes[group] = [load(&units[2 * group]), load(&units[2 * group + 1])];
            }
            return codes;
        }
        let low = avx._mm256_set1_epi8(15);
        for group in 0..GROUPS / 2 {
            for half in 0..2 {
                let both = load(&units[2 * group + half]);
                codes[group][half] = avx2._mm256_and_si256(both, low);
                let high = avx2._mm256_srli_epi16::<4>(both);
                codes[group + 4][half] = avx2._mm256_and_si256(high, low);
            }
        }
        for group in 0..GROUPS {
            for half in 0..2 {
                let high = match BITS {
                    5 => fifth_bits(simd, load(&units[8 + half]), group),
                    6 => two_bits(simd, load(&units[8 + 2 * (group / 4) + half]), group % 4),
                    _ => continue,
                };
                codes[group][half] = avx2._mm256_or_si256(codes[group][half], high);
            }
        }
        codes
    }

    /// Adds the products of `N` rows.
    #[inline(always)]
    fn rows<const N: usize>(
        simd: V3,
        weights: &Weights<SCALES>,
        states: RowsOfBlock<'_>,
        sums: &mut [Lanes],
    ) {
        let (avx, fma) = (simd.avx, simd.fma);
        let (codes, scales, halves) = (&states.codes[..N], &states.scales[..N], &states.sums[..N]);
        let sums = &mut sums[..N];
        for part in 0..SCALES {
            let groups = part * GROUPS / SCALES..(part + 1) * GROUPS / SCALES;
            let totals = Self::integers::<N>(simd, &weights.codes, groups, codes);
            for row in 0..N {
                let mut sum: [__m256; 2] = cast(sums[row]);
                let scale = avx._mm256_set1_ps(scales[row]);
                let states =
                    if SCALES == 2 { halves[row][part] } else { halves[row][0] + halves[row][1] };
                let states = avx._mm256_set1_ps(states);
                for half in 0..2 {
                    let total = avx._mm256_cvtepi32_ps(totals[row][half]);
                    let scale = avx._mm256_mul_ps(weights.scales[part][half], scale);
                    sum[half] = fma._mm256_fmadd_ps(total, scale, sum[half]);
                    if BITS != 8 {
                        let min = weights.mins[part][half];
                        sum[half] = fma._mm256_fnmadd_ps(min, states, sum[half]);
                    }
                }
                sums[row] = cast(sum);
            }
        }
    }

    /// The sums over some groups of codes times states.
    #[inline(always)]
    fn integers<const N: usize>(
        simd: V3,
        weights: &Codes,
        groups: std::ops::Range<usize>,
        codes: &[[i32; GROUPS]],
    ) -> [[__m256i; 2]; N] {
        let (avx, avx2) = (simd.avx, simd.avx2);
        let zero = avx._mm256_setzero_si256();
        let ones = avx._mm256_set1_epi16(1);
        let mut totals = [[zero; 2]; N];
        for start in groups.clone().step_by(Self::FITTING) {
            let mut short = [[zero; 2]; N];
            for group in start..start + Self::FITTING {
                for row in 0..N {
                    let states = avx._mm256_set1_epi32(codes[row][group]);
                    for half in 0..2 {
                        let product = Self::product(simd, weights[group][half], states);
                        short[row][half] = avx2._mm256_add_epi16(short[row][half], product);
                    }
                }
            }
            for row in 0..N {
                for half in 0..2 {
                    let pairs = avx2._mm256_madd_epi16(short[row][half], ones);
                    totals[row][half] = avx2._mm256_add_epi32(totals[row][half], pairs);
                }
            }
        }
        totals
    }

    /// The sums of 2 neighbouring products, in 16 bits.
    #[inline(always)]
    fn product(simd: V3, weights: __m256i, states: __m256i) -> __m256i {
        let avx2 = simd.avx2;
        if BITS == 8 {
            // The instruction takes unsigned codes, so their signs move to the states.
            let magnitudes = avx2._mm256_abs_epi8(weights);
            return avx2._mm256_maddubs_epi16(magnitudes, avx2._mm256_sign_epi8(states, weights));
        }
        avx2._mm256_maddubs_epi16(weights, states)
    }
}

#[inline(always)]
fn load(unit: &Unit) -> __m256i {
    cast(*unit)
}

/// 16 numbers from their 16-bit form. (In a closure of `map`, each instruction would be a call: closures
/// are not compiled for the processor of the kernel.)
#[inline(always)]
fn numbers(simd: V3, unit: &Unit) -> [__m256; 2] {
    let [low, high]: [__m128i; 2] = cast(*unit);
    [eight_numbers(simd, low), eight_numbers(simd, high)]
}

/// The bits of exponent and mantissa move to those of 32 bits, and the product corrects the bias of the
/// exponent. Infinity and NaN are not in the weights of a model.
#[inline(always)]
fn eight_numbers(simd: V3, bits: __m128i) -> __m256 {
    let (avx, avx2) = (simd.avx, simd.avx2);
    let wide = avx2._mm256_slli_epi32::<13>(avx2._mm256_cvtepi16_epi32(bits));
    let kept = avx._mm256_set1_epi32(0x8FFF_E000_u32.cast_signed());
    let number: __m256 = cast(avx2._mm256_and_si256(wide, kept));
    avx._mm256_mul_ps(number, avx._mm256_set1_ps(f32::from_bits((127 + 112) << 23)))
}

/// Bit `group` of each byte, as its fifth.
#[inline(always)]
fn fifth_bits(simd: V3, bits: __m256i, group: usize) -> __m256i {
    let (avx, avx2) = (simd.avx, simd.avx2);
    let moved = match group {
        0 => avx2._mm256_slli_epi16::<4>(bits),
        1 => avx2._mm256_slli_epi16::<3>(bits),
        2 => avx2._mm256_slli_epi16::<2>(bits),
        3 => avx2._mm256_slli_epi16::<1>(bits),
        4 => bits,
        5 => avx2._mm256_srli_epi16::<1>(bits),
        6 => avx2._mm256_srli_epi16::<2>(bits),
        _ => avx2._mm256_srli_epi16::<3>(bits),
    };
    avx2._mm256_and_si256(moved, avx._mm256_set1_epi8(0x10))
}

/// Bits `2 * group` and the next of each byte, as its fifth and sixth.
#[inline(always)]
fn two_bits(simd: V3, bits: __m256i, group: usize) -> __m256i {
    let (avx, avx2) = (simd.avx, simd.avx2);
    let moved = match group {
        0 => avx2._mm256_slli_epi16::<4>(bits),
        1 => avx2._mm256_slli_epi16::<2>(bits),
        2 => bits,
        _ => avx2._mm256_srli_epi16::<2>(bits),
    };
    avx2._mm256_and_si256(moved, avx._mm256_set1_epi8(0x30))
}
