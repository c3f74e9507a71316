//! Packed products and attention against plain implementations.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use proptest::prelude::*;

use super::elementwise::exp;
use super::packed::{Packed, Panel};
use super::{
    Activations, BLOCK, Heads, KeyValueCache, Lanes, Linear, Matrix, PANEL, Rotary, portable,
};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

const KINDS: [GgmlDType; 8] = [
    GgmlDType::Q4_0,
    GgmlDType::Q5_0,
    GgmlDType::Q8_0,
    GgmlDType::Q4K,
    GgmlDType::Q5K,
    GgmlDType::Q6K,
    // Two that are converted.
    GgmlDType::Q4_1,
    GgmlDType::F16,
];

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "24 bits are exact")]
        let number = (state >> 40) as f32 / 8_388_608.0 - 1.0;
        number
    };
    (0..count).map(|_| next()).collect()
}

fn weights(kind: GgmlDType, outputs: usize, inputs: usize, seed: u64) -> (QTensor, Vec<f32>) {
    let tensor = Tensor::from_vec(numbers(outputs * inputs, seed), (outputs, inputs), &Device::Cpu);
    let weight = QTensor::quantize(&tensor.unwrap(), kind).unwrap();
    let plain = weight.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    (weight, plain)
}

/// The rows as the 8 bits represent them.
fn rounded(states: &[f32]) -> Vec<f32> {
    let round = |block: &[f32]| {
        let scale = block.iter().fold(0.0_f32, |largest, it| largest.max(it.abs())) / 127.0;
        let round = move |number: &f32| (number / scale).round_ties_even() * scale;
        block.iter().map(round).collect::<Vec<_>>()
    };
    states.chunks(BLOCK).flat_map(round).collect()
}

fn plain_product(states: &[f32], weights: &[f32], inputs: usize) -> Vec<f32> {
    let rows = states.chunks(inputs);
    rows.flat_map(|row| {
        weights.chunks(inputs).map(move |weights| row.iter().zip(weights).map(|(a, b)| a * b).sum())
    })
    .collect()
}

