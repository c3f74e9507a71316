//! Greedy decoding of one request: prefills the prompt, then generates the best token that the guide
//! allows.

use super::engine::{Engine, failed, first_line};
use super::guide::{Choice, Guide};
use structx_llm::{FinishReason, LlmError};

/// The number of prompt tokens in one forward pass: more are faster and need more memory for the
/// attention. Chosen by hand, not measured.
const CHUNK: usize = 512;

/// The decoding of one request.
pub struct Decoding<'a> {
    pub engine: &'a mut Engine,
    pub is_cancelled: &'a dyn Fn() -> bool,
}

impl Decoding<'_> {
    /// Prefills the prompt; returns the logits of the next token, and the number of cached tokens.
    pub fn read(&mut self, prompt: &[u32]) -> Result<(Vec<f32>, usize), LlmError> {
        let cached = &mut self.engine.cached;
        let shared = prompt.iter().zip(cached.iter()).take_while(|(one, two)| one == two).count();
        // The last token always runs, since it yields the logits.
        let known = shared.min(prompt.len().saturating_sub(1));
        cached.truncate(known);
        let mut scores = Vec::new();
        for chunk in prompt[known..].chunks(CHUNK) {
            scores = self.step(chunk)?;
        }
        Ok((scores, known))
    }

    /// Generates the answer, up to `limit` tokens.
    pub fn write(
        &mut self,
        guide: Option<&mut Guide<'_>>,
        scores: Vec<f32>,
        limit: usize,
    ) -> Result<(Vec<u32>, FinishReason), LlmError> {
        match guide {
            Some(guide) => self.write_guided(guide, scores, limit),
            None => self.write_freely(scores, limit),
        }
    }

    fn write_freely(
        &mut self,
        mut scores: Vec<f32>,
        limit: usize,
    ) -> Result<(Vec<u32>, FinishReason), LlmError> {
        let mut tokens = Vec::new();
        while tokens.len() < limit {
            let best = scores.iter().enumerate().max_by(|one, two| one.1.total_cmp(two.1));
            let next = best.and_then(|(token, _)| u32::try_from(token).ok()).unwrap_or_default();
            if next == self.engine.vocabulary.end {
                return Ok((tokens, FinishReason::Stop));
            }
            tokens.push(next);
            scores = self.step(&[next])?;
        }
        Ok((tokens, FinishReason::Length))
    }

    fn write_guided(
        &mut self,
        guide: &mut Guide<'_>,
        mut scores: Vec<f32>,
        limit: usize,
    ) -> Result<(Vec<u32>, FinishReason), LlmError> {
        let start = self.engine.cached.len();
        let mut tokens: Vec<u32> = Vec::new();
        loop {
            let next = match guide.choose(tokens.len(), &scores, &self.engine.vocabulary)? {
                Choice::Token(next) => next,
                Choice::Return(place) => {
                    tokens.truncate(place.written);
                    self.engine.cached.truncate(start + place.written);
                    scores = place.scores;
                    continue;
                }
            };
            if next == self.engine.vocabulary.end {
                return Ok((tokens, FinishReason::Stop));
            }
            let new = guide.consume(next, &self.engine.vocabulary)?;
            tokens.extend(&new);
            if guide.is_complete() {
                return Ok((tokens, FinishReason::Stop));
            }
            if tokens.len() >= limit {
                return Ok((tokens, FinishReason::Length));
            }
            scores = self.step(&new)?;
        }
    }

    fn step(&mut self, tokens: &[u32]) -> Result<Vec<f32>, LlmError> {
        let engine = &mut *self.engine;
        let scores = engine.model.forward(tokens, engine.cached.len(), self.is_cancelled);
        let scores = scores.map_err(|error| failed(first_line(&error)))?;
        engine.cached.extend(tokens);
        Ok(scores)
    }
}
