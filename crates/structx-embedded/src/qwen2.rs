//! The Qwen2 architecture on candle, with quantised weights and a key-value cache that grows in steps and
//! can be truncated to any position.

use std::io::{Read, Seek};

use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::{DType, Device, Error, IndexOp, Result, Tensor};
use candle_nn::{ops, rotary_emb};

use super::linear::Linear;

/// The number of positions by which the key-value cache grows. Chosen by hand, not measured.
const CACHE_STEP: usize = 1024;

pub struct Qwen2 {
    embedding: QTensor,
    layers: Vec<Layer>,
    norm: Norm,
    output: Linear,
    /// Cosines and sines of the rotary embedding, one row for each position.
    rotary: (Tensor, Tensor),
    heads: Heads,
}

#[derive(Clone, Copy)]
struct Heads {
    query: usize,
    key_value: usize,
    size: usize,
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
        let epsilon = metadata(content, "qwen2.attention.layer_norm_rms_epsilon")?.to_f32()?;
        let base = metadata(content, "qwen2.rope.freq_base")?.to_f32()?;

        let mut weights = Weights { content, file, epsilon };
        let embedding = weights.tensor("token_embd.weight")?;
        let output = if content.tensor_infos.contains_key("output.weight") {
            weights.linear("output")?
        } else {
            Linear::new(&embedding, None)?
        };
        let layers = (0..number("block_count")?)
            .map(|index| Layer::load(&mut weights, index, heads))
            .collect::<Result<_>>()?;
        let norm = weights.norm("output_norm")?;
        let rotary = rotary_tables(context, heads.size, base)?;
        Ok(Self { embedding, layers, norm, output, rotary, heads })
    }

    /// Runs `tokens` at `position` and returns the logits of the next token. All earlier positions must be
    /// in the cache. Fails if `is_cancelled`, which is checked before each layer.
    pub fn forward(
        &mut self,
        tokens: &[u32],
        position: usize,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>> {
        let rows = tokens.len();
        let ids = Tensor::new(tokens, &Device::Cpu)?;
        let mut states = self.embedding.embedding(&ids)?.to_dtype(DType::F32)?;
        let mask = if rows == 1 { None } else { Some(causal_mask(rows, position)?) };
        let rotary =
            (self.rotary.0.narrow(0, position, rows)?, self.rotary.1.narrow(0, position, rows)?);
        for layer in &mut self.layers {
            if is_cancelled() {
                candle_core::bail!("the request was cancelled");
            }
            states = layer.forward(&states, position, mask.as_ref(), &rotary, self.heads)?;
        }
        let last = self.norm.forward(&states.i(rows - 1..rows)?)?;
        self.output.forward(&last)?.flatten_all()?.to_vec1()
    }
}

struct Layer {
    attention_norm: Norm,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    cache: Cache,
    feed_norm: Norm,
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl Layer {
    fn load(
        weights: &mut Weights<'_, impl Read + Seek>,
        index: usize,
        heads: Heads,
    ) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.{part}");
        Ok(Self {
            attention_norm: weights.norm(&name("attn_norm"))?,
            query: weights.linear(&name("attn_q"))?,
            key: weights.linear(&name("attn_k"))?,
            value: weights.linear(&name("attn_v"))?,
            output: weights.linear(&name("attn_output"))?,
            cache: Cache::new(heads)?,
            feed_norm: weights.norm(&name("ffn_norm"))?,
            gate: weights.linear(&name("ffn_gate"))?,
            up: weights.linear(&name("ffn_up"))?,
            down: weights.linear(&name("ffn_down"))?,
        })
    }

    fn forward(
        &mut self,
        states: &Tensor,
        position: usize,
        mask: Option<&Tensor>,
        rotary: &(Tensor, Tensor),
        heads: Heads,
    ) -> Result<Tensor> {
        let normed = self.attention_norm.forward(states)?;
        let attended = self.attend(&normed, position, mask, rotary, heads)?;
        let states = (states + attended)?;
        let normed = self.feed_norm.forward(&states)?;
        let gated = (ops::silu(&self.gate.forward(&normed)?)? * self.up.forward(&normed)?)?;
        states + self.down.forward(&gated)?
    }