/// The products of a panel that this processor can compute.
fn kernels() -> Vec<fn(Panel<'_>, &Activations, &mut [Lanes])> {
    let mut kernels: Vec<fn(Panel<'_>, &Activations, &mut [Lanes])> = vec![portable::multiply];
    #[cfg(target_arch = "x86_64")]
    {
        if avx512::Vnni::try_new().is_some() {
            kernels.push(|panel, states, sums| {
                avx512::multiply(avx512::Vnni::try_new().unwrap(), panel, states, sums);
            });
        }
        if pulp::x86::V3::is_available() {
            kernels.push(|panel, states, sums| {
                avx2::multiply(pulp::x86::V3::try_new().unwrap(), panel, states, sums);
            });
        }
    }
    kernels
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn products_are_those_of_the_numbers(
        kind in prop::sample::select(&KINDS[..]),
        outputs in 1_usize..40,
        units in 1_usize..3,
        rows in 1_usize..10,
        seed: u64,
    ) {
        let inputs = 256 * units;
        let (weight, plain) = weights(kind, outputs, inputs, seed);
        let states = numbers(rows * inputs, !seed);
        let activations = Activations::new(&Matrix::from_rows(rows, &states));
        let bias = QTensor::quantize(
            &Tensor::from_vec(vec![0.5_f32; outputs], outputs, &Device::Cpu).unwrap(),
            GgmlDType::F32,
        );
        let packed = Packed::new(&weight).unwrap();
        let linear = Linear::new(&[(weight, Some(bias.unwrap()))]).unwrap();
        let products = linear.forward(&activations);
        let wanted = plain_product(&rounded(&states), &plain, inputs);
        // Scales have 11 bits, and a number that is converted has 8.
        let most = if matches!(kind, GgmlDType::Q4_1 | GgmlDType::F16) { 0.3 } else { 0.02 };
        for (row, wanted) in wanted.chunks(outputs).enumerate() {
            for (product, wanted) in products.row(row).zip(wanted) {
                prop_assert!((product - 0.5 - wanted).abs() < most, "{product} {wanted}");
            }
        }
        for (index, panel) in packed.panels().enumerate() {
            for kernel in kernels() {
                let mut sums: Vec<Lanes> = vec![[0.0; PANEL]; rows];
                kernel(panel, &activations, &mut sums);
                for (row, sums) in sums.iter().enumerate() {
                    let products = products.row(row).skip(index * PANEL);
                    for (lane, (sum, product)) in sums.iter().zip(products).enumerate() {
                        // The bias is that of outputs, without those that fill the last panel.
                        let bias = if index * PANEL + lane < outputs { 0.5 } else { 0.0 };
                        prop_assert!((sum + bias - product).abs() < 1e-3, "{sum} {product}");
                    }
                }
            }
        }
    }

    #[test]
    fn attention_is_the_weighted_mean_of_the_values(
        rows in 1_usize..8,
        before in 0_usize..40,
        group in 1_usize..4,
        seed: u64,
    ) {
        let heads = Heads { query: 2 * group, key_value: 2, size: 32 };
        let rotary = Rotary::new(64, heads.size, 10_000.0);
        let columns = (heads.query + 2 * heads.key_value) * heads.size;
        let all = numbers((before + rows) * columns, seed);
        let mut cache = KeyValueCache::new(heads);
        // What stood at these positions before is overwritten.
        cache.write(&Matrix::from_rows(before + rows, &numbers(all.len(), !seed)), 0, &rotary, heads);
        if before > 0 {
            cache.write(&Matrix::from_rows(before, &all[..before * columns]), 0, &rotary, heads);
        }
        let states = Matrix::from_rows(rows, &all[before * columns..]);
        cache.write(&states, before, &rotary, heads);
        let mixed = cache.attend(&states, before, &rotary, heads);
        for row in 0..rows {
            let wanted = plain_attention(&all, before + row, columns, &rotary, heads);
            for (number, wanted) in mixed.row(row).zip(wanted) {
                prop_assert!((number - wanted).abs() < 1e-4, "{number} {wanted}");
            }
        }
    }

    #[test]
    fn exponentials_are_exact_to_six_digits(number in -80.0_f32..80.0) {
        for found in [exp::<true>(number), exp::<false>(number)] {
            prop_assert!((found / number.exp() - 1.0).abs() < 1e-6, "{found}");
        }
    }
}

/// The attention of the last of some rows, by its definition.
fn plain_attention(
    all: &[f32],
    last: usize,
    columns: usize,
    rotary: &Rotary,
    heads: Heads,
) -> Vec<f32> {
    let head = |position: usize, index: usize| {
        let numbers = &all[position * columns + index * heads.size..][..heads.size];
        let mut numbers = numbers.to_vec();
        if index < heads.query + heads.key_value {
            rotary.turn(&mut numbers, position);
        }
        numbers
    };
    let mut mixed = Vec::new();
    for query in 0..heads.query {
        let shared = query / (heads.query / heads.key_value);
        let own = head(last, query);
        let score = |position: usize| {
            let key = head(position, heads.query + shared);
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let root = (heads.size as f32).sqrt();
            (own.iter().zip(key).map(|(a, b)| a * b).sum::<f32>() / root).exp()
        };
        let scores: Vec<f32> = (0..=last).map(score).collect();
        let total: f32 = scores.iter().sum();
        let mut sums = vec![0.0; heads.size];
        for (position, score) in scores.iter().enumerate() {
            let value = head(position, heads.query + heads.key_value + shared);
            for (sum, number) in sums.iter_mut().zip(value) {
                *sum += score / total * number;
            }
        }
        mixed.extend(sums);
    }
    mixed
}
