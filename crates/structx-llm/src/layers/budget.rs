//! The budget of a call: each request reserves its estimated tokens and cost before it is sent, so
//! that the requests in flight stay within the bounds together.

use std::sync::{Mutex, MutexGuard, OnceLock};

use tokio::sync::Notify;

use crate::Usage;
use crate::price::Price;
use structx_common::sync::lock;

/// Completion tokens assumed before the first response, and for one of unknown length; chosen by
/// hand, not measured.
const FIRST_COMPLETION: f64 = 256.0;
/// Counted over estimated prompt tokens, before the first response: the estimate is within a third
/// ([`of_text`](crate::tokens::of_text)).
const FIRST_RATIO: f64 = 4.0 / 3.0;
/// A reply is assumed to have at most this many times the tokens of the longest so far; chosen by
/// hand, not measured.
const MARGIN: f64 = 1.25;

/// The bounds of a call, and what it has spent and reserved.
#[derive(Debug)]
pub struct Budget {
    max_cost: Option<f64>,
    max_tokens: Option<u64>,
    state: Mutex<State>,
    changed: Notify,
    /// The message about the first request that could exceed a bound.
    exhausted: OnceLock<String>,
}

#[derive(Debug, Default)]
struct State {
    spent: Amount,
    reserved: Amount,
    under_way: usize,
    /// `None` until a request that may be billed has ended.
    largest: Option<Largest>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Amount {
    tokens: f64,
    cost: f64,
}

/// The maxima over all requests so far that may be billed.
#[derive(Debug, Clone, Copy)]
struct Largest {
    /// Counted over estimated prompt tokens.
    ratio: f64,
    /// Completion tokens.
    completion: f64,
}

impl Amount {
    fn plus(self, other: Self) -> Self {
        Self { tokens: self.tokens + other.tokens, cost: self.cost + other.cost }
    }

    fn minus(self, other: Self) -> Self {
        Self { tokens: self.tokens - other.tokens, cost: self.cost - other.cost }
    }
}

/// The estimate for a request in flight. If it is dropped without [`settle`](Self::settle), the
/// estimate counts as spent.
#[derive(Debug)]
#[must_use = "dropping the reservation counts the estimate as spent"]
pub struct Reservation<'a> {
    budget: &'a Budget,
    estimated_prompt: u64,
    amount: Amount,
    spent: Amount,
}

