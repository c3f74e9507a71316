//! Prices of tokens.

use serde::{Deserialize, Serialize};

use super::Usage;

/// The price of a model, in US dollars per million tokens.
///
/// ```
/// use structx_llm::{Usage, price::Price};
///
/// let price = Price { input: 2.0, output: 8.0, cached: None };
/// assert_eq!(price.of(&Usage::of(1_000_000, 500_000)), 6.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Prompt tokens.
    pub input: f64,
    /// Completion tokens, reasoning included.
    pub output: f64,
    /// Prompt tokens read from the provider's cache; `None` for the price of `input`.
    #[serde(default)]
    pub cached: Option<f64>,
}

impl Price {
    /// The price of the embedded model.
    pub const NOTHING: Self = Self { input: 0.0, output: 0.0, cached: None };

    /// The cost of `usage` in US dollars.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no count of tokens is near 2^53")]
    pub fn of(&self, usage: &Usage) -> f64 {
        let cached = usage.cached_tokens.unwrap_or_default().min(usage.prompt_tokens);
        let fresh = usage.prompt_tokens - cached;
        let input = fresh as f64 * self.input + cached as f64 * self.cached.unwrap_or(self.input);
        (input + usage.completion_tokens as f64 * self.output) / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::{Price, Usage};

    #[test]
    fn what_was_cached_has_its_own_price() {
        let price = Price { input: 2.0, output: 8.0, cached: None };
        let usage = Usage { cached_tokens: Some(400_000), ..Usage::of(1_000_000, 500_000) };
        assert!((price.of(&usage) - 6.0).abs() < 1e-9);
        let price = Price { cached: Some(0.5), ..price };
        assert!((price.of(&usage) - 5.4).abs() < 1e-9);
        assert!(Price::NOTHING.of(&usage).abs() < 1e-9);
    }
}
