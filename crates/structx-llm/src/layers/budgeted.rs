//! The budget of a call as a layer.

use std::sync::Arc;

use super::Budget;
use crate::price::Price;
use crate::provider::delegate;
use crate::{LlmError, LlmErrorKind, Provider, Request, Response, ResponseFuture, tokens};

/// A provider that sends a request only if a [`Budget`] has room for its estimated tokens and cost.
///
/// A request that is dropped before it ends counts as spent, as estimated.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use std::sync::Arc;
/// use structx_llm::layers::{Budget, Budgeted};
/// use structx_llm::{LlmErrorKind, Provider, Request, Scripted};
///
/// let budget = Arc::new(Budget::new(None, Some(100)));
/// let budgeted = Budgeted::new(Scripted::new([]), Some(budget), None);
/// let error = budgeted.complete(&Request::default()).await.unwrap_err();
/// assert_eq!(error.kind, LlmErrorKind::Budget);
/// assert_eq!(error.message, "the next request could pass max_tokens=100 (0 spent)");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Budgeted<P> {
    provider: P,
    budget: Option<Arc<Budget>>,
    price: Option<Price>,
}

impl<P: Provider> Budgeted<P> {
    /// A provider that shares `budget` with all others that hold it; `None` is no bound. The price
    /// is for the estimates; the cost of a response is in its usage.
    #[must_use]
    pub const fn new(provider: P, budget: Option<Arc<Budget>>, price: Option<Price>) -> Self {
        Self { provider, budget, price }
    }
}

impl<P: Provider> Provider for Budgeted<P> {
    delegate!(self => self.provider);

    fn complete<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let Some(budget) = &self.budget else { return self.provider.complete(request) };
        Box::pin(async move {
            let prompt_tokens = tokens::of_messages(&request.messages) as u64;
            let reserved = budget.reserve(prompt_tokens, reply_limit(request), self.price).await;
            let refused = |message| LlmError::new(LlmErrorKind::Budget, self.name(), message);
            let reserved = reserved.map_err(refused)?;
            let result = self.provider.complete(request).await;
            let usage = match &result {
                Ok(response) => &response.usage,
                Err(error) => &error.usage,
            };
            reserved.settle(may_be_billed(&result), usage);
            result
        })
    }
}

/// The limit on completion tokens, if the user has set one in the request options.
fn reply_limit(request: &Request) -> Option<u64> {
    const NAMES: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    NAMES.iter().find_map(|name| request.options.get(*name)?.as_u64())
}

/// Whether the provider may charge for the request: it succeeded, or failed in a way that leaves
/// open whether a reply was generated.
fn may_be_billed(result: &Result<Response, LlmError>) -> bool {
    const UNKNOWN: [LlmErrorKind; 4] = [
        LlmErrorKind::Timeout,
        LlmErrorKind::FirstByteTimeout,
        LlmErrorKind::Connection,
        LlmErrorKind::BadReply,
    ];
    result.as_ref().err().is_none_or(|error| UNKNOWN.contains(&error.kind))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{Scripted, Usage};

    fn budgeted(scripted: Scripted, max_tokens: u64) -> Budgeted<Scripted> {
        Budgeted::new(scripted, Some(Arc::new(Budget::new(None, Some(max_tokens)))), None)
    }

    #[tokio::test]
    async fn a_response_replaces_its_estimate_and_what_does_not_fit_is_not_sent() {
        let response = Response { usage: Usage::of(10, 790), ..Response::default() };
        let budgeted = budgeted(Scripted::new([Ok(response)]), 1_000);
        let request = Request::default();
        assert!(budgeted.complete(&request).await.is_ok());
        for _ in 0..2 {
            let error = budgeted.complete(&request).await.unwrap_err();
            assert_eq!(error.message, "the next request could pass max_tokens=1000 (800 spent)");
        }
        assert_eq!(budgeted.provider.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_dropped_request_counts_as_estimated() {
        let budgeted = budgeted(Scripted::silent(), 300);
        let request = Request::default();
        assert!(budgeted.complete(&request).now_or_never().is_none());
        let error = budgeted.complete(&request).await.unwrap_err();
        assert!(error.message.ends_with("(256 spent)"), "{error}");
    }
}