    /// Grouped-query attention: the query heads that share a key-value head are stacked as rows,
    /// so that keys and values are never repeated.
    fn attend(
        &mut self,
        states: &Tensor,
        position: usize,
        mask: Option<&Tensor>,
        (cosines, sines): &(Tensor, Tensor),
        heads: Heads,
    ) -> Result<Tensor> {
        let rows = states.dim(0)?;
        let split = |tensor: Tensor, count: usize| -> Result<Tensor> {
            tensor.reshape((1, rows, count, heads.size))?.transpose(1, 2)?.contiguous()
        };
        let query = split(self.query.forward(states)?, heads.query)?;
        let key = split(self.key.forward(states)?, heads.key_value)?;
        let value = split(self.value.forward(states)?, heads.key_value)?;
        #[expect(clippy::cast_precision_loss, reason = "a head has some hundred dimensions")]
        let scale = 1.0 / (heads.size as f64).sqrt();
        let query = (rotary_emb::rope(&query, cosines, sines)? * scale)?;
        let key = rotary_emb::rope(&key, cosines, sines)?;
        let (keys, values) = self.cache.append(&key, &value, position)?;

        let group = heads.query / heads.key_value;
        let length = position + rows;
        let query = query.reshape((1, heads.key_value, group * rows, heads.size))?;
        let scores = query.matmul(&keys.t()?)?;
        let scores = scores.reshape((heads.key_value, group, rows, length))?;
        let scores = match mask {
            Some(mask) => scores.broadcast_add(mask)?,
            None => scores,
        };
        let weights = ops::softmax_last_dim(&scores)?;
        let weights = weights.reshape((1, heads.key_value, group * rows, length))?;
        let mixed = weights.matmul(&values)?.reshape((1, heads.query, rows, heads.size))?;
        self.output.forward(&mixed.transpose(1, 2)?.reshape((rows, heads.query * heads.size))?)
    }
}

/// The keys and values of one layer, `(1, heads, positions, size)`.
struct Cache {
    keys: Tensor,
    values: Tensor,
}

impl Cache {
    fn new(heads: Heads) -> Result<Self> {
        let empty = || {
            let shape = (1, heads.key_value, CACHE_STEP, heads.size);
            Tensor::zeros(shape, DType::F32, &Device::Cpu)
        };
        Ok(Self { keys: empty()?, values: empty()? })
    }

    /// Overwrites the cache from `position` on, and returns its content up to the new end.
    fn append(
        &mut self,
        key: &Tensor,
        value: &Tensor,
        position: usize,
    ) -> Result<(Tensor, Tensor)> {
        let length = position + key.dim(2)?;
        let write = |store: &mut Tensor, new: &Tensor| -> Result<Tensor> {
            let (one, heads, capacity, size) = store.dims4()?;
            if length > capacity {
                let capacity = length.next_multiple_of(CACHE_STEP);
                let larger = Tensor::zeros((one, heads, capacity, size), DType::F32, &Device::Cpu)?;
                larger.slice_set(&store.narrow(2, 0, position)?.contiguous()?, 2, 0)?;
                *store = larger;
            }
            store.slice_set(new, 2, position)?;
            store.narrow(2, 0, length)
        };
        Ok((write(&mut self.keys, key)?, write(&mut self.values, value)?))
    }
}

struct Norm {
    weight: Tensor,
    epsilon: f32,
}

impl Norm {
    fn forward(&self, states: &Tensor) -> Result<Tensor> {
        ops::rms_norm(&states.contiguous()?, &self.weight, self.epsilon)
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
        Ok(Norm { weight, epsilon: self.epsilon })
    }

    fn linear(&mut self, name: &str) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        let bias = format!("{name}.bias");
        if self.content.tensor_infos.contains_key(&bias) {
            return Linear::new(&weight, Some(&self.tensor(&bias)?));
        }
        Linear::new(&weight, None)
    }
}

fn metadata<'a>(content: &'a Content, key: &str) -> Result<&'a Value> {
    content.metadata.get(key).ok_or_else(|| Error::Msg(format!("its metadata has no `{key}`")))
}

/// Minus infinity for each position after the row's own.
fn causal_mask(rows: usize, position: usize) -> Result<Tensor> {
    let length = position + rows;
    let mask: Vec<f32> = (0..rows)
        .flat_map(|row| {
            (0..length)
                .map(move |column| if column > position + row { f32::NEG_INFINITY } else { 0.0 })
        })
        .collect();
    Tensor::from_vec(mask, (1, 1, rows, length), &Device::Cpu)
}

#[expect(clippy::cast_precision_loss, reason = "positions and dimensions are small numbers")]
fn rotary_tables(context: usize, size: usize, base: f32) -> Result<(Tensor, Tensor)> {
    let frequencies: Vec<f32> =
        (0..size).step_by(2).map(|index| base.powf(-(index as f32) / size as f32)).collect();
    let positions: Vec<f32> = (0..context).map(|position| position as f32).collect();
    let positions = Tensor::from_vec(positions, (context, 1), &Device::Cpu)?;
    let frequencies = Tensor::from_vec(frequencies, (1, size / 2), &Device::Cpu)?;
    let angles = positions.matmul(&frequencies)?;
    Ok((angles.cos()?, angles.sin()?))
}
