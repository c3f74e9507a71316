//! The Qwen2 architecture with quantised weights and a key-value cache that can be truncated to any
//! position.

use std::io::{Read, Seek};

use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::{DType, Device, Error, Result, Tensor};
use rayon::prelude::*;

use super::compute::{Activations, Heads, KeyValueCache, Linear, Matrix, Norm, Rotary, gated};

/// The most rows of a tile, on which one thread works: enough to unpack weights seldom, and so few that
/// their states stay in the cache of a core.
const TILE: usize = 64;

pub struct Qwen2 {
    embedding: QTensor,
    layers: Vec<Layer>,
    norm: Norm,
    output: Linear,
    rotary: Rotary,
    heads: Heads,
    vocabulary: usize,
}

impl Qwen2 {
    /// Loads the weights; positions must stay below `context`.
    pub fn load(content: &Content, file: &mut (impl Read + Seek), context: usize) -> Result<Self> {
        let number = |key: &str| -> Result<usize> {
            Ok(metadata(content, &format!("qwen2.{key}"))?.to_u32()? as usize)
        };
        let query = number("attention.head_count")?;
        let key_value = number("attention.head_count_kv")?;
        if query == 0 || key_value == 0 || !query.is_multiple_of(key_value) {
            candle_core::bail!("{query} heads can't share {key_value} key-value heads");
        }
        let heads = Heads { query, key_value, size: number("embedding_length")? / query };
        if !heads.size.is_multiple_of(16) {
            candle_core::bail!("a head has {} numbers, not a multiple of 16", heads.size);
        }
        let epsilon = metadata(content, "qwen2.attention.layer_norm_rms_epsilon")?.to_f32()?;
        let base = metadata(content, "qwen2.rope.freq_base")?.to_f32()?;

        let mut weights = Weights { content, file, epsilon };
        let embedding = weights.tensor("token_embd.weight")?;
        let vocabulary = embedding.shape().dims2()?.0;
        let has_output = content.tensor_infos.contains_key("output.weight");
        let output = weights.linear(&[if has_output { "output" } else { "token_embd" }])?;
        let layers = (0..number("block_count")?)
            .map(|index| Layer::load(&mut weights, index, heads))
            .collect::<Result<_>>()?;
        let norm = weights.norm("output_norm")?;
        let rotary = Rotary::new(context, heads.size, base);
        Ok(Self { embedding, layers, norm, output, rotary, heads, vocabulary })
    }

    /// Runs `tokens` at `position` and returns the logits of the next token. All earlier positions must be
    /// in the cache. Fails if `is_cancelled`, which is checked before each layer.
    pub fn forward(
        &mut self,
        tokens: &[u32],
        position: usize,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>> {
        let mut tiles = self.embed(tokens, position)?;
        for layer in &mut self.layers {
            if is_cancelled() {
                candle_core::bail!("the request was cancelled");
            }
            layer.forward(&mut tiles, &self.rotary, self.heads);
        }
        let last = tiles.last().map(|tile| tile.states.row(tile.states.rows - 1).collect());
        let last: Vec<f32> = last.unwrap_or_default();
        let last = self.norm.forward(&Matrix::from_rows(1, &last));
        let logits = self.output.forward(&Activations::new(&last));
        Ok(logits.row(0).take(self.vocabulary).collect())
    }

    fn embed(&self, tokens: &[u32], position: usize) -> Result<Vec<Tile>> {
        let rows = tokens.len().div_ceil(4 * rayon::current_num_threads()).next_multiple_of(4);
        let rows = rows.clamp(16, TILE);
        let tiles = tokens.chunks(rows).enumerate().map(|(index, tokens)| {
            let states = self.embedding.embedding(&Tensor::new(tokens, &Device::Cpu)?)?;
            let states: Vec<f32> = states.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
            let states = Matrix::from_rows(tokens.len(), &states);
            Ok(Tile { states, position: position + index * rows })
        });
        tiles.collect()
    }
}

/// The states of some neighbouring tokens.
struct Tile {
    states: Matrix,
    position: usize,
}

struct Layer {
    attention_norm: Norm,
    query_key_value: Linear,
    output: Linear,
    cache: KeyValueCache,
    feed_norm: Norm,
    gate_up: Linear,
    down: Linear,
}

impl Layer {
    fn load(
        weights: &mut Weights<'_, impl Read + Seek>,
        index: usize,
        heads: Heads,
    ) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let (query, key, value) = (&name("attn_q"), &name("attn_k"), &name("attn_v"));
        Ok(Self {
            attention_norm: weights.norm(&name("attn_norm"))?,
            query_key_value: weights.linear(&[query, key, value])?,
            output: weights.linear(&[&name("attn_output")])?,
            cache: KeyValueCache::new(heads),
            feed_norm: weights.norm(&name("ffn_norm"))?,
            gate_up: weights.linear(&[&name("ffn_gate"), &name("ffn_up")])?,
            down: weights.linear(&[&name("ffn_down")])?,
        })
    }

    fn forward(&mut self, tiles: &mut [Tile], rotary: &Rotary, heads: Heads) {
        let project = |tile: &Tile| {
            let normed = self.attention_norm.forward(&tile.states);
            self.query_key_value.forward(&Activations::new(&normed))
        };
        let projected: Vec<Matrix> = tiles.par_iter().map(project).collect();
        for (tile, projected) in tiles.iter().zip(&projected) {
            self.cache.write(projected, tile.position, rotary, heads);
        }
        tiles.par_iter_mut().zip(&projected).for_each(|(tile, projected)| {
            let mixed = self.cache.attend(projected, tile.position, rotary, heads);
            self.output.add(&Activations::new(&mixed), &mut tile.states);
            let normed = self.feed_norm.forward(&tile.states);
            let fed = gated(self.gate_up.forward(&Activations::new(&normed)));
            self.down.add(&Activations::new(&fed), &mut tile.states);
        });
    }
}

struct Weights<'a, F> {
    content: &'a Content,
    file: &'a mut F,
    epsilon: f32,
}

impl<F: Read + Seek> Weights<'_, F> {
    fn tensor(&mut self, name: &str) -> Result<QTensor> {
        self.content.tensor(self.file, name, &Device::Cpu)
    }

    fn norm(&mut self, name: &str) -> Result<Norm> {
        let weight = self.tensor(&format!("{name}.weight"))?.dequantize(&Device::Cpu)?;
        Ok(Norm::new(&weight.to_vec1::<f32>()?, self.epsilon))
    }

    fn linear(&mut self, names: &[&str]) -> Result<Linear> {
        let mut layers = Vec::new();
        for name in names {
            let weight = self.tensor(&format!("{name}.weight"))?;
            let bias = format!("{name}.bias");
            let has_bias = self.content.tensor_infos.contains_key(&bias);
            let bias = if has_bias { Some(self.tensor(&bias)?) } else { None };
            layers.push((weight, bias));
        }
        Linear::new(&layers)
    }
}

fn metadata<'a>(content: &'a Content, key: &str) -> Result<&'a Value> {
    content.metadata.get(key).ok_or_else(|| Error::Msg(format!("its metadata has no `{key}`")))
}
