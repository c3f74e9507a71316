//! The arithmetic of the model: products with quantised weights, attention, and what stands between them.
//!
//! Matrices are stored in panels of 16 columns, so that 16 outputs of a row are computed and stored
//! together. Weights keep the bits of the file, rearranged for that; states are rounded to 8 bits
//! before a product, so that it runs on integers.
#![expect(
    clippy::inline_always,
    reason = "what a kernel calls is compiled with it for each kind of processor"
)]

mod activations;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod elementwise;
mod format;
mod linear;
mod matrix;
mod packed;
mod portable;
#[cfg(test)]
mod tests;

pub use activations::Activations;
pub use attention::{Heads, KeyValueCache};
pub use elementwise::{Norm, Rotary, gated};
pub use linear::Linear;
pub use matrix::Matrix;

/// The columns of a panel: the outputs that one step of a product computes for a row.
const PANEL: usize = 16;
/// The inputs that share a scale.
const BLOCK: usize = 32;
/// The groups of 4 inputs of a block, whose products with codes one instruction adds.
const GROUPS: usize = BLOCK / 4;
/// Adding it to a small number leaves the nearest integer in the lowest bits (ties to even).
const ROUND: f32 = 12_582_912.0;

/// 16 neighbouring numbers of a row.
type Lanes = [f32; PANEL];

/// A computation that the compiler vectorises. `FUSED` says that the processor multiplies and adds in
/// one instruction.
trait Kernel {
    type Output;

    /// Must be `#[inline(always)]`, as what it calls, to be compiled for each kind of processor.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs a kernel with the best instructions of this processor.
fn vectorized<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return simd.vectorize(
            #[inline(always)]
            || kernel.run::<true>(),
        );
    }
    kernel.run::<{ cfg!(target_arch = "aarch64") }>()
}

/// `a * b + c`.
#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
