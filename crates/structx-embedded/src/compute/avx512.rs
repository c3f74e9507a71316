//! The product of a panel on x86-64 with AVX-512 and its dot products of bytes (VNNI): 16 outputs of up to
//! 8 rows at once.

use std::arch::x86_64::{
    __m512, __m512i, _mm512_and_si512, _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_dpbusd_epi32,
    _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_mul_ps, _mm512_or_si512, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi16,
    _mm512_srli_epi16, _mm512_xor_si512,
};

use pulp::bytemuck::cast;

use super::activations::RowsOfBlock;
use super::format::Format;
use super::packed::{Panel, Unit};
use super::{Activations, GROUPS, Lanes};

/// A proof that the processor has the instructions.
#[derive(Clone, Copy)]
pub struct Vnni(());

impl Vnni {
    pub fn try_new() -> Option<Self> {
        let is_available = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        is_available.then_some(Self(()))
    }
}

pub fn multiply(_: Vnni, panel: Panel<'_>, states: &Activations, sums: &mut [Lanes]) {
    let units = panel.units;
    #[expect(unsafe_code, reason = "functions for some processors are unsafe to call for others")]
    // SAFETY: `Vnni` exists only where the processor has the instructions.
    unsafe {
        match panel.format {
            Format::Q4_0 => product::<4, 1, false>(units, states, sums),
            Format::Q5_0 => product::<5, 1, false>(units, states, sums),
            Format::Q8_0 => product::<8, 1, false>(units, states, sums),
            Format::Q4K => product::<4, 1, true>(units, states, sums),
            Format::Q5K => product::<5, 1, true>(units, states, sums),
            Format::Q6K => product::<6, 2, false>(units, states, sums),
        }
    }
}

/// A block of weights in registers.
struct Weights<const SCALES: usize> {
    codes: [__m512i; GROUPS],
    scales: [__m512; SCALES],
    mins: [__m512; SCALES],
}

/// The product for a format with `BITS` of a code, `SCALES` of a block, and `MINS` or an offset.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn product<const BITS: usize, const SCALES: usize, const MINS: bool>(
    units: &[Unit],
    states: &Activations,
    sums: &mut [Lanes],
) {
    let size = 2 * BITS + SCALES + usize::from(MINS);
    for (index, units) in units.chunks_exact(size).enumerate() {
        let weights = weights::<BITS, SCALES, MINS>(units);
        let mut at = 0;
        while at < sums.len() {
            let count = match sums.len() - at {
                8.. => 8,
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
            let states = states.block(index, at..at + count);
            let sums = &mut sums[at..at + count];
            match count {
                8 => add_rows::<8, SCALES>(&weights, states, sums),
                4 => add_rows::<4, SCALES>(&weights, states, sums),
                2 => add_rows::<2, SCALES>(&weights, states, sums),
                _ => add_rows::<1, SCALES>(&weights, states, sums),
            }
            at += count;
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn weights<const BITS: usize, const SCALES: usize, const MINS: bool>(
    units: &[Unit],
) -> Weights<SCALES> {
    let mut scales = [_mm512_setzero_ps(); SCALES];
    let mut mins = scales;
    for part in 0..SCALES {
        scales[part] = _mm512_cvtph_ps(cast(units[2 * BITS + part]));
        mins[part] = if MINS {
            _mm512_cvtph_ps(cast(units[2 * BITS + SCALES]))
        } else {
            _mm512_mul_ps(scales[part], _mm512_set1_ps(f32::from(1_u16 << (BITS - 1))))
        };
    }
    Weights { codes: codes::<BITS>(units), scales, mins }
}

/// The codes of a block, all of them unsigned.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn codes<const BITS: usize>(units: &[Unit]) -> [__m512i; GROUPS] {
    let mut codes = [_mm512_setzero_si512(); GROUPS];
    if BITS == 8 {
        for (group, codes) in codes.iter_mut().enumerate() {
            *codes = _mm512_xor_si512(load(units, 2 * group), _mm512_set1_epi8(i8::MIN));
        }
        return codes;
    }
    let low = _mm512_set1_epi8(15);
    for group in 0..GROUPS / 2 {
        let both = load(units, 2 * group);
        codes[group] = _mm512_and_si512(both, low);
        codes[group + 4] = _mm512_and_si512(_mm512_srli_epi16::<4>(both), low);
    }
    for (group, codes) in codes.iter_mut().enumerate() {
        let high = match BITS {
            5 => {
                let bit = high_bits(load(units, 8), group.cast_signed() - 4);
                _mm512_and_si512(bit, _mm512_set1_epi8(0x10))
            }
            6 => {
                let place = 2 * (group % 4);
                let bits = high_bits(load(units, 8 + 2 * (group / 4)), place.cast_signed() - 4);
                _mm512_and_si512(bits, _mm512_set1_epi8(0x30))
            }
            _ => continue,
        };
        *codes = _mm512_or_si512(*codes, high);
    }
    codes
}

/// Two neighbouring units.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn load(units: &[Unit], at: usize) -> __m512i {
    cast([units[at], units[at + 1]])
}

/// Moves bits by some places: to higher ones if `right` is negative.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn high_bits(bits: __m512i, right: isize) -> __m512i {
    match right {
        -4 => _mm512_slli_epi16::<4>(bits),
        -3 => _mm512_slli_epi16::<3>(bits),
        -2 => _mm512_slli_epi16::<2>(bits),
        -1 => _mm512_slli_epi16::<1>(bits),
        1 => _mm512_srli_epi16::<1>(bits),
        2 => _mm512_srli_epi16::<2>(bits),
        3 => _mm512_srli_epi16::<3>(bits),
        _ => bits,
    }
}

/// Adds the products of `N` rows.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn add_rows<const N: usize, const SCALES: usize>(
    weights: &Weights<SCALES>,
    states: RowsOfBlock<'_>,
    sums: &mut [Lanes],
) {
    let (codes, scales, halves) = (&states.codes[..N], &states.scales[..N], &states.sums[..N]);
    let sums = &mut sums[..N];
    for part in 0..SCALES {
        let mut totals = [_mm512_setzero_si512(); N];
        let groups = part * GROUPS / SCALES..(part + 1) * GROUPS / SCALES;
        for group in groups {
            for row in 0..N {
                let states = _mm512_set1_epi32(codes[row][group]);
                totals[row] = _mm512_dpbusd_epi32(totals[row], weights.codes[group], states);
            }
        }
        for row in 0..N {
            let scale = _mm512_mul_ps(weights.scales[part], _mm512_set1_ps(scales[row]));
            let states =
                if SCALES == 2 { halves[row][part] } else { halves[row][0] + halves[row][1] };
            let sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(totals[row]), scale, cast(sums[row]));
            let sum = _mm512_fnmadd_ps(weights.mins[part], _mm512_set1_ps(states), sum);
            sums[row] = cast(sum);
        }
    }
}