impl Budget {
    /// A budget of US dollars, of tokens of prompts and replies, or of both.
    #[must_use]
    pub fn new(max_cost: Option<f64>, max_tokens: Option<u64>) -> Self {
        let (state, changed, exhausted) = (Mutex::default(), Notify::new(), OnceLock::new());
        Self { max_cost, max_tokens, state, changed, exhausted }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Reserves the estimate of a request. Waits while the bounds leave no room but requests in
    /// flight may still cost less than reserved. The first request runs alone, since its response
    /// calibrates the estimates of the others; `reply_limit` bounds the tokens of any reply.
    ///
    /// # Errors
    /// A message for the user: the request could exceed a bound, and nothing is in flight. From
    /// then on every request is refused, so that it does not depend on the order of the rows which
    /// smaller ones are still sent.
    pub async fn reserve(
        &self,
        prompt_tokens: u64,
        reply_limit: Option<u64>,
        price: Option<Price>,
    ) -> Result<Reservation<'_>, String> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Enabled before the check, so that no notification is lost in between.
            changed.as_mut().enable();
            if let Some(tried) = self.try_reserve(prompt_tokens, reply_limit, price) {
                return tried;
            }
            changed.await;
        }
    }

    fn try_reserve(
        &self,
        prompt_tokens: u64,
        reply_limit: Option<u64>,
        price: Option<Price>,
    ) -> Option<Result<Reservation<'_>, String>> {
        if let Some(message) = self.exhausted.get() {
            return Some(Err(message.clone()));
        }
        let mut state = self.state();
        let amount = state.estimate(prompt_tokens, reply_limit, price);
        let total = state.spent.plus(state.reserved).plus(amount);
        let is_known = state.largest.is_some() || state.under_way == 0;
        match self.passed(total, state.spent) {
            None if is_known => {
                state.reserved = state.reserved.plus(amount);
                state.under_way += 1;
                let estimated_prompt = prompt_tokens;
                Some(Ok(Reservation { budget: self, estimated_prompt, amount, spent: amount }))
            }
            Some(message) if state.under_way == 0 => {
                Some(Err(self.exhausted.get_or_init(|| message).clone()))
            }
            _ => None,
        }
    }

    /// The message about the bound that `total` exceeds, if any.
    fn passed(&self, total: Amount, spent: Amount) -> Option<String> {
        if let Some(most) = self.max_tokens
            && total.tokens > tokens(most)
        {
            return Some(format!(
                "the next request could pass max_tokens={most} ({:.0} spent)",
                spent.tokens
            ));
        }
        let most = self.max_cost.filter(|most| total.cost > *most)?;
        let spent = spent.cost;
        Some(format!("the next request could pass max_cost={most} US dollars ({spent:.6} spent)"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "no count of tokens is near 2^53")]
const fn tokens(count: u64) -> f64 {
    count as f64
}

impl State {
    fn estimate(
        &self,
        prompt_tokens: u64,
        reply_limit: Option<u64>,
        price: Option<Price>,
    ) -> Amount {
        let (ratio, likely) = match self.largest {
            Some(largest) => (largest.ratio, largest.completion * MARGIN),
            None => (FIRST_RATIO, FIRST_COMPLETION),
        };
        let completion = reply_limit.map_or(likely, tokens);
        let prompt = tokens(prompt_tokens) * ratio;
        let cost =
            price.map_or(0.0, |price| (prompt * price.input + completion * price.output) / 1e6);
        Amount { tokens: prompt + completion, cost }
    }
}

impl Reservation<'_> {
    /// Replaces the estimate by the actual usage. The estimate stays spent if the request may be
    /// billed but the provider counted no tokens, as for a reply that never arrived.
    pub fn settle(mut self, may_be_billed: bool, usage: &Usage) {
        let is_counted = usage.total_tokens > 0;
        if !may_be_billed || is_counted {
            let cost = usage.cost.unwrap_or_default();
            self.spent = Amount { tokens: tokens(usage.total_tokens), cost };
        }
        if may_be_billed {
            let mut state = self.budget.state();
            let before = state.largest.unwrap_or(Largest { ratio: 0.0, completion: 0.0 });
            let (ratio, completion) = if is_counted {
                let prompt = tokens(usage.prompt_tokens);
                (prompt / tokens(self.estimated_prompt.max(1)), tokens(usage.completion_tokens))
            } else {
                (FIRST_RATIO, FIRST_COMPLETION)
            };
            state.largest = Some(Largest {
                ratio: before.ratio.max(ratio),
                completion: before.completion.max(completion),
            });
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.reserved = state.reserved.minus(self.amount);
        state.spent = state.spent.plus(self.spent);
        state.under_way -= 1;
        drop(state);
        self.budget.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::{Budget, Price, Usage};

    const PRICE: Option<Price> = Some(Price { input: 10.0, output: 100.0, cached: None });

    #[test]
    fn the_first_request_goes_alone_and_tells_what_others_cost() {
        let budget = Budget::new(None, Some(1_000));
        let first = budget.reserve(90, None, None).now_or_never().unwrap().unwrap();
        assert!(budget.reserve(90, None, None).now_or_never().is_none());
        first.settle(true, &Usage::of(90, 40));
        // 130 tokens are spent, and each further request reserves 90 + 50.
        let reserved: Vec<_> = (0..6)
            .map(|_| budget.reserve(90, None, None).now_or_never().unwrap().unwrap())
            .collect();
        assert!(budget.reserve(90, None, None).now_or_never().is_none());
        for reservation in reserved {
            reservation.settle(true, &Usage::of(90, 40));
        }
        // 910 tokens are spent.
        let error = budget.reserve(90, None, None).now_or_never().unwrap().err().unwrap();
        assert_eq!(error, "the next request could pass max_tokens=1000 (910 spent)");
        // Nor is a smaller request admitted from now on.
        assert!(budget.reserve(1, None, None).now_or_never().unwrap().is_err());
    }

    #[test]
    fn costs_are_bounded_too() {
        let budget = Budget::new(Some(0.05), None);
        let first = budget.reserve(90, None, PRICE).now_or_never().unwrap().unwrap();
        let usage = Usage { cost: Some(0.0409), ..Usage::of(90, 400) };
        first.settle(true, &usage);
        let error = budget.reserve(90, None, PRICE).now_or_never().unwrap().err().unwrap();
        assert!(error.contains("max_cost=0.05 US dollars (0.040900 spent)"), "{error}");
    }

    #[test]
    fn what_is_not_counted_or_aborted_is_spent_as_estimated_and_a_failure_is_free() {
        let budget = Budget::new(None, Some(1_000));
        let reserve = || budget.reserve(300, None, None).now_or_never().unwrap();
        reserve().unwrap().settle(false, &Usage::default());
        assert!(budget.state().spent.tokens.abs() < 1e-9);
        reserve().unwrap().settle(true, &Usage::default());
        assert!((budget.state().spent.tokens - 656.0).abs() < 1e-9);
        assert!(reserve().is_err());
        let other = Budget::new(None, Some(1_000));
        drop(other.reserve(300, None, None).now_or_never().unwrap());
        assert!((other.state().spent.tokens - 656.0).abs() < 1e-9);
        assert!(other.reserve(300, None, None).now_or_never().unwrap().is_err());
    }

    #[test]
    fn a_limit_of_replies_bounds_what_they_may_cost() {
        let budget = Budget::new(None, Some(1_000));
        let reserve = || budget.reserve(90, Some(400), None).now_or_never();
        reserve().unwrap().unwrap().settle(true, &Usage::of(90, 10));
        let one = reserve().unwrap().unwrap();
        assert!(reserve().is_none());
        one.settle(true, &Usage::of(90, 400));
        assert!(reserve().unwrap().is_err());
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_there_is_room() {
        let budget = Budget::new(None, Some(10_000));
        let first = budget.reserve(90, None, None).await.unwrap();
        let second = async { budget.reserve(90, None, None).await.map(drop) };
        let ended = async { first.settle(true, &Usage::of(90, 40)) };
        let (second, ()) = tokio::join!(second, ended);
        assert!(second.is_ok());
    }
}
